import type { Algebra } from '../../algebra.ts';
import { odd, stepFromRise, stepFromTail } from './symmetry.ts';

/** peak * e^(-rate |x|). */
export function exponential<V, M>(ops: Algebra<V, M>, x: V, peak: V, rate: V): V {
  return ops.mul(peak, ops.exp(ops.mul(ops.neg(rate), ops.abs(x))));
}

/** The exponential of area 1, whose peak is rate / 2. */
export function unitExponential<V, M>(ops: Algebra<V, M>, x: V, rate: V): V {
  return exponential(ops, x, ops.mul(ops.constant(0.5), rate), rate);
}

/** Antiderivative of `unitExponential` from 0 to 1. */
export function unitExponentialStep<V, M>(ops: Algebra<V, M>, x: V, rate: V): V {
  return stepFromTail(ops, x, exponential(ops, x, ops.constant(0.5), rate));
}

/** Antiderivative of `exponential` with value 1/2 at 0. */
export function exponentialIntegral<V, M>(ops: Algebra<V, M>, x: V, peak: V, rate: V): V {
  return stepFromRise(ops, x, exponentialRise(ops, x, peak, rate));
}

/** Antiderivative of `exponential` around `centre` instead of 0, with value 1/2 at x = 0. */
export function shiftedExponentialIntegral<V, M>(ops: Algebra<V, M>, x: V, centre: V, peak: V, rate: V): V {
  const distance = ops.sub(x, centre);
  const fromCentre = odd(ops, distance, exponentialRise(ops, distance, peak, rate));
  return ops.add(ops.constant(0.5), ops.add(fromCentre, exponentialRise(ops, centre, peak, rate)));
}

/** Integral of `exponential` over [0, |x|]. */
function exponentialRise<V, M>(ops: Algebra<V, M>, x: V, peak: V, rate: V): V {
  const one = ops.constant(1);
  return ops.mul(ops.div(peak, rate), ops.sub(one, exponential(ops, x, one, rate)));
}
