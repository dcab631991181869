import type { Algebra } from '../../algebra.ts';
import { square, stepFromTail } from './symmetry.ts';

/** peak * e^(-rate d^2). */
export function bell<V, M>(ops: Algebra<V, M>, d: V, peak: V, rate: V): V {
  return ops.mul(peak, ops.exp(ops.mul(ops.neg(rate), square(ops, d))));
}

/** k / sqrt(pi) * e^(-k^2 d^2), of area 1. */
export function unitBell<V, M>(ops: Algebra<V, M>, d: V, k: V): V {
  return bell(ops, d, ops.div(k, ops.sqrt(ops.constant(Math.PI))), square(ops, k));
}

/** 1/2 erfc(-k d), the antiderivative of `unitBell` from 0 to 1. */
export function errorFunctionStep<V, M>(ops: Algebra<V, M>, d: V, k: V): V {
  return stepFromTail(ops, d, ops.mul(ops.constant(0.5), ops.erfc(ops.mul(k, ops.abs(d)))));
}

/** The normal distribution's density times `area`, at distance d from its mean. */
export function normalDensity<V, M>(ops: Algebra<V, M>, d: V, sigma: V, area: V): V {
  const norm = ops.mul(sigma, ops.sqrt(ops.mul(ops.constant(2), ops.constant(Math.PI))));
  const rate = ops.div(ops.constant(1), ops.mul(ops.constant(2), square(ops, sigma)));
  return bell(ops, d, ops.div(area, norm), rate);
}

/** The normal distribution's cumulative probability at distance d from its mean. */
export function normalStep<V, M>(ops: Algebra<V, M>, d: V, sigma: V): V {
  return errorFunctionStep(ops, d, ops.div(ops.constant(1), ops.mul(sigma, ops.sqrt(ops.constant(2)))));
}

/**
 * 1/2 + area * (step(x) - step(0)) for a step that goes from 0 to 1. The constant is taken together first, so that at area 1 and
 * step(0) = 1/2 it vanishes and the lower tail keeps its digits.
 */
export function scaledStep<V, M>(ops: Algebra<V, M>, step: V, stepAtZero: V, area: V): V {
  return ops.add(ops.sub(ops.constant(0.5), ops.mul(area, stepAtZero)), ops.mul(area, step));
}
