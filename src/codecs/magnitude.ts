/** The least magnitude that rounds to infinity in float32: halfway between the largest float32 and 2^128. */
export const beyondFloat32 = 2 ** 128 - 2 ** 103;

/** Index of the first number whose magnitude is not below a bound, as NaN's never is, or -1. */
export function firstNotBelow(values: ArrayLike<number>, bound: number): number {
  // A plain loop: `findIndex` with its callback takes ten times as long.
  for (let at = 0; at < values.length; at++) {
    if (!(Math.abs(values[at]!) < bound)) return at;
  }
  return -1;
}
