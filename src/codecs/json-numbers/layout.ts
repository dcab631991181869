/** What kernels take 16 bytes of: the same number in all lanes, by name. */
export const constants = {
  magnitude: { lane: 'i32', value: 0x7fff_ffff },
  mantissa: { lane: 'i32', value: 0x7f_ffff },
  one: { lane: 'i32', value: 0x3f80_0000 },
  bias: { lane: 'i32', value: 127 },
  log10Of2: { lane: 'i32', value: 78_913 },
  six: { lane: 'i32', value: 6 },
  isUnusual: { lane: 'i32', value: 0x7f },
  billion: { lane: 'i32', value: 1e9 },
  billionLess: { lane: 'i32', value: 9e8 },
  tenThousand: { lane: 'i32', value: 10_000 },
  byTenThousand: { lane: 'i32', value: 3_518_437_209 },
  by625: { lane: 'i32', value: 6711 },
  byHundred: { lane: 'i32', value: 5243 },
  pairs: { lane: 'i32', value: 1 - 100 * 2 ** 16 },
  byTen: { lane: 'i16', value: 103 },
  units: { lane: 'i16', value: 1 - 10 * 2 ** 8 },
  leastExact: { lane: 'f32', value: 2 ** -13 },
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
  wholeBits: { lane: 'f64', value: 2 ** 52 },
} as const;

/** Numbers that are printed between two looks at what comes next. */
export const printedAtOnce = 64;

/** Where a codec keeps its state and its tables, in bytes from its base. */
export const layout = {
  /** i32 by depth: elements so far of the array that is open there, and of each array that was closed there. */
  counts: 0,
  lengths: 264,
  /** i32: whether the array was read; how many numbers it has; how deep they lie. */
  isRead: 528,
  count: 532,
  depth: 536,
  /** i32: the first number that could not be written. */
  failedAt: 540,
  /** f64: 10^0 to 10^22, which are exact. */
  exactPowers: 1024,
  /** i64: 10^0 to 10^16. */
  integerPowers: 1216,
  /** Two f64 by a float32's biased exponent: powers of two times the powers of ten that bring its mantissa to nine digits or ten, and to eight or nine. */
  scales: 1408,
  /** Two i64 each: the 128 leading bits of 5^-342 to 5^308. */
  fives: 5504,
  /** v128 by how many digits a vector begins with: which byte goes where so that they end it. */
  alignments: 15_920,
  /** By exponent, from -6 on: which digit stands in each of 16 bytes, and what is added to it: its code, or the whole character of a place without digit. */
  digitPlaces: 16_192,
  characters: 16_432,
  /** Bytes by exponent, 16 each, and by how many zeros nine digits end with: the length of the text. */
  textLengths: 16_672,
  /** Four characters by exponent, from -45 on: e and the exponent. */
  exponents: 16_912,
  constants: 17_248,
  /** Four floats of which less than four are numbers. */
  rest: 17_248 + 16 * Object.keys(constants).length,
  /** 16 bytes for each number that is printed at once; see float32-decimals-text.ts. */
  decimals: 17_264 + 16 * Object.keys(constants).length,
  bytes: 17_264 + 16 * (Object.keys(constants).length + printedAtOnce),
} as const;

/** The exponents of the table of fives: below and above, every decimal of up to 19 digits is 0 or beyond float64. */
export const leastFive = -342;
export const mostFive = 308;
/** The exponents of decimals that are written without e, and with fewer than ten digits before the point. */
export const leastPlain = -6;
export const mostPlain = 8;
/** The exponents of float32. */
export const leastExponent = -45;
export const mostExponent = 38;
export const deepest = 64;
