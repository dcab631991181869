import type { Algebra } from './algebra.ts';

/** The algebra in which a neuron's step is written: what may spike and what the backward pass does not see is marked. */
export interface StepAlgebra<V, M> extends Algebra<V, M> {
  /**
   * True where `fires` is. Its derivative is the surrogate's gradient at `x`; `threshold` sets the width of surrogates that scale with it,
   * and has no gradient through that.
   */
  spike(fires: M, x: V, threshold: V): M;
  /** A number of spikes, with the same derivative. */
  spikes(count: V, x: V, threshold: V): V;
  /** `value`, with the derivatives of `as`. */
  substitute(value: V, as: V): V;
  /** A value without derivatives. */
  detach(a: V): V;
  /** A mask without derivatives. */
  detachMask(mask: M): M;
}
