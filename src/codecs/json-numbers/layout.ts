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
  /** f64: 10^-40 to 10^55. */
  scales: 1360,
  /** i32 by a float32's biased exponent: the decimal exponent of the least number that has it. */
  decimalExponents: 2128,
  /** Two i64 each: the 128 leading bits of 5^-342 to 5^308. */
  fives: 3152,
  /** v128 by how many digits a vector begins with: which byte goes where so that they end it. */
  alignments: 13_568,
  /** f64 pairs: 10^k and 10^-k, for k from 0 to 3. */
  steps: 13_840,
  bytes: 13_952,
} as const;

/** The exponents of the table of fives: below and above, every decimal of up to 19 digits is 0 or beyond float64. */
export const leastFive = -342;
export const mostFive = 308;
/** The exponent of the first scale. */
export const leastScale = -40;
const scaleCount = 96;
export const deepest = 64;

/** Writes the tables into a codec's memory. */
export function writeTables(memory: DataView, base: number): void {
  for (let i = 0; i <= 22; i++) memory.setFloat64(base + layout.exactPowers + 8 * i, Number(`1e${i}`), true);
  for (let i = 0; i <= 16; i++) memory.setBigInt64(base + layout.integerPowers + 8 * i, 10n ** BigInt(i), true);
  for (let i = 0; i < scaleCount; i++) memory.setFloat64(base + layout.scales + 8 * i, Number(`1e${i + leastScale}`), true);
  for (let biased = 0; biased < 256; biased++) {
    memory.setInt32(base + layout.decimalExponents + 4 * biased, Math.floor((biased - 127) * Math.LOG10E * Math.LN2), true);
  }
  for (let digits = 0; digits <= 16; digits++) {
    for (let byte = 0; byte < 16; byte++) {
      // An index beyond the vector gives 0.
      memory.setUint8(base + layout.alignments + 16 * digits + byte, byte < 16 - digits ? 0xff : byte - (16 - digits));
    }
  }
  for (let k = 0; k <= 3; k++) {
    memory.setFloat64(base + layout.steps + 16 * k, 10 ** k, true);
    memory.setFloat64(base + layout.steps + 16 * k + 8, 1 / 10 ** k, true);
  }
  for (const [i, bits] of leadingBitsOfFives().entries()) {
    memory.setBigUint64(base + layout.fives + 16 * i, bits >> 64n, true);
    memory.setBigUint64(base + layout.fives + 16 * i + 8, bits & 0xffff_ffff_ffff_ffffn, true);
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
