import { constants } from './constants.ts';
import { layout, leastExponent, leastFive, leastPlain, maxExponent, maxFive, maxPlain } from './layout.ts';

let image: Uint8Array | undefined;

/** Writes the tables into a codec's memory. */
export function writeTables(memory: WebAssembly.Memory, base: number): void {
  image ??= makeTables();
  new Uint8Array(memory.buffer, base).set(image);
}

/** What is from a codec's base to the end of its tables: made once, since it takes longer than printing a thousand numbers. */
function makeTables(): Uint8Array {
  const tables = new Uint8Array(layout.rest);
  const view = new DataView(tables.buffer);
  for (let i = 0; i <= 22; i++) view.setFloat64(layout.exactPowers + 8 * i, Number(`1e${i}`), true);
  for (let i = 0; i <= 16; i++) view.setBigInt64(layout.integerPowers + 8 * i, 10n ** BigInt(i), true);
  for (let digits = 0; digits <= 16; digits++) {
    for (let byte = 0; byte < 16; byte++) {
      tables[layout.alignments + 16 * digits + byte] = byte < 16 - digits ? noByte : byte - (16 - digits);
    }
  }
  for (let length = 0; length <= 16; length++)
    tables.fill(0xff, layout.lengthMasks + 16 * (length + 1) - length, layout.lengthMasks + 16 * (length + 1));
  for (let point = 0; point <= 17; point++) writeWithoutPoint(view, point);
  for (let point = 0; point <= 16; point++) writePointPower(view, point);
  for (const [i, bits] of leadingBitsOfFives().entries()) {
    view.setBigUint64(layout.fives + 16 * i, bits >> 64n, true);
    view.setBigUint64(layout.fives + 16 * i + 8, bits & 0xffff_ffff_ffff_ffffn, true);
  }
  writeScales(view);
  for (let exponent = leastPlain; exponent <= maxPlain; exponent++) writePlainForm(tables, exponent);
  for (let exponent = leastExponent; exponent <= maxExponent; exponent++) {
    const text = `e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
    tables.set(Buffer.from(text), layout.exponents + 4 * (exponent - leastExponent));
  }
  writeConstants(view);
  return tables;
}

/** An index beyond the vector, which gives 0. */
const noByte = 0xff;

/** How sixteen bytes are moved over a point; over one that ends them, which no number does, only in a row of its own. */
function writeWithoutPoint(view: DataView, row: number): void {
  const point = { 15: 16, 17: 15 }[row] ?? row;
  for (let byte = 0; byte < 16; byte++) {
    const from = point === 16 || byte > point ? byte : byte - 1;
    view.setUint8(layout.withoutPoint + 16 * row + byte, from < 0 ? noByte : from);
  }
}

function writePointPower(view: DataView, point: number): void {
  const power = point >= 15 ? 1 : 10 ** (15 - point);
  view.setFloat64(layout.pointPowers + 8 * point, power, true);
  view.setFloat64(layout.pointPowers + 256 + 8 * point, -power, true);
}

/** Zeros and subnormals become 0, what is not finite becomes NaN. */
function writeScales(view: DataView): void {
  for (let biased = 0; biased < 256; biased++) {
    const exponent = Math.floor((biased - 127) * Math.LOG10E * Math.LN2);
    for (const [i, digits] of [9, 8].entries()) {
      const scale = 2 ** (biased - 127) * Number(`1e${digits - 1 - exponent}`);
      view.setFloat64(layout.scales + 16 * biased + 8 * i, biased === 0 ? 0 : biased === 255 ? NaN : scale, true);
    }
  }
}

/** How nine digits, of which the first is byte 8 and the others are bytes 0 to 7, are written with a point among or before them. */
function writePlainForm(tables: Uint8Array, exponent: number): void {
  const row = 16 * (exponent - leastPlain);
  const template =
    exponent < 0 ? `0.${'0'.repeat(-1 - exponent)}812345678` : `812345678`.slice(0, exponent + 1) + '.' + '812345678'.slice(exponent + 1);
  const firstDigit = exponent < 0 ? 1 - exponent : 0;
  for (let byte = 0; byte < 16; byte++) {
    const character = template[byte];
    const isDigit = character !== undefined && character !== '.' && byte >= firstDigit;
    const digit = byte === firstDigit ? 8 : Number(character) - 1;
    tables[layout.digitPlaces + row + byte] = isDigit ? digit : noByte;
    tables[layout.characters + row + byte] = (isDigit ? '0' : (character ?? '0')).charCodeAt(0);
  }
  for (let zeros = 0; zeros <= 8; zeros++) {
    const significant = 9 - zeros;
    tables[layout.textLengths + row + zeros] = significant <= exponent + 1 ? exponent + 1 : significant + 1 + Math.max(0, -exponent);
  }
}

function writeConstants(view: DataView): void {
  for (const [i, { lane, value }] of Object.values(constants).entries()) {
    const bytes = { i8: 1, i16: 2, i32: 4, f32: 4, f64: 8 }[lane];
    const at = layout.constants + 16 * i;
    for (let byte = at; byte < at + 16; byte += bytes) {
      if (lane === 'i8') view.setUint8(byte, value);
      else if (lane === 'i16') view.setInt16(byte, value, true);
      else if (lane === 'i32') view.setInt32(byte, value, true);
      else if (lane === 'f32') view.setFloat32(byte, value, true);
      else view.setFloat64(byte, value, true);
    }
  }
}

/**
 * The 128 leading bits of 5^q, cut off for positive q and rounded up for negative (Lemire 2021, "Number Parsing at a Gigabyte per
 * Second", section 5).
 */
function leadingBitsOfFives(): readonly bigint[] {
  const table: bigint[] = [];
  for (let q = leastFive; q <= maxFive; q++) {
    const power = 5n ** BigInt(Math.abs(q));
    const length = BigInt(power.toString(2).length);
    if (q >= 0) table.push(length <= 128n ? power << (128n - length) : power >> (length - 128n));
    else table.push((1n << (length + 127n)) / power + 1n);
  }
  return table;
}
