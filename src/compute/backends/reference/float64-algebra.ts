import type { Algebra } from '../../algebra.ts';
import { erfc } from './erfc.ts';
import { oddCosines, oddSines } from './harmonics.ts';

/** An algebra over plain numbers. */
export type NumberAlgebra = Algebra<number, boolean>;

/** The algebra over plain float64 numbers: what every other implementation is compared with. */
export const float64Algebra: NumberAlgebra = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log1p: Math.log1p,
  exprel: (a) => (a === 0 ? 1 : Math.expm1(a) / a),
  atan: Math.atan,
  erfc,
  oddCosines,
  oddSines,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  select: (mask, a, b) => (mask ? a : b),
  and: (a, b) => a && b,
  not: (a) => !a,
};
