import { valueAt, type Numbers, type Values } from './numbers.ts';
import type { NeuronOptions } from './neurons/model.ts';
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

/** A quantity's value for neuron b at step t of T. */
export function quantityAt(quantity: Quantity, b: number, t: number, steps: number): number {
  switch (quantity.per) {
    case 'scalar':
      return quantity.value;
    case 'neuron':
      return valueAt(quantity.values, b);
    case 'step':
      return valueAt(quantity.values, b * steps + t);
  }
}

/** Where the count of a neuron that fires several times in a step ends: the largest int32. */
export const maxSpikeCount = 2 ** 31 - 1;

/** The records of `simulate`: a value per neuron, per neuron and step, or per spike; `float` is the job's dtype. */
export const records = {
  spike_counts: { per: 'neuron', type: 'int32', meaning: 'Spikes of each neuron, at most 2147483647' },
  firing_rates: { per: 'neuron', type: 'float', meaning: 'Spikes per second of each neuron, Hz' },
  spike_times: { per: 'spike', type: 'float', meaning: "Each neuron's spike times t * dt, ms" },
  spikes: { per: 'step', type: 'uint8', meaning: '0 or 1' },
  v: { per: 'step', type: 'float', meaning: 'Potential as the library records it: after the reset, unless the model says otherwise' },
  v_pre: { per: 'step', type: 'float', meaning: 'Potential before the reset' },
  v_post: { per: 'step', type: 'float', meaning: 'Potential after the reset' },
  v_final: { per: 'neuron', type: 'float', meaning: 'Potential after the last step' },
  state: { per: 'state', type: 'float', meaning: 'Everything that a run continues from, by state' },
} as const satisfies Record<string, { readonly per: RecordPer; readonly type: 'int32' | 'uint8' | 'float'; readonly meaning: string }>;
type RecordPer = 'neuron' | 'step' | 'spike' | 'state';
export type FixedRecord = keyof typeof records;

/** How many numbers a record has: those of the table, and each state but v by its name, per neuron and step. */
export function recordPer(name: string): RecordPer {
  return name in records ? records[name as FixedRecord].per : 'step';
}

/** A batch of neurons and what drives them. */
export interface NeuronProblem {
  /** B, at least 0. */
  readonly neurons: number;
  /** T, at least 1. */
  readonly steps: number;
  /** Length of a step, ms. */
  readonly dt: number;
  readonly current: Quantity;
  /** A name of the neurons' catalogue. */
  readonly model: string;
  /** All that the model has. */
  readonly options: NeuronOptions;
  /** All that the model has; nullable ones and initial states (`<state>_init`) where they are given. */
  readonly parameters: Readonly<Record<string, NeuronQuantity>>;
  /** Whether the surrogate's value stands in the place of the step. */
  readonly smooth?: boolean;
}

/** The records of a step of which a loss may have cotangents. */
export const lossRecords = ['spikes', 'v', 'v_pre'] as const;
export type LossRecord = (typeof lossRecords)[number];

/** The loss L, summed over neurons. */
export type Loss =
  | { readonly type: 'spike_count' }
  | { readonly type: 'firing_rate_mse'; readonly target: NeuronQuantity }
  | {
      readonly type: 'cotangent';
      readonly spikes?: Quantity;
      readonly v?: Quantity;
      readonly v_pre?: Quantity;
      /** Of the state after the last step. */
      readonly state?: Readonly<Record<string, NeuronQuantity>>;
    };

/** What sums up a neuron's run, of which a loss may be. */
export const summaryNames = ['spike_counts', 'max_v', 'mean_v', 'first_spike_times'] as const;
export type SummaryName = (typeof summaryNames)[number];

/**
 * A loss that is a function of what a run records, which no kernel knows: its problem is run forward, the loss computes its value and the
 * cotangents of the records, and the run is differentiated with these.
 */
export type RecordLoss =
  /** Softmax over the neurons of a sample; of first spike times over what they are below 0, so that the earliest is the likeliest. */
  | { readonly type: 'cross_entropy'; readonly on: SummaryName; readonly labels: Numbers }
  /** (first spike time - target)^2, ms. */
  | { readonly type: 'first_spike_time_mse'; readonly target: NeuronQuantity }
  /** The squared van Rossum distance from target trains; tau in ms. */
  | { readonly type: 'van_rossum'; readonly target: Quantity; readonly tau: number }
  /** The mean over time of (v - target)^2. */
  | { readonly type: 'v_mse'; readonly target: Quantity };

/** What goes into a network in every step: numbers, [samples, inputs, steps] row-major, or events, each of which adds 1 to its element. */
export type NetworkInput =
  | { readonly form: 'dense'; readonly values: Numbers }
  | { readonly form: 'events'; readonly sample: Numbers; readonly neuron: Numbers; readonly step: Numbers };

/** Neurons with their weights: in a step each gets the weighted sum of what the layer below returns in it, and of what its own layer returned before. */
export interface NetworkLayer {
  /** N_out. */
  readonly neurons: number;
  /** [N_out, N_in] row-major. */
  readonly weight: Numbers;
  /** [N_out]. */
  readonly bias?: Numbers;
  /** [N_out, N_out] row-major, from its columns to its rows. */
  readonly recurrent?: Numbers;
  readonly model: string;
  readonly options: NeuronOptions;
  /** As in a problem; one per neuron is [N_out]. */
  readonly parameters: Readonly<Record<string, NeuronQuantity>>;
  readonly surrogate: Surrogate;
  /** Adds `weight` times the sum over neurons of (firing rate - target)^2 to each sample's loss; Hz. Of hidden layers. */
  readonly ratePenalty?: { readonly weight: number; readonly target: number };
}

/** A batch of samples, and the layers through which they go. */
export interface Network {
  readonly samples: number;
  /** N_in of the first layer. */
  readonly inputs: number;
  /** T, at least 1. */
  readonly steps: number;
  /** Length of a step, ms. */
  readonly dt: number;
  readonly input: NetworkInput;
  /** At least one. */
  readonly layers: readonly NetworkLayer[];
}

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
  readonly problem: NeuronProblem;
  /** Names of `records`, and states but v. */
  readonly record: ReadonlySet<string>;
  /** Whether per-step records of a long run are kept, since whoever reads them does not take them neuron by neuron as they are computed. */
  readonly keepsSeries?: boolean;
  /** What stands in the place of the step in a smooth run. */
  readonly surrogate?: Surrogate;
}

export interface LifGradJob extends Computation {
  readonly kind: 'lif_grad';
  readonly problem: NeuronProblem;
  /** For a neuron without spikes any one, which has no effect. */
  readonly surrogates: readonly Surrogate[];
  readonly loss: Loss;
  /** `current`, parameters of the model, `<state>_init`, and `surrogate.<parameter>`. */
  readonly wrt: readonly string[];
}

export interface LifJvpJob extends Computation {
  readonly kind: 'lif_jvp';
  readonly problem: NeuronProblem;
  readonly surrogates: readonly Surrogate[];
  readonly loss: Loss;
  /** By the names of `wrt`; per step for the current alone. */
  readonly tangents: Readonly<Record<string, Quantity>>;
}

export interface NetworkSimulateJob extends Computation {
  readonly kind: 'network_simulate';
  readonly network: Network;
  /** Paths such as `layers/0/spikes`, with names of `records` that are per neuron or step, and states but v. */
  readonly record: readonly string[];
}

export interface NetworkGradJob extends Computation {
  readonly kind: 'network_grad';
  readonly network: Network;
  /** Of the last layer's neurons, those of sample 0 first; a `cotangent` has no `state`. */
  readonly loss: Loss | RecordLoss;
  /** How the samples' losses become the one that is differentiated. */
  readonly reduction: 'mean' | 'sum';
  /** `input`, and paths: `layers/0/` and `weight`, `bias`, `recurrent` or `neuron/` with a parameter or `<state>_init`. */
  readonly wrt: readonly string[];
}

export type NetworkJob = NetworkSimulateJob | NetworkGradJob;

export type Job = SurrogateEvalJob | SurrogateGradJob | LifSimulateJob | LifGradJob | LifJvpJob | NetworkJob;

export function dtypeOf({ dtype = 'float32' }: Job): Dtype {
  return dtype;
}

/** One entry per surrogate asked for; `spike` is 0 or 1. */
export type SurrogateEvalResult = readonly { readonly spike?: Uint8Array; readonly value?: Values }[];
export type SurrogateGradResult = readonly { readonly grad: Values }[];

/** Only the fields that the job records. Arrays are [B], or [B, T] row-major. */
export interface LifSimulateResult {
  readonly spike_counts?: Int32Array;
  /** Hz. */
  readonly firing_rates?: Values;
  /**
   * The steps at which neuron b spiked are `steps[offsets[b] .. offsets[b + 1]]`. Where there are more than `recordedValues`, which is possible for
   * neurons that fire several times in a step, `steps` does not hold all.
   */
  readonly spike_steps?: { readonly steps: Int32Array; readonly offsets: Int32Array };
  readonly v_final?: Values;
  /** By state, [B] each. */
  readonly state?: Readonly<Record<string, Values>>;
  /** By record, [B, T] each: `spikes` as bytes where a neuron returns 0 or 1. */
  readonly series: Readonly<Record<string, Values | Uint8Array>>;
}

/** One entry per surrogate asked for. */
export type LifGradResult = readonly {
  /** [B]: each neuron's part of L. */
  readonly loss: Values;
  readonly spike_counts: Int32Array;
  /** By quantity of `wrt`, in the form of the quantity: of a number the sum over neurons, else of length B or B * T. */
  readonly grad: Readonly<Record<string, number | Values>>;
}[];

/** Tangents, one entry per surrogate asked for. */
export type LifJvpResult = readonly {
  /** [B, T]. */
  readonly spikes: Values;
  readonly v: Values;
  /** [B]. */
  readonly loss: Values;
}[];

export interface NetworkSimulateResult {
  /** Of each layer, [samples, neurons]. */
  readonly spike_counts: readonly Int32Array[];
  /** By the job's paths: [samples, neurons], or [samples, neurons, steps]. */
  readonly records: Readonly<Record<string, Values | Uint8Array>>;
}

export interface NetworkGradResult {
  /** [samples]. */
  readonly loss: Float64Array;
  /** Their mean or sum. */
  readonly reduced_loss: number;
  /** Of a cross-entropy: the fraction of the samples whose label has the largest logit. */
  readonly accuracy?: number;
  readonly spike_counts: readonly Int32Array[];
  /** By the paths of `wrt`, each in the form of its quantity; of the input [samples, inputs, steps]. */
  readonly grad: Readonly<Record<string, number | Values>>;
}

export interface ResultOf {
  surrogate_eval: SurrogateEvalResult;
  surrogate_grad: SurrogateGradResult;
  lif_simulate: LifSimulateResult;
  lif_grad: LifGradResult;
  lif_jvp: LifJvpResult;
  network_simulate: NetworkSimulateResult;
  network_grad: NetworkGradResult;
}
