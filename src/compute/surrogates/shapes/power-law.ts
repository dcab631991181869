import type { Algebra } from '../../algebra.ts';
import { stepFromRise, stepFromTail } from './symmetry.ts';

/** ln(1 + 2 |x| / width). */
function logDistance<V, M>(ops: Algebra<V, M>, x: V, width: V): V {
  return ops.log1p(ops.mul(ops.div(ops.constant(2), width), ops.abs(x)));
}

/** (1 + 2 |x| / width)^-power. */
export function powerLaw<V, M>(ops: Algebra<V, M>, x: V, power: V, width: V): V {
  return ops.exp(ops.mul(ops.neg(power), logDistance(ops, x, width)));
}

/** Antiderivative of `powerLaw` with value 1/2 at 0; continuous through the logarithm that it is at power 1. */
export function powerLawIntegral<V, M>(ops: Algebra<V, M>, x: V, power: V, width: V): V {
  const log = logDistance(ops, x, width);
  const exponent = ops.mul(ops.sub(ops.constant(1), power), log);
  return stepFromRise(ops, x, ops.mul(ops.mul(ops.div(width, ops.constant(2)), log), ops.exprel(exponent)));
}

/** Antiderivative of `powerLaw` from 0 to 1 where width = power - 1 > 0, at which its area is 1. */
export function unitPowerLawStep<V, M>(ops: Algebra<V, M>, x: V, power: V, width: V): V {
  const tail = ops.exp(ops.mul(ops.sub(ops.constant(1), power), logDistance(ops, x, width)));
  return stepFromTail(ops, x, ops.mul(ops.constant(0.5), tail));
}
