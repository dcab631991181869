import type { Numbers, Values } from './generated-numbers.ts';
import { lifParameterNames, type LifParameter } from './neurons/lif-parameters.ts';
import type { Surrogate } from './surrogates/definition.ts';

/** The arithmetic of a job, and the type of its result's numbers. */
export type Dtype = 'float32' | 'float64';

export const bytesPerNumber: Readonly<Record<Dtype, number>> = { float32: 4, float64: 8 };

/**
 * A quantity of B neurons and T steps: the same number for all, one value per neuron (length B), or, for the current and cotangents
 * only, one value per neuron and step (length B * T, row-major [B, T]).
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

/** The records of `simulate`: a value per neuron, per neuron and step, or per spike; `float` is the job's dtype. */
export const records = {
  spike_counts: { per: 'neuron', type: 'int32', meaning: 'Spikes of each neuron' },
  firing_rates: { per: 'neuron', type: 'float', meaning: 'Spikes per second of each neuron, Hz' },
  spike_times: { per: 'spike', type: 'float', meaning: "Each neuron's spike times t * dt, ms" },
  spikes: { per: 'step', type: 'uint8', meaning: '0 or 1' },
  v: { per: 'step', type: 'float', meaning: 'Potential after the reset' },
  v_pre: { per: 'step', type: 'float', meaning: 'Potential before the reset' },
  v_final: { per: 'neuron', type: 'float', meaning: 'Potential after the last reset' },
} as const;
export type Recordable = keyof typeof records;
export const recordable = Object.keys(records) as readonly Recordable[];

/** The quantities that gradients can be taken with respect to. */
export type Differentiable = 'current' | LifParameter;
export const differentiable: readonly Differentiable[] = ['current', ...lifParameterNames];

/** A batch of LIF neurons and what drives them. Potentials and currents are dimensionless, times in milliseconds. */
export interface LifProblem extends Readonly<Record<LifParameter, NeuronQuantity>> {
  /** B, at least 0. */
  readonly neurons: number;
  /** T, at least 1. */
  readonly steps: number;
  readonly dt: number;
  readonly current: Quantity;
  readonly reset: ResetMode;
  /** Steps for which a neuron is refractory after a spike: round(refractory / dt). */
  readonly refractorySteps: number;
  readonly integration: Integration;
  readonly inputScaling: boolean;
}

/** The loss L, summed over neurons. */
export type Loss =
  | { readonly type: 'spike_count' }
  | { readonly type: 'firing_rate_mse'; readonly target: NeuronQuantity }
  | { readonly type: 'cotangent'; readonly spikes?: Quantity; readonly v?: Quantity };

interface Computation {
  /** The arithmetic, if the back-end has it. Default float32. */
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

/** Only the fields that the job records. Arrays are [B], or [B, T] row-major. */
export type LifSimulateResult = Readonly<
  Partial<{
    spike_counts: Int32Array;
    /** Hz. */
    firing_rates: Values;
    /** The steps at which neuron b spiked are `steps[offsets[b] .. offsets[b + 1]]`. */
    spike_steps: { readonly steps: Int32Array; readonly offsets: Int32Array };
    spikes: Uint8Array;
    v: Values;
    v_pre: Values;
    v_final: Values;
  }>
>;

/** One entry per surrogate asked for. */
export type LifGradResult = readonly {
  /** [B]: each neuron's part of L. */
  readonly loss: Values;
  readonly spike_counts: Int32Array;
  /** By quantity of `wrt`, in the form of the quantity: of a number the sum over neurons, else of length B or B * T. */
  readonly grad: Readonly<Partial<Record<Differentiable, number | Values>>>;
}[];

export interface ResultOf {
  surrogate_eval: SurrogateEvalResult;
  surrogate_grad: SurrogateGradResult;
  lif_simulate: LifSimulateResult;
  lif_grad: LifGradResult;
}
