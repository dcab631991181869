import type { Algebra } from '../../algebra.ts';
import { normalDensity, normalStep, scaledStep } from './gaussian.ts';

/** Parameters of the multi-Gaussian: a peak of width sigma, and two negative lobes of width s sigma at +-sigma. */
export interface MultiGaussian<V> {
  readonly sigma: V;
  readonly h: V;
  readonly s: V;
  /** Factor of the whole; the area is scale * (1 - h). */
  readonly scale: V;
  /** Where the peak is; 0 when left out. The lobes stay where they are. */
  readonly mu?: V;
}

/** scale * [(1 + h) N(x; mu, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma)]. */
export function multiGaussian<V, M>(ops: Algebra<V, M>, x: V, { sigma, h, s, scale, mu }: MultiGaussian<V>): V {
  const one = ops.constant(1);
  const wide = ops.mul(s, sigma);
  const peak = normalDensity(ops, mu === undefined ? x : ops.sub(x, mu), sigma, one);
  const upper = normalDensity(ops, ops.sub(x, sigma), wide, one);
  const lower = normalDensity(ops, ops.add(x, sigma), wide, one);
  return ops.mul(scale, ops.sub(ops.mul(ops.add(one, h), peak), ops.mul(h, ops.add(upper, lower))));
}

/** Antiderivative of `multiGaussian` with value 1/2 at 0. */
export function multiGaussianIntegral<V, M>(ops: Algebra<V, M>, x: V, { sigma, h, s, scale, mu }: MultiGaussian<V>): V {
  const one = ops.constant(1);
  const half = ops.constant(0.5);
  const wide = ops.mul(s, sigma);
  const area = ops.mul(scale, ops.add(one, h));
  const atZero = mu === undefined ? half : normalStep(ops, ops.neg(mu), sigma);
  const peak = scaledStep(ops, normalStep(ops, mu === undefined ? x : ops.sub(x, mu), sigma), atZero, area);
  const lobes = ops.add(normalStep(ops, ops.sub(x, sigma), wide), normalStep(ops, ops.add(x, sigma), wide));
  return ops.sub(peak, ops.mul(ops.mul(scale, h), ops.sub(lobes, one)));
}
