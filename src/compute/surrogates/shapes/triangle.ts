import type { Algebra } from '../../algebra.ts';
import { clamp, square, stepFromTail } from './symmetry.ts';

/** slope * max(halfWidth - |x|, 0). The difference is taken before the product, which keeps it exact up to the edge. */
export function triangle<V, M>(ops: Algebra<V, M>, x: V, slope: V, halfWidth: V): V {
  return ops.mul(slope, distanceToEdge(ops, x, halfWidth));
}

/** Antiderivative of `triangle` with value 1/2 at 0. */
export function triangleIntegral<V, M>(ops: Algebra<V, M>, x: V, slope: V, halfWidth: V): V {
  const half = ops.constant(0.5);
  const inside = clamp(ops, x, halfWidth);
  return ops.add(half, ops.mul(ops.mul(slope, inside), ops.sub(halfWidth, ops.mul(half, ops.abs(inside)))));
}

/** The triangle of area 1 and peak alpha, whose half width is 1 / alpha. */
export function unitTriangle<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  return triangle(ops, x, square(ops, alpha), ops.div(ops.constant(1), alpha));
}

/** Antiderivative of `unitTriangle` from 0 to 1. */
export function unitTriangleStep<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  const distance = distanceToEdge(ops, x, ops.div(ops.constant(1), alpha));
  return stepFromTail(ops, x, ops.mul(ops.mul(ops.constant(0.5), square(ops, alpha)), square(ops, distance)));
}

function distanceToEdge<V, M>(ops: Algebra<V, M>, x: V, halfWidth: V): V {
  return ops.max(ops.sub(halfWidth, ops.abs(x)), ops.constant(0));
}
