import type { Algebra } from '../../algebra.ts';
import { square, stepFromRise, stepFromTail } from './symmetry.ts';

/** e^(-steepness |x|): of the negative argument only, so that neither side overflows and both tails keep their digits. */
function decay<V, M>(ops: Algebra<V, M>, x: V, steepness: V): V {
  return ops.exp(ops.mul(ops.neg(steepness), ops.abs(x)));
}

/** `scale` times sigma(z) sigma(-z) at z = steepness x. With scale 4 this is sech^2(z / 2). */
export function logisticBump<V, M>(ops: Algebra<V, M>, x: V, steepness: V, scale: V): V {
  const e = decay(ops, x, steepness);
  return ops.div(ops.mul(scale, e), square(ops, ops.add(ops.constant(1), e)));
}

/** k sigma(k x) sigma(-k x), of area 1. */
export function unitLogisticBump<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return logisticBump(ops, x, k, k);
}

/** sigma(-|z|) at z = steepness x: the lower half of a sigmoid. */
export function logisticTail<V, M>(ops: Algebra<V, M>, x: V, steepness: V): V {
  const e = decay(ops, x, steepness);
  return ops.div(e, ops.add(ops.constant(1), e));
}

/** sigma(steepness x). */
export function logisticStep<V, M>(ops: Algebra<V, M>, x: V, steepness: V): V {
  return stepFromTail(ops, x, logisticTail(ops, x, steepness));
}

/** sech^2(k x). */
export function sechSquared<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return logisticBump(ops, x, ops.mul(ops.constant(2), k), ops.constant(4));
}

/** 1/2 + tanh(k x) / k. */
export function sechSquaredIntegral<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  const one = ops.constant(1);
  const e = decay(ops, x, ops.mul(ops.constant(2), k));
  return stepFromRise(ops, x, ops.div(ops.div(ops.sub(one, e), ops.add(one, e)), k));
}
