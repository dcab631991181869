import { constants } from './constants.ts';

/** Numbers that are printed between two looks at what comes next. */
export const printedAtOnce = 64;

export const deepest = 64;
/** The exponents of the table of fives: below and above, every decimal of up to 19 digits is 0 or beyond float64. */
export const leastFive = -342;
export const maxFive = 308;
/** The exponents of decimals that are written without e, and with fewer than ten digits before the point. */
export const leastPlain = -6;
export const maxPlain = 8;
/** The exponents of float32. */
export const leastExponent = -45;
export const maxExponent = 38;
/** What reading an array ends with. */
export const outcomes = { stopped: 0, read: 1 } as const;

const plainForms = maxPlain - leastPlain + 1;

/** A vector that lies across two lines of the cache takes longer to read: each part begins with one. */
const lineBytes = 64;

/** Bytes of a codec's state, and then of its tables, in the order in which they lie. */
const sizes = {
  /** i32 by depth: elements so far of the array that is open there, and of each array that was closed there. */
  counts: 4 * (deepest + 2),
  lengths: 4 * (deepest + 2),
  /** i32: what became of the array (see `outcomes`); how many numbers it has; how deep they lie, or where it stopped. */
  outcome: 4,
  count: 4,
  depth: 4,
  /** i32: how long the row is that is not as long as those before it; 0 where there is none. */
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
  fives: 16 * (maxFive - leastFive + 1),
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
  exponents: 4 * (maxExponent - leastExponent + 1),
  constants: 16 * Object.keys(constants).length,
  /** Four floats of which less than four are numbers. */
  rest: 16,
  /** 16 bytes for each number that is printed at once; see float32-decimals-text.ts. */
  decimals: 16 * printedAtOnce,
};

/** Where a codec keeps its state and its tables, in bytes from its base, and how many it needs. */
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

/** Where a table or a piece of state is, in a load or store whose address is the codec's base. */
export const at = (name: keyof typeof layout): string => `offset=${layout[name]}`;

/** A character's code. */
export const code = (character: string): string => `(i32.const ${character.charCodeAt(0)})`;

/** A constant, in a function whose `$base` is the codec's. */
export const constant = (name: keyof typeof constants): string =>
  `(v128.load offset=${layout.constants + 16 * Object.keys(constants).indexOf(name)} (local.get $base))`;
