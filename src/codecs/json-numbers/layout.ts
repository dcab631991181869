/** Vectors of one number in all lanes, which the codec loads from its memory: V8 makes a constant anew at each use, in up to six instructions. */
export const constants = {
  commas: { lane: 'i8', value: 0x2c },
  zeros: { lane: 'i8', value: 0x30 },
  nines: { lane: 'i8', value: 9 },
  beyondNine: { lane: 'i8', value: 0x76 },
  /** A point, less the code of 0. */
  points: { lane: 'i8', value: 0xfe },
  lowBytes: { lane: 'i16', value: 0xff },
  tens: { lane: 'i16', value: 10 },
  /** What neighbouring numbers of two or four digits are multiplied with before they are added. */
  hundreds: { lane: 'i32', value: 100 + (1 << 16) },
  myriads: { lane: 'i32', value: 10_000 + (1 << 16) },
  magnitude: { lane: 'i32', value: 0x7fff_ffff },
  mantissa: { lane: 'i32', value: 0x7f_ffff },
  one: { lane: 'i32', value: 0x3f80_0000 },
  bias: { lane: 'i32', value: 127 },
  log10Of2: { lane: 'i32', value: 78_913 },
  six: { lane: 'i32', value: 6 },
  slowPath: { lane: 'i32', value: 0x7f },
  billion: { lane: 'i32', value: 1e9 },
  billionLess: { lane: 'i32', value: 9e8 },
  tenThousand: { lane: 'i32', value: 10_000 },
  byTenThousand: { lane: 'i32', value: 3_518_437_209 },
  by625: { lane: 'i32', value: 6711 },
  byHundred: { lane: 'i32', value: 5243 },
  pairs: { lane: 'i32', value: 1 - 100 * 2 ** 16 },
  byTen: { lane: 'i16', value: 103 },
  units: { lane: 'i16', value: 1 - 10 * 2 ** 8 },
  minExact: { lane: 'f32', value: 2 ** -13 },
  firstInexact: { lane: 'f32', value: 1e9 },
  halfGap: { lane: 'f64', value: 2 ** -24 },
  tenDigits: { lane: 'f64', value: 1e9 },
  tenth: { lane: 'f64', value: 0.1 },
  unit: { lane: 'f64', value: 1 },
  thousand: { lane: 'f64', value: 1000 },
  thousandth: { lane: 'f64', value: 0.001 },
  hundred: { lane: 'f64', value: 100 },
  hundredth: { lane: 'f64', value: 0.01 },
  ten: { lane: 'f64', value: 10 },
  fifty: { lane: 'f64', value: 50 },
  five: { lane: 'f64', value: 5 },
  half: { lane: 'f64', value: 0.5 },
  uncertainty: { lane: 'f64', value: 1e-6 },
  tenAsFloat: { lane: 'f32', value: 10 },
  wholeBits32: { lane: 'f32', value: 2 ** 23 },
  lowBits: { lane: 'i32', value: 0xf },
  /** 0 and a comma. */
  digitsWithCommas: { lane: 'i16', value: 0x2c30 },
  wholeBits: { lane: 'f64', value: 2 ** 52 },
} as const;

/** Numbers that are printed as a block. */
export const blockNumbers = 64;

/** The bounds check takes a multiple of so many bytes: four vectors in flight, since each comparison waits for the one before. */
export const boundsCheckBytes = 64;

export const maxDepth = 64;
/** The exponents of the table of fives: below and above, every decimal of up to 19 digits is 0 or beyond float64. */
export const minFiveExponent = -342;
export const maxFiveExponent = 308;
/** The exponents of decimals that are written without e, and with fewer than ten digits before the point. */
export const minPlainExponent = -6;
export const maxPlainExponent = 8;
/** The exponents of float32. */
export const minExponent = -45;
export const maxExponent = 38;
/** What reading an array ends with. */
export const outcomes = { stopped: 0, read: 1 } as const;

const plainForms = maxPlainExponent - minPlainExponent + 1;

/** Each part begins at a cache line: a vector across two of them takes longer to read. */
const lineBytes = 64;

/** Bytes of a codec's state, and then of its tables, in the order in which they lie. */
const sizes = {
  /** i32 by depth: elements so far of the array that is open there, and of each array that was closed there. */
  counts: 4 * (maxDepth + 2),
  lengths: 4 * (maxDepth + 2),
  /** i32: what became of the array (see `outcomes`); how many numbers it has; how deep they lie, or where it stopped. */
  outcome: 4,
  count: 4,
  depth: 4,
  /** i32: the length of the row that differs from those before it; 0 where there is none. */
  ragged: 4,
  /** i32: the first number that could not be written. */
  failedAt: 4,
  /** f64: 10^0 to 10^22, which are exact. */
  exactPowers: 8 * 24,
  /** i64: 10^0 to 10^16. */
  integerPowers: 8 * 18,
  /** Two f64 by a float32's biased exponent: powers of two times the powers of ten that bring its mantissa to nine digits or ten, and to eight or nine. */
  scales: 16 * 256,
  /** Two i64 each: the 128 leading bits of 5^-342 to 5^308. */
  fives: 16 * (maxFiveExponent - minFiveExponent + 1),
  /** v128 by how many digits a vector begins with: which byte goes where so that they end it. */
  alignments: 16 * 17,
  /** v128 by length: a text's bytes, which end the vector. */
  lengthMasks: 16 * 17,
  /** v128 by where a point stands: which byte goes where without it; for one that ends the vector, that is row 17. */
  withoutPoint: 16 * 18,
  /** f64 by where a point stands in sixteen digits: the power of ten of the digits behind it; 256 bytes on the same below 0. */
  pointPowers: 256 + 8 * 18,
  /** By exponent, from -6 on: which digit stands in each of 16 bytes, and what is added to it: its code, or the whole character of a place without digit. */
  digitPlaces: 16 * plainForms,
  characters: 16 * plainForms,
  /** Bytes by exponent, 16 each, and by how many zeros nine digits end with: the length of the text. */
  textLengths: 16 * plainForms,
  /** Four characters by exponent, from -45 on: e and the exponent. */
  exponents: 4 * (maxExponent - minExponent + 1),
  constants: 16 * Object.keys(constants).length,
  /** Four floats, of which fewer than four are numbers. */
  rest: 16,
  /** 16 bytes for each number of a block; see float32-decimals-wat.ts. */
  decimals: 16 * blockNumbers,
};

/** Offsets of a codec's state and tables from its base, in bytes, and how many bytes it needs. */
export const layout = offsetsOf(sizes);

function offsetsOf(parts: typeof sizes): Readonly<Record<keyof typeof sizes | 'bytes', number>> {
  let bytes = 0;
  const offsets = Object.entries(parts).map(([name, size]) => {
    const offset = bytes;
    bytes += Math.ceil(size / lineBytes) * lineBytes;
    return [name, offset] as const;
  });
  return { ...(Object.fromEntries(offsets) as Record<keyof typeof sizes, number>), bytes };
}

let image: Uint8Array | undefined;

/** Writes the tables into a codec's memory. */
export function writeTables(memory: WebAssembly.Memory, base: number): void {
  image ??= makeTables();
  new Uint8Array(memory.buffer, base).set(image);
}

/** The bytes from a codec's base to the end of its tables: made once, since it takes longer than printing a thousand numbers. */
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
  for (let exponent = minPlainExponent; exponent <= maxPlainExponent; exponent++) writePlainForm(tables, exponent);
  for (let exponent = minExponent; exponent <= maxExponent; exponent++) {
    const text = `e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
    tables.set(Buffer.from(text), layout.exponents + 4 * (exponent - minExponent));
  }
  writeConstants(view);
  return tables;
}

/** An index beyond the vector, which gives 0. */
const noByte = 0xff;

/** How sixteen bytes are moved over a point. A point at their end, which no number has, is moved over in row 17 only. */
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
  const row = 16 * (exponent - minPlainExponent);
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
  for (let q = minFiveExponent; q <= maxFiveExponent; q++) {
    const power = 5n ** BigInt(Math.abs(q));
    const length = BigInt(power.toString(2).length);
    if (q >= 0) table.push(length <= 128n ? power << (128n - length) : power >> (length - 128n));
    else table.push((1n << (length + 127n)) / power + 1n);
  }
  return table;
}
