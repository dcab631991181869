import type { Algebra } from '../../../src/compute/algebra.ts';
import { float64Algebra as real } from '../../../src/compute/float64-algebra.ts';

/** A number and its derivative with respect to one quantity. */
export interface Dual {
  readonly value: number;
  readonly tangent: number;
}

/** A Heaviside: whether it is 1, and the derivative that a surrogate gives to it. */
export interface DualMask {
  readonly on: boolean;
  readonly tangent: number;
}

export const dual = (value: number, tangent = 0): Dual => ({ value, tangent });

/** f(a), where f has the derivative `slope` at a. */
const chain = (a: Dual, value: number, slope: number): Dual => dual(value, slope * a.tangent);

/**
 * Forward-mode differentiation: the algebra over dual numbers, in which `lt` and `le` are Heavisides of the difference with the
 * surrogate gradient `grad` for a derivative, and `select` is the mixture mask * a + (1 - mask) * b.
 */
export function dualAlgebra(grad: (x: number) => number): Algebra<Dual, DualMask> {
  const heaviside = (on: boolean, a: Dual, b: Dual): DualMask => ({ on, tangent: grad(b.value - a.value) * (b.tangent - a.tangent) });
  const inner = 2 / Math.sqrt(Math.PI);
  return {
    constant: (value) => dual(value),
    add: (a, b) => dual(a.value + b.value, a.tangent + b.tangent),
    sub: (a, b) => dual(a.value - b.value, a.tangent - b.tangent),
    mul: (a, b) => dual(a.value * b.value, a.tangent * b.value + a.value * b.tangent),
    div: (a, b) => dual(a.value / b.value, (a.tangent - (a.value / b.value) * b.tangent) / b.value),
    neg: (a) => chain(a, -a.value, -1),
    abs: (a) => chain(a, Math.abs(a.value), Math.sign(a.value)),
    min: (a, b) => (a.value <= b.value ? a : b),
    max: (a, b) => (a.value >= b.value ? a : b),
    sqrt: (a) => chain(a, Math.sqrt(a.value), 0.5 / Math.sqrt(a.value)),
    floor: (a) => chain(a, Math.floor(a.value), 0),
    exp: (a) => chain(a, Math.exp(a.value), Math.exp(a.value)),
    log1p: (a) => chain(a, Math.log1p(a.value), 1 / (1 + a.value)),
    exprel: (a) => chain(a, real.exprel(a.value), (Math.exp(a.value) - real.exprel(a.value)) / a.value),
    atan: (a) => chain(a, Math.atan(a.value), 1 / (1 + a.value ** 2)),
    erfc: (a) => chain(a, real.erfc(a.value), -inner * Math.exp(-(a.value ** 2))),
    oddCosines: () => {
      throw new Error('a LIF step has no harmonics');
    },
    oddSines: () => {
      throw new Error('a LIF step has no harmonics');
    },
    lt: (a, b) => heaviside(a.value < b.value, a, b),
    le: (a, b) => heaviside(a.value <= b.value, a, b),
    select: (mask, a, b) => {
      const chosen = mask.on ? a : b;
      return dual(chosen.value, chosen.tangent + mask.tangent * (a.value - b.value));
    },
    and: (a, b) => ({ on: a.on && b.on, tangent: Number(b.on) * a.tangent + Number(a.on) * b.tangent }),
    or: (a, b) => ({ on: a.on || b.on, tangent: Number(!b.on) * a.tangent + Number(!a.on) * b.tangent }),
    not: (a) => ({ on: !a.on, tangent: -a.tangent }),
    widen: (a) => a,
    narrow: (a) => a,
  };
}
