/** The least magnitude that rounds to infinity in float32: halfway between the largest float32 and 2^128. */
export const beyondFloat32 = 2 ** 128 - 2 ** 103;

/** Index of the first number whose magnitude is not below a bound, as NaN's never is, or -1. */
export function firstNotBelow(values: ArrayLike<number>, bound: number): number {
  // What float32 hold is below either bound that is asked for, or not finite.
  if (values instanceof Float32Array && bound >= beyondFloat32 && areFinite(values)) return -1;
  // A plain loop: `findIndex` with its callback takes ten times as long.
  for (let at = 0; at < values.length; at++) {
    if (!(Math.abs(values[at]!) < bound)) return at;
  }
  return -1;
}

/** Four sums at a time, since each addition waits for the one before; a loop of its own for float32 alone is compiled for them. */
function areFinite(values: Float32Array): boolean {
  const whole = values.length - (values.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    // 0 for what is finite, else NaN.
    a += values[i]! * 0;
    b += values[i + 1]! * 0;
    c += values[i + 2]! * 0;
    d += values[i + 3]! * 0;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * 0;
  return a + b + c + d === 0;
}
