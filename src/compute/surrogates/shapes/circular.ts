import type { Algebra } from '../../algebra.ts';
import { square } from './symmetry.ts';

/** (alpha / sqrt(alpha^2 + x^2))^3, the cosine of an angle cubed. */
export function circular<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  const cosine = ops.div(alpha, hypotenuse(ops, x, alpha));
  return ops.mul(cosine, square(ops, cosine));
}

/** Antiderivative of `circular` with value 1/2 at 0. */
export function circularIntegral<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  return ops.add(ops.constant(0.5), ops.div(ops.mul(alpha, x), hypotenuse(ops, x, alpha)));
}

function hypotenuse<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  return ops.sqrt(ops.add(square(ops, alpha), square(ops, x)));
}
