/**
 * The operations that a formula may use. Every surrogate is written once as a function over `Algebra<V, M>`, and every neuron's step over
 * `StepAlgebra<V, M>`, which extends it; what `V` (a value) and `M` (a truth value) are is up to what implements it: float64 numbers,
 * recorded expressions, nodes of a WebAssembly kernel, tensors.
 *
 * A formula may not branch on a `V`: it uses `select`, of which both branches are evaluated. It therefore has to keep both finite.
 */
export interface Algebra<V, M> {
  constant(value: number): V;

  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  div(a: V, b: V): V;
  neg(a: V): V;
  abs(a: V): V;
  min(a: V, b: V): V;
  max(a: V, b: V): V;
  /** Square root of `a >= 0`. */
  sqrt(a: V): V;
  /** Rounds towards -Infinity. */
  floor(a: V): V;

  /** e^a; 0 where it underflows, Infinity where it overflows. */
  exp(a: V): V;
  /** ln(1 + a) for `a >= 0`, accurate to the last digits for small `a` too. */
  log1p(a: V): V;
  /** (e^a - 1) / a, and 1 at 0, for finite `a` of either sign; Infinity where e^a overflows. */
  exprel(a: V): V;
  /** Arctangent of `a >= 0`. */
  atan(a: V): V;
  /** 1 - erf(a) for `a >= 0`, with small relative error in the tail. */
  erfc(a: V): V;
  /** Sum of cos((2i-1) 2 pi turns) for i = 1..terms. */
  oddCosines(turns: V, terms: number): V;
  /** Sum of sin((2i-1) 2 pi turns) / (2i-1) for i = 1..terms. */
  oddSines(turns: V, terms: number): V;

  lt(a: V, b: V): M;
  le(a: V, b: V): M;
  /** `a` where `mask` is true, else `b`. */
  select(mask: M, a: V, b: V): V;
  and(a: M, b: M): M;
  or(a: M, b: M): M;
  not(a: M): M;

  /** The same number in float64, where the implementation computes in a narrower type; else `a` itself. */
  widen(a: V): V;
  /** A number that `widen` led to, rounded to the type in which the implementation computes. */
  narrow(a: V): V;
}

/** What the numbers derived from a neuron's parameters may use too: they are computed in float64 before a kernel runs. */
export interface ParameterAlgebra<V, M> extends Algebra<V, M> {
  /** e^a - 1, accurate to the last digits for small `a` too. */
  expm1(a: V): V;
  /** Natural logarithm of `a > 0`. */
  log(a: V): V;
}

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
