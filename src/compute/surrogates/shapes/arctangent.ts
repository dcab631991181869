import type { Algebra } from '../../algebra.ts';
import { odd, square, stepFromRise, stepFromTail } from './symmetry.ts';

/** peak / (1 + (k x)^2). */
export function lorentzian<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, ops.add(ops.constant(1), square(ops, ops.mul(k, x))));
}

/** Steepness of the arctangent whose `lorentzian` of area 1 has the peak alpha / 2: pi alpha / 2. */
function unitSteepness<V, M>(ops: Algebra<V, M>, alpha: V): V {
  return ops.mul(ops.mul(ops.constant(0.5), ops.constant(Math.PI)), alpha);
}

/** (alpha / 2) / (1 + (pi alpha x / 2)^2), of area 1. */
export function unitLorentzian<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  return lorentzian(ops, x, ops.mul(ops.constant(0.5), alpha), unitSteepness(ops, alpha));
}

/**
 * atan(pi alpha x / 2) / pi + 1/2, through the arctangent of the reciprocal: far below the threshold that keeps the digits which a
 * difference from 1/2 would lose. At 0 the reciprocal is infinite, and its arctangent pi/2.
 */
export function arctangentStep<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  const reciprocal = ops.div(ops.constant(1), ops.mul(unitSteepness(ops, alpha), ops.abs(x)));
  return stepFromTail(ops, x, ops.div(ops.atan(reciprocal), ops.constant(Math.PI)));
}

/** atan(pi alpha x / 2) / pi, the same step around 0. */
export function centredArctangent<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  const factor = ops.div(ops.constant(1), ops.constant(Math.PI));
  return odd(ops, x, arctangentRise(ops, x, unitSteepness(ops, alpha), factor));
}

/** Antiderivative of `lorentzian` with value 1/2 at 0. */
export function lorentzianIntegral<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return stepFromRise(ops, x, arctangentRise(ops, x, k, ops.div(peak, k)));
}

function arctangentRise<V, M>(ops: Algebra<V, M>, x: V, k: V, factor: V): V {
  return ops.mul(factor, ops.atan(ops.mul(k, ops.abs(x))));
}
