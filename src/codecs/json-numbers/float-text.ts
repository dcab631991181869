/** Bytes that the text of a float32 may have: a sign and 21 digits. */
export const maxFloat32TextLength = 22;
/** Bytes that the text of a float64 may have, such as -0.0000012345678901234567. */
export const maxFloat64TextLength = 26;

/**
 * The shortest decimal that reads back as the same float32, the nearest of those, and of two that are equally near the even one, formatted
 * as `JSON.stringify` would, except that -0 keeps its sign. This is the definition that the codec is held to, and does the few numbers that
 * the codec cannot decide.
 *
 * @throws {RangeError} when the value is not finite in float32.
 */
export function float32Text(value: number): string {
  const x = Math.fround(value);
  if (!Number.isFinite(x)) throw new RangeError(`${value} is not finite in float32`);
  return Object.is(Math.abs(x), x) ? searchShortest(x) : `-${searchShortest(-x)}`;
}

/**
 * The shortest decimal that reads back as the same float64, as `JSON.stringify` has it, except that -0 keeps its sign.
 *
 * @throws {RangeError} when the value is not finite.
 */
export function float64Text(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not finite`);
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Tries one digit more each time; nine always read back. */
function searchShortest(x: number): string {
  const readsBack = (decimal: number) => Math.fround(decimal) === x;
  const isPowerOfTwo = Number.isInteger(Math.log2(x));
  for (let digits = 1; ; digits++) {
    const nearest = x.toExponential(digits - 1);
    if (readsBack(Number(nearest))) {
      // toExponential gives the larger of two that are equally near.
      const even = isOdd(nearest) && isHalfway(x, digits) ? neighbour(nearest, -1) : Number(nearest);
      return String(readsBack(even) ? even : Number(nearest));
    }
    // Above a power of two there is more room than below it: the next decimal up may fit where the nearest, below, does not.
    if (!isPowerOfTwo) continue;
    const above = neighbour(nearest, 1);
    if (readsBack(above)) return String(above);
  }
}

/** The decimal with as many digits that comes before or after one in exponential notation. */
function neighbour(text: string, step: -1 | 1): number {
  const [mantissa, exponent] = text.split('e') as [string, string];
  const fractionDigits = Math.max(0, mantissa.length - 2);
  return Number(`${Number(mantissa.replace('.', '')) + step}e${Number(exponent) - fractionDigits}`);
}

function isOdd(text: string): boolean {
  return Number(text[text.indexOf('e') - 1]) % 2 === 1;
}

/** Whether a number lies exactly between two decimals of so many digits. */
function isHalfway(x: number, digits: number): boolean {
  // Quicker to see than all digits of the exact decimal.
  if (!x.toExponential(digits).includes('5e')) return false;
  const [exact] = x.toExponential(100).replace('.', '').split('e') as [string];
  return /^50*$/.test(exact.slice(digits));
}
