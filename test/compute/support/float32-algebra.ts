import { float64Algebra } from '../../../src/compute/backends/reference/float64-algebra.ts';
import type { Algebra } from '../../../src/compute/algebra.ts';

const { fround } = Math;

/** The algebra with every result rounded to float32, harsher than back-ends are: they fold parameters in float64. */
export const float32: Algebra<number, boolean> = {
  ...float64Algebra,
  constant: fround,
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  sqrt: (a) => fround(Math.sqrt(a)),
  exp: (a) => fround(Math.exp(a)),
  log1p: (a) => fround(Math.log1p(a)),
  exprel: (a) => fround(float64Algebra.exprel(a)),
  atan: (a) => fround(Math.atan(a)),
  erfc: (a) => fround(float64Algebra.erfc(a)),
};
