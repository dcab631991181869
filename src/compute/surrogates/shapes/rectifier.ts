import type { Algebra } from '../../algebra.ts';

/** One constant below 0 and another from 0 on. */
export function twoSlopes<V, M>(ops: Algebra<V, M>, x: V, below: V, above: V): V {
  return ops.select(ops.lt(x, ops.constant(0)), below, above);
}

/** The piecewise linear function through 0 with these slopes. */
export function twoSlopesIntegral<V, M>(ops: Algebra<V, M>, x: V, below: V, above: V): V {
  return twoSlopes(ops, x, ops.mul(below, x), ops.mul(above, x));
}

/** `below` up to and including 0, then 1, and 1/x from 1 on. */
export function logTailedSlope<V, M>(ops: Algebra<V, M>, x: V, below: V): V {
  const one = ops.constant(1);
  return ops.select(ops.le(x, ops.constant(0)), below, ops.div(one, ops.max(x, one)));
}

/** Antiderivative of `logTailedSlope` through 0. */
export function logTailedIntegral<V, M>(ops: Algebra<V, M>, x: V, below: V): V {
  return ops.select(ops.le(x, ops.constant(0)), ops.mul(below, x), logTail(ops, x));
}

/** u up to 1, and 1 + ln u beyond; for u >= 0. */
export function logTail<V, M>(ops: Algebra<V, M>, u: V): V {
  const one = ops.constant(1);
  return ops.add(ops.min(u, one), ops.log1p(ops.sub(ops.max(u, one), one)));
}
