import type { Algebra } from '../../algebra.ts';
import { inverseLinear } from './inverse-linear.ts';
import { logisticBump, logisticTail } from './logistic.ts';

/** A logistic bump below 0, and beta / (1 + x) from 0 on. */
export function singleStepGrad<V, M>(ops: Algebra<V, M>, x: V, alpha: V, beta: V): V {
  const below = logisticBump(ops, x, alpha, alpha);
  return ops.select(ops.lt(x, ops.constant(0)), below, inverseLinear(ops, x, beta, ops.constant(1)));
}

/** A sigmoid below 0, and 1/2 + beta ln(1 + x + epsilon) from 0 on; epsilon is what the library adds in the logarithm. */
export function singleStepIntegral<V, M>(ops: Algebra<V, M>, x: V, alpha: V, beta: V, epsilon: number): V {
  const above = ops.log1p(ops.add(ops.abs(x), ops.constant(epsilon)));
  return ops.select(ops.lt(x, ops.constant(0)), logisticTail(ops, x, alpha), ops.add(ops.constant(0.5), ops.mul(beta, above)));
}
