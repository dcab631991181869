import type { Algebra } from '../../algebra.ts';
import { square, stepFromTail } from './symmetry.ts';

/** peak / (1 + k |x|)^2, SuperSpike's shape. */
export function inverseSquare<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, square(ops, onePlusDistance(ops, x, k)));
}

/** x / (1 + k |x|): the fast sigmoid, whose derivative is `inverseSquare` with peak 1. */
export function fastSigmoid<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return ops.div(x, onePlusDistance(ops, x, k));
}

/** Antiderivative of `inverseSquare` with value 1/2 at 0. */
export function inverseSquareIntegral<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.add(ops.constant(0.5), ops.mul(peak, fastSigmoid(ops, x, k)));
}

/** The shape of area 1, whose peak is k / 2. */
export function unitInverseSquare<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return inverseSquare(ops, x, ops.mul(ops.constant(0.5), k), k);
}

/** Antiderivative of `unitInverseSquare` from 0 to 1. */
export function softSignStep<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return stepFromTail(ops, x, ops.div(ops.constant(0.5), onePlusDistance(ops, x, k)));
}

function onePlusDistance<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return ops.add(ops.constant(1), ops.mul(k, ops.abs(x)));
}
