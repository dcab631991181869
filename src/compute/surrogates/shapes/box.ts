import type { Algebra } from '../../algebra.ts';
import { clamp } from './symmetry.ts';

/** height for |x| < halfWidth, strictly, else 0. */
export function box<V, M>(ops: Algebra<V, M>, x: V, height: V, halfWidth: V): V {
  return ops.select(ops.lt(ops.abs(x), halfWidth), height, ops.constant(0));
}

/** Antiderivative of `box` with value 1/2 at 0. */
export function boxIntegral<V, M>(ops: Algebra<V, M>, x: V, height: V, halfWidth: V): V {
  return ops.add(ops.constant(0.5), ops.mul(height, clamp(ops, x, halfWidth)));
}

/** The box of area 1, whose half width is 1 / (2 height). */
export function unitBox<V, M>(ops: Algebra<V, M>, x: V, height: V): V {
  return box(ops, x, height, ops.div(ops.constant(0.5), height));
}

/** Antiderivative of `unitBox` from 0 to 1. */
export function unitBoxStep<V, M>(ops: Algebra<V, M>, x: V, height: V): V {
  const half = ops.constant(0.5);
  return ops.add(half, clamp(ops, ops.mul(height, x), half));
}

/** The height of the box of area 1 by its half width: 1 / (2w). */
export function unitBoxHeight<V, M>(ops: Algebra<V, M>, halfWidth: V): V {
  return ops.div(ops.constant(1), ops.mul(ops.constant(2), halfWidth));
}

/** From 0 to 1 over |x| <= w, with slope c outside: the antiderivative of 1/(2w) inside and c outside. */
export function leakyRamp<V, M>(ops: Algebra<V, M>, x: V, w: V, c: V): V {
  const inside = clamp(ops, x, w);
  const ramp = ops.add(ops.constant(0.5), ops.div(inside, ops.mul(ops.constant(2), w)));
  return ops.add(ramp, ops.mul(c, ops.sub(x, inside)));
}
