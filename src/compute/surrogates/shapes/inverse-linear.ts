import type { Algebra } from '../../algebra.ts';
import { stepFromRise } from './symmetry.ts';

/** peak / (1 + k |x|). Its area diverges with the logarithm of x. */
export function inverseLinear<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, ops.add(ops.constant(1), ops.mul(k, ops.abs(x))));
}

/** ln(1 + k |x|), which is the integral of `inverseLinear` over [0, |x|] where peak = k. */
export function logarithmicRise<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return ops.log1p(ops.mul(k, ops.abs(x)));
}

/** Antiderivative of `inverseLinear` with peak 1, with value 1/2 at 0. */
export function inverseLinearIntegral<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return stepFromRise(ops, x, ops.div(logarithmicRise(ops, x, k), k));
}
