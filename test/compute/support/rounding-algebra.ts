import type { Algebra } from '../../../src/compute/algebra.ts';
import { float64Algebra as real } from '../../../src/compute/float64-algebra.ts';

/** A number as float64 computes it, and how far rounding may have moved it. */
export interface Rounded {
  readonly value: number;
  readonly error: number;
}

const unit = 2 ** -53;

/** A result with an error carried over from its operands, which is itself rounded; functions are right to a few units. */
const rounded = (value: number, carried: number, units = 1): Rounded => ({ value, error: carried + units * unit * Math.abs(value) });

/** The algebra of float64 with running error analysis (Higham, Accuracy and Stability of Numerical Algorithms, 3.3). */
export const roundingAlgebra: Algebra<Rounded, boolean> = {
  constant: (value) => rounded(value, 0),
  add: (a, b) => rounded(a.value + b.value, a.error + b.error),
  sub: (a, b) => rounded(a.value - b.value, a.error + b.error),
  mul: (a, b) => rounded(a.value * b.value, Math.abs(a.value) * b.error + Math.abs(b.value) * a.error),
  div: (a, b) => {
    const quotient = a.value / b.value;
    return rounded(quotient, (a.error + (b.error === 0 ? 0 : Math.abs(quotient) * b.error)) / Math.abs(b.value));
  },
  neg: (a) => ({ ...a, value: -a.value }),
  abs: (a) => ({ ...a, value: Math.abs(a.value) }),
  min: (a, b) => (a.value <= b.value ? a : b),
  max: (a, b) => (a.value >= b.value ? a : b),
  sqrt: (a) => rounded(Math.sqrt(a.value), a.error / (2 * Math.sqrt(a.value))),
  floor: (a) => ({ value: Math.floor(a.value), error: 0 }),
  exp: (a) => rounded(Math.exp(a.value), Math.exp(a.value) * a.error, 4),
  log1p: (a) => rounded(Math.log1p(a.value), a.error / (1 + a.value), 4),
  exprel: (a) => {
    const value = real.exprel(a.value);
    return rounded(value, Math.max(0.5, Math.exp(a.value)) * a.error, 4);
  },
  atan: (a) => rounded(Math.atan(a.value), a.value === Infinity ? 0 : a.error / (1 + a.value ** 2), 4),
  erfc: (a) => rounded(real.erfc(a.value), (2 / Math.sqrt(Math.PI)) * Math.exp(-(a.value ** 2)) * a.error, 16),
  oddCosines: (turns, terms) => rounded(real.oddCosines(turns.value, terms), 2 * Math.PI * terms ** 2 * turns.error + 4 * terms * unit),
  oddSines: (turns, terms) => rounded(real.oddSines(turns.value, terms), 2 * Math.PI * terms * turns.error + 4 * terms * unit),
  lt: (a, b) => a.value < b.value,
  le: (a, b) => a.value <= b.value,
  select: (mask, a, b) => (mask ? a : b),
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  not: (a) => !a,
  widen: (a) => a,
  narrow: (a) => a,
};
