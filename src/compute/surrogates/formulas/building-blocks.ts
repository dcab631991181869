import type { Algebra } from '../../algebra.ts';

/** A rise from 0 to 1 that is symmetric about (0, 1/2), from its lower tail as a function of |x|. No digits are lost in the tail. */
export function stepFromTail<V, M>(ops: Algebra<V, M>, x: V, tail: V): V {
  return ops.select(ops.lt(x, ops.constant(0)), tail, ops.sub(ops.constant(1), tail));
}

/** The antiderivative with value 1/2 at 0 of an even gradient, from its integral over [0, |x|]. */
export function stepFromRise<V, M>(ops: Algebra<V, M>, x: V, rise: V): V {
  const half = ops.constant(0.5);
  return ops.select(ops.lt(x, ops.constant(0)), ops.sub(half, rise), ops.add(half, rise));
}

/** sgn(x) times a function of |x|: the antiderivative with value 0 at 0 of an even gradient. */
export function odd<V, M>(ops: Algebra<V, M>, x: V, rise: V): V {
  return ops.select(ops.lt(x, ops.constant(0)), ops.neg(rise), rise);
}

/** x limited to [-bound, bound]. */
export function clamp<V, M>(ops: Algebra<V, M>, x: V, bound: V): V {
  return ops.min(ops.max(x, ops.neg(bound)), bound);
}

/** a^2. */
export function square<V, M>(ops: Algebra<V, M>, a: V): V {
  return ops.mul(a, a);
}

/** 1 / a. */
export function reciprocal<V, M>(ops: Algebra<V, M>, a: V): V {
  return ops.div(ops.constant(1), a);
}
