import type { Algebra } from '../../../src/compute/algebra.ts';

type ResetMode = 'hard' | 'soft' | 'none';
type Integration = 'euler' | 'exponential';

/** The options that decide which operations a LIF step has. */
export interface LifStructure {
  readonly reset: ResetMode;
  /** Whether the input is multiplied by the leak factor, as the decay is. */
  readonly inputScaling: boolean;
  /** Whether s in the reset is a constant in the backward pass. */
  readonly detachReset: boolean;
}

/** The numbers of a LIF step. */
export interface LifTerms<V> {
  /** k: the fraction of the distance to its target that the membrane covers in one step. */
  readonly leak: V;
  readonly threshold: V;
  readonly vReset: V;
  readonly vRest: V;
  readonly resistance: V;
}

/** Potentials of one step before and after the reset, and whether the neuron fired. */
export interface LifStep<V, M> {
  readonly vPre: V;
  readonly spike: M;
  readonly v: V;
}

/** Contributions of one step to the gradient of each quantity; `v` is the gradient of the potential before the step. */
export interface LifAdjoint<V> extends LifTerms<V> {
  readonly v: V;
  readonly current: V;
}

/**
 * The field of a step's adjoint whose sum over steps is the gradient of a quantity. tau's is the leak factor's times `leakSlope`; v_init's is
 * the cotangent of v before the first step.
 */
export const adjointPart = {
  current: 'current',
  tau: 'leak',
  v_threshold: 'threshold',
  v_reset: 'vReset',
  v_rest: 'vRest',
  resistance: 'resistance',
} as const satisfies Record<string, keyof LifAdjoint<unknown>>;

/** k = dt/tau (forward Euler) or 1 - exp(-dt/tau) (exact for a current that is constant over the step); both in ms. */
export function leakFactor(dt: number, tau: number, integration: Integration): number {
  return integration === 'euler' ? dt / tau : -Math.expm1(-dt / tau);
}

/** dk/dtau of `leakFactor`, in 1/ms. */
export function leakSlope(dt: number, tau: number, integration: Integration): number {
  const slope = -dt / (tau * tau);
  return integration === 'euler' ? slope : slope * Math.exp(-dt / tau);
}

/** v_rest + R I, the target of the membrane when the input is scaled. */
function target<V, M>(ops: Algebra<V, M>, terms: LifTerms<V>, current: V): V {
  return ops.add(terms.vRest, ops.mul(terms.resistance, current));
}

/** v_pre. Another order of operations would move the spikes of neurons near the threshold. */
function charge<V, M>(ops: Algebra<V, M>, structure: LifStructure, terms: LifTerms<V>, v: V, current: V): V {
  return structure.inputScaling
    ? ops.add(v, ops.mul(terms.leak, ops.sub(target(ops, terms, current), v)))
    : ops.add(ops.add(v, ops.mul(terms.leak, ops.sub(terms.vRest, v))), ops.mul(terms.resistance, current));
}

/** The inputs of one forward step. */
export interface LifStepInput<V, M> {
  /** Potential before the step. */
  readonly v: V;
  readonly current: V;
  /** True while the neuron is refractory; left out without a refractory period. */
  readonly refractory?: M | undefined;
}

/** One forward step: charge, fire, reset. */
export function lifStep<V, M>(
  ops: Algebra<V, M>,
  structure: LifStructure,
  terms: LifTerms<V>,
  { v, current, refractory }: LifStepInput<V, M>,
): LifStep<V, M> {
  const charged = charge(ops, structure, terms, v, current);
  const vPre = refractory === undefined ? charged : ops.select(refractory, v, charged);
  const spike = fires(ops, terms, vPre, refractory);
  return { vPre, spike, v: afterReset(ops, structure.reset, terms, vPre, spike) };
}

/** s: whether the potential has reached the threshold and the neuron is not refractory. */
export function fires<V, M>(ops: Algebra<V, M>, terms: LifTerms<V>, vPre: V, refractory?: M): M {
  // Equivalent to v_pre - v_threshold >= 0, since a difference of two floats is 0 only where they are equal.
  const reached = ops.le(terms.threshold, vPre);
  return refractory === undefined ? reached : ops.and(ops.not(refractory), reached);
}

/** The potential after the reset, from the one before it. */
export function afterReset<V, M>(ops: Algebra<V, M>, reset: ResetMode, terms: LifTerms<V>, vPre: V, spike: M): V {
  switch (reset) {
    case 'hard':
      return ops.select(spike, terms.vReset, vPre);
    case 'soft':
      return ops.sub(vPre, ops.select(spike, terms.threshold, ops.constant(0)));
    case 'none':
      return vPre;
  }
}

/** The inputs of one backward step. */
export interface LifAdjointInput<V, M> {
  /** dL/dv after the reset, including the cotangent of the recorded v. */
  readonly vBar: V;
  /** dL/ds, directly through the loss. */
  readonly spikeBar: V;
  /** Potential before the step, and before the reset. */
  readonly v: V;
  readonly vPre: V;
  readonly spike: M;
  readonly current: V;
  /** Surrogate gradient at v_pre - v_threshold. */
  readonly surrogateGrad: V;
  readonly refractory?: M;
}

/**
 * One backward step: the adjoint of `lifStep` with the surrogate gradient in place of the Heaviside's derivative.
 * It is exact back-propagation through time: with s_bar = dL/ds + v_bar * dv/ds and g the surrogate gradient,
 * v_pre_bar = s_bar * g + v_bar * dv/dv_pre.
 */
export function lifAdjoint<V, M>(
  ops: Algebra<V, M>,
  structure: LifStructure,
  terms: LifTerms<V>,
  input: LifAdjointInput<V, M>,
): LifAdjoint<V> {
  const { vBar, vPre, spike, current, refractory } = input;
  const zero = ops.constant(0);
  const unlessRefractory = (value: V): V => (refractory === undefined ? value : ops.select(refractory, zero, value));

  const jump = resetJump(ops, structure, terms, vPre);
  const spikeBar = jump === undefined ? input.spikeBar : ops.add(input.spikeBar, ops.mul(vBar, jump));
  const throughSpike = unlessRefractory(ops.mul(spikeBar, input.surrogateGrad));
  const kept = structure.reset === 'hard' ? ops.select(spike, zero, vBar) : vBar;
  const vPreBar = ops.add(throughSpike, kept);

  const atSpike = ops.select(spike, vBar, zero);
  const threshold = ops.neg(structure.reset === 'soft' ? ops.add(throughSpike, atSpike) : throughSpike);

  const chargeBar = unlessRefractory(vPreBar);
  const leaked = ops.mul(chargeBar, terms.leak);
  const driven = structure.inputScaling ? leaked : chargeBar;
  const towards = structure.inputScaling ? target(ops, terms, current) : terms.vRest;
  return {
    // Not (1 - k) v_pre_bar: the rounding of 1 - k would accumulate over steps.
    v: ops.sub(vPreBar, leaked),
    current: ops.mul(driven, terms.resistance),
    leak: ops.mul(chargeBar, ops.sub(towards, input.v)),
    threshold,
    vReset: structure.reset === 'hard' ? atSpike : zero,
    vRest: leaked,
    resistance: ops.mul(driven, current),
  };
}

/** dv/ds of the reset, or undefined where the reset passes no gradient on. */
function resetJump<V, M>(ops: Algebra<V, M>, structure: LifStructure, terms: LifTerms<V>, vPre: V): V | undefined {
  if (structure.detachReset || structure.reset === 'none') return undefined;
  return structure.reset === 'hard' ? ops.sub(terms.vReset, vPre) : ops.neg(terms.threshold);
}
