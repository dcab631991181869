import { constants, layout, leastExponent, leastFive, leastPlain, mostExponent, mostFive, mostPlain } from './layout.ts';

/** Writes the tables into a codec's memory. */
export function writeTables(memory: DataView, base: number): void {
  for (let i = 0; i <= 22; i++) memory.setFloat64(base + layout.exactPowers + 8 * i, Number(`1e${i}`), true);
  for (let i = 0; i <= 16; i++) memory.setBigInt64(base + layout.integerPowers + 8 * i, 10n ** BigInt(i), true);
  for (let digits = 0; digits <= 16; digits++) {
    for (let byte = 0; byte < 16; byte++) {
      memory.setUint8(base + layout.alignments + 16 * digits + byte, byte < 16 - digits ? noByte : byte - (16 - digits));
    }
  }
  for (const [i, bits] of leadingBitsOfFives().entries()) {
    memory.setBigUint64(base + layout.fives + 16 * i, bits >> 64n, true);
    memory.setBigUint64(base + layout.fives + 16 * i + 8, bits & 0xffff_ffff_ffff_ffffn, true);
  }
  writeScales(memory, base + layout.scales);
  for (let exponent = leastPlain; exponent <= mostPlain; exponent++) writePlainForm(memory, base, exponent);
  for (let exponent = leastExponent; exponent <= mostExponent; exponent++) {
    const text = `e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
    for (let i = 0; i < text.length; i++) memory.setUint8(base + layout.exponents + 4 * (exponent - leastExponent) + i, text.charCodeAt(i));
  }
  writeConstants(memory, base + layout.constants);
}

/** An index beyond the vector, which gives 0. */
const noByte = 0xff;

/** Zeros and subnormals become 0, what is not finite becomes NaN. */
function writeScales(memory: DataView, at: number): void {
  for (let biased = 0; biased < 256; biased++) {
    const exponent = Math.floor((biased - 127) * Math.LOG10E * Math.LN2);
    for (const [i, digits] of [9, 8].entries()) {
      const scale = 2 ** (biased - 127) * Number(`1e${digits - 1 - exponent}`);
      memory.setFloat64(at + 16 * biased + 8 * i, biased === 0 ? 0 : biased === 255 ? NaN : scale, true);
    }
  }
}

/** How nine digits, of which the first is byte 8 and the others are bytes 0 to 7, are written with a point among or before them. */
function writePlainForm(memory: DataView, base: number, exponent: number): void {
  const row = 16 * (exponent - leastPlain);
  const template = exponent < 0 ? `0.${'0'.repeat(-1 - exponent)}812345678` : `812345678`.slice(0, exponent + 1) + '.' + '812345678'.slice(exponent + 1);
  const firstDigit = exponent < 0 ? 1 - exponent : 0;
  for (let byte = 0; byte < 16; byte++) {
    const character = template[byte];
    const isDigit = character !== undefined && character !== '.' && byte >= firstDigit;
    const digit = byte === firstDigit ? 8 : Number(character) - 1;
    memory.setUint8(base + layout.digitPlaces + row + byte, isDigit ? digit : noByte);
    memory.setUint8(base + layout.characters + row + byte, (isDigit ? '0' : character ?? '0').charCodeAt(0));
  }
  for (let zeros = 0; zeros <= 8; zeros++) {
    const significant = 9 - zeros;
    const length = significant <= exponent + 1 ? exponent + 1 : significant + 1 + Math.max(0, -exponent);
    memory.setUint8(base + layout.textLengths + row + zeros, length);
  }
}

function writeConstants(memory: DataView, at: number): void {
  for (const [i, { lane, value }] of Object.values(constants).entries()) {
    const bytes = { i16: 2, i32: 4, f32: 4, f64: 8 }[lane];
    for (let byte = at + 16 * i; byte < at + 16 * (i + 1); byte += bytes) {
      if (lane === 'i16') memory.setInt16(byte, value, true);
      else if (lane === 'i32') memory.setInt32(byte, value, true);
      else if (lane === 'f32') memory.setFloat32(byte, value, true);
      else memory.setFloat64(byte, value, true);
    }
  }
}

let fives: readonly bigint[] | undefined;

/**
 * The 128 leading bits of 5^q, cut off for positive q and rounded up for negative (Lemire 2021, "Number Parsing at a Gigabyte per
 * Second", section 5).
 */
function leadingBitsOfFives(): readonly bigint[] {
  if (fives !== undefined) return fives;
  const table: bigint[] = [];
  for (let q = leastFive; q <= mostFive; q++) {
    const power = 5n ** BigInt(Math.abs(q));
    const length = BigInt(power.toString(2).length);
    if (q >= 0) table.push(length <= 128n ? power << (128n - length) : power >> (length - 128n));
    else table.push((1n << (length + 127n)) / power + 1n);
  }
  fives = table;
  return table;
}
