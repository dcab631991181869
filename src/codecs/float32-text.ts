/** Bytes that `writeFloat32` may need for one number: a sign and 21 digits. */
export const maxFloat32TextLength = 22;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** By biased exponent: the decimal exponent of the binade's start. Its end may have the next one. */
const decimalExponents = Int8Array.from({ length: 255 }, (_, biased) => Math.floor((biased - 127) * Math.LOG10E * Math.LN2));
/** By biased exponent: half the distance between neighbouring float32. */
const halfGaps = Float64Array.from({ length: 255 }, (_, biased) => 2 ** (biased - 127 - 24));
const powerOffset = 40;
const powersOfTen = Float64Array.from({ length: 96 }, (_, i) => Number(`1e${i - powerOffset}`));

/** Bounds the rounding error of x * 10^k in double arithmetic, for products below 1e9 (2.3e-7), with room. */
const uncertainty = 1e-6;

/**
 * Writes the shortest decimal that reads back as the same float32 (the nearest such one), formatted as `JSON.stringify` would,
 * except that -0 keeps its sign. Returns the offset behind it.
 *
 * The number is scaled to nine digits before the point in double arithmetic; there, half the gap to its neighbours is between 3 and
 * 60, so that the nearest multiple of 1000, 100, 10 or 1 within that half gap is the shortest decimal. Wherever the rounding
 * of the scaling itself could decide, an exact search takes over.
 *
 * @throws {RangeError} when the number is not finite in float32.
 */
export function writeFloat32(bytes: Uint8Array, offset: number, value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const x = Math.abs(float[0]);
  if (bits >>> 31 !== 0) bytes[offset++] = 0x2d;

  // Every integer below 2^24 is a float32, and String prints integers in full.
  if (x < 0x1000000 && x === (x | 0)) return writeUint(bytes, offset, x);

  const biased = (bits >>> 23) & 0xff;
  if (biased === 0xff) throw new RangeError(`${value} is not finite in float32`);
  if (biased === 0) return writeText(bytes, offset, searchShortest(x));

  let exponent = decimalExponents[biased]!;
  let scale = powersOfTen[8 - exponent + powerOffset]!;
  let scaled = x * scale;
  if (scaled >= 1e9) {
    exponent++;
    scale = powersOfTen[8 - exponent + powerOffset]!;
    scaled = x * scale;
  }
  const halfGap = halfGaps[biased]! * scale;
  const isPowerOfTwo = (bits & 0x7fffff) === 0;

  for (let step = 1000, dropped = 3; step >= 1; step /= 10, dropped--) {
    const digits = (scaled / step + 0.5) | 0;
    const error = digits * step - scaled;
    // Below a power of two the neighbours lie twice as close.
    const room = isPowerOfTwo && error < 0 ? halfGap / 2 : halfGap;
    const distance = Math.abs(error);
    if (distance > room + uncertainty) {
      // Here the nearest multiple can be out of reach below while the next one is in reach above.
      if (isPowerOfTwo && step <= 100) break;
      continue;
    }
    if (distance > room - uncertainty || Math.abs(distance - step / 2) < uncertainty) break;
    return writeDecimal(bytes, offset, digits, dropped + exponent - 8);
  }
  return writeText(bytes, offset, searchShortest(x));
}

/** Writes a whole number from 0 to 2^31 - 1. */
export function writeUint(bytes: Uint8Array, offset: number, value: number): number {
  const end = offset + digitCount(value);
  writeDigits(bytes, end, value);
  return end;
}

/** Writes digits * 10^exponent, digits from 1 to 2^31 - 1, in the notation that ECMAScript's Number::toString chooses. */
export function writeDecimal(bytes: Uint8Array, offset: number, digits: number, exponent: number): number {
  while (digits % 10 === 0) {
    digits = (digits / 10) | 0;
    exponent++;
  }
  const count = digitCount(digits);
  const point = count + exponent;
  if (point > 21 || point <= -6) {
    if (count > 1) {
      writeDigits(bytes, offset + count + 1, digits);
      bytes[offset] = bytes[offset + 1]!;
      bytes[offset + 1] = 0x2e;
      offset += count + 1;
    } else {
      bytes[offset++] = 0x30 + digits;
    }
    bytes[offset++] = 0x65;
    bytes[offset++] = point > 0 ? 0x2b : 0x2d;
    return writeUint(bytes, offset, Math.abs(point - 1));
  }
  if (point <= 0) {
    bytes[offset++] = 0x30;
    bytes[offset++] = 0x2e;
    for (let i = point; i < 0; i++) bytes[offset++] = 0x30;
    return writeUint(bytes, offset, digits);
  }
  if (exponent >= 0) {
    offset = writeUint(bytes, offset, digits);
    for (let i = 0; i < exponent; i++) bytes[offset++] = 0x30;
    return offset;
  }
  writeDigits(bytes, offset + count + 1, digits);
  for (let i = offset; i < offset + point; i++) bytes[i] = bytes[i + 1]!;
  bytes[offset + point] = 0x2e;
  return offset + count + 1;
}

/** Writes the digits of a whole number so that they end before `end`. */
function writeDigits(bytes: Uint8Array, end: number, value: number): void {
  do {
    const rest = (value / 10) | 0;
    bytes[--end] = 0x30 + value - rest * 10;
    value = rest;
  } while (value > 0);
}

function digitCount(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  if (value < 1e8) return value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e7 ? 7 : 8;
  return value < 1e9 ? 9 : 10;
}

function writeText(bytes: Uint8Array, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}

/** Tries one digit more each time; for subnormals, powers of two and the few cases that rounding could decide. */
function searchShortest(x: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const nearest = nearestDecimal(x, digits);
    if (Math.fround(Number(nearest)) === x) return String(Number(nearest));
    // Above a power of two there is more room than below it: the next decimal up may fit where the nearest, below, does not.
    const above = nextDecimal(nearest);
    if (Math.fround(above) === x) return String(above);
  }
  return String(Number(nearestDecimal(x, 9)));
}

/** Of two that are equally near, the even one, as ECMAScript's Number::toString has it; toExponential gives the larger one. */
function nearestDecimal(x: number, digits: number): string {
  const [exact, exponent] = x.toExponential(100).replace('.', '').split('e') as [string, string];
  const cut = exact.slice(0, digits);
  const isTie = /^50*$/.test(exact.slice(digits));
  return isTie && Number(cut.at(-1)) % 2 === 0 ? `${cut[0]!}.${cut.slice(1)}e${exponent}` : x.toExponential(digits - 1);
}

/** The decimal with as many digits that follows. */
function nextDecimal(text: string): number {
  const [mantissa, exponent] = Number(text)
    .toExponential(significantDigits(text) - 1)
    .split('e') as [string, string];
  const digits = Number(mantissa.replace('.', '')) + 1;
  return Number(`${digits}e${Number(exponent) - (mantissa.replace('.', '').length - 1)}`);
}

function significantDigits(text: string): number {
  return text.replace(/e.*$/, '').replace('.', '').replace(/^0+/, '').length;
}
