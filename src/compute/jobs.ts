import type { Numbers } from './generated-numbers.ts';
import type { Surrogate } from './surrogates/definition.ts';

/** The arithmetic of a job, and the type of an answer's numbers. */
export type Dtype = 'float32' | 'float64';

export const bytesPerNumber: Readonly<Record<Dtype, number>> = { float32: 4, float64: 8 };

/** Numbers that are there. Requests keep float64; back-ends round as their arithmetic needs. */
export type Values = Float32Array | Float64Array;

/**
 * One of the neuron's quantities, already broadcast against the job's B neurons and T steps: the same number for all, one value
 * per neuron (length B), or, for the current and cotangents only, one value per neuron and step (length B * T, row-major [B, T]).
 */
export type Quantity =
  | { readonly per: 'scalar'; readonly value: number }
  | { readonly per: 'neuron'; readonly values: Numbers }
  | { readonly per: 'step'; readonly values: Numbers };

/** A quantity that cannot vary in time. */
export type NeuronQuantity = Exclude<Quantity, { per: 'step' }>;

export const resetModes = ['hard', 'soft', 'none'] as const;
export type ResetMode = (typeof resetModes)[number];
export type Integration = 'euler' | 'exponential';

/** What `simulate` can record. */
export const recordable = ['spike_counts', 'firing_rates', 'spike_times', 'spikes', 'v', 'v_pre', 'v_final'] as const;
export type Recordable = (typeof recordable)[number];

/** What a gradient can be taken with respect to. */
export const differentiable = ['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'] as const;
export type Differentiable = (typeof differentiable)[number];

/** A batch of LIF neurons and what drives them. Potentials and currents are dimensionless, times in milliseconds. */
export interface LifProblem {
  /** B, at least 0. */
  readonly neurons: number;
  /** T, at least 1. */
  readonly steps: number;
  readonly dt: number;
  readonly current: Quantity;
  readonly tau: NeuronQuantity;
  readonly v_threshold: NeuronQuantity;
  readonly v_reset: NeuronQuantity;
  readonly v_rest: NeuronQuantity;
  readonly resistance: NeuronQuantity;
  readonly v_init: NeuronQuantity;
  readonly reset: ResetMode;
  /** Steps after a spike in which the neuron is held: round(refractory / dt). */
  readonly refractorySteps: number;
  readonly integration: Integration;
  readonly inputScaling: boolean;
}

/** The loss L, summed over neurons; what each adds to the cotangents of s[t] and v[t]. */
export type Loss =
  | { readonly type: 'spike_count' }
  | { readonly type: 'firing_rate_mse'; readonly target: NeuronQuantity }
  | { readonly type: 'cotangent'; readonly spikes?: Quantity; readonly v?: Quantity };

interface Computation {
  /** What it is computed in, where the back-end has that; float32 unless given. */
  readonly dtype?: Dtype;
}

export interface SurrogateEvalJob extends Computation {
  readonly kind: 'surrogate_eval';
  readonly x: Numbers;
  readonly surrogates: readonly Surrogate[];
  readonly outputs: { readonly spike: boolean; readonly value: boolean };
}

export interface SurrogateGradJob extends Computation {
  readonly kind: 'surrogate_grad';
  readonly x: Numbers;
  readonly surrogates: readonly Surrogate[];
  /** A number for all of x, or one value per element. */
  readonly cotangent: number | Numbers;
}

export interface LifSimulateJob extends Computation {
  readonly kind: 'lif_simulate';
  readonly problem: LifProblem;
  readonly record: ReadonlySet<Recordable>;
}

export interface LifGradJob extends Computation {
  readonly kind: 'lif_grad';
  readonly problem: LifProblem;
  readonly surrogates: readonly Surrogate[];
  readonly loss: Loss;
  readonly detachReset: boolean;
  readonly wrt: readonly Differentiable[];
}

export type Job = SurrogateEvalJob | SurrogateGradJob | LifSimulateJob | LifGradJob;

export function dtypeOf({ dtype = 'float32' }: Job): Dtype {
  return dtype;
}

/** One entry per surrogate asked for; `spike` is 0 or 1. */
export type SurrogateEvalResult = readonly { readonly spike?: Uint8Array; readonly value?: Values }[];
export type SurrogateGradResult = readonly { readonly grad: Values }[];

/** Only what was asked for in `record` is there. Arrays are [B], or [B, T] row-major. */
export interface LifSimulateResult {
  readonly spike_counts?: Int32Array;
  /** Hz. */
  readonly firing_rates?: Values;
  /** The steps at which neuron b spiked are `steps[offsets[b] .. offsets[b + 1]]`. */
  readonly spike_steps?: { readonly steps: Int32Array; readonly offsets: Int32Array };
  readonly spikes?: Uint8Array;
  readonly v?: Values;
  readonly v_pre?: Values;
  readonly v_final?: Values;
}

/** One entry per surrogate asked for. */
export type LifGradResult = readonly {
  /** [B]: each neuron's part of L. */
  readonly loss: Values;
  readonly spike_counts: Int32Array;
  /**
   * For every quantity of `wrt`, in the form in which the problem gives it: a number's is the sum over neurons,
   * one per neuron has length B, one per step length B * T.
   */
  readonly grad: Readonly<Partial<Record<Differentiable, number | Values>>>;
}[];

export interface ResultOf {
  surrogate_eval: SurrogateEvalResult;
  surrogate_grad: SurrogateGradResult;
  lif_simulate: LifSimulateResult;
  lif_grad: LifGradResult;
}
