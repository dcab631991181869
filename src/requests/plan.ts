import type { ElementType } from '../codecs/element-types.ts';
import type { Values } from '../compute/numbers.ts';
import type { Job, RecordLoss } from '../compute/jobs.ts';
import { jobBytes } from '../compute/job-size.ts';
import { recordLossJobBytes } from '../compute/losses/run-record-loss.ts';
import type { WeightName } from '../compute/networks/layers.ts';
import type { NarrowNumbers } from '../compute/narrow-numbers.ts';
import type { BatchAxes } from './neurons/batch-axes.ts';
import type { RunOptions } from './options.ts';

/** The operations of the API, one route each. */
export type Operation = Job['kind'];

/** How an inference request wants to be answered. */
export interface InferenceReply {
  readonly id?: string;
  /** The outputs to answer, in order; undefined for all. */
  readonly outputs?: readonly string[];
  /** The outputs to answer as bytes. */
  readonly binary: readonly string[] | 'all';
  /** The outputs to answer as JSON, whatever `binary` says. */
  readonly json: readonly string[];
  /** The time from the request's headers to its answer, in microseconds. */
  readonly timeoutUs?: number;
}

interface PlanOf<O extends Operation> {
  readonly job: Extract<Job, { readonly kind: O }>;
  readonly options: RunOptions;
  /** Of requests of the Open Inference Protocol. */
  readonly reply?: InferenceReply;
}

interface PlanWithNeurons<O extends Operation> extends PlanOf<O> {
  /** Where its shapes are not [B] and [B, T]. */
  readonly axes?: BatchAxes | undefined;
}

interface SurrogatePlan<O extends Operation> extends PlanOf<O> {
  /** Of x, and so of the results. */
  readonly shape: readonly number[];
}

/** A gradient of the answer. */
export interface PlannedGradient {
  /** Its name among the job's `wrt`. */
  readonly name: string;
  /** The fields of a result in which it stands, outermost first: `grad`, `current`; `grad`, `state`, `v`. */
  readonly path: readonly string[];
  /** The shape in which its quantity was given, and in which it is answered. */
  readonly shape: readonly number[];
}

interface DifferentiatedPlan<O extends Operation> extends PlanWithNeurons<O> {
  /** The loss, where it is one of the run's records: the job's cotangents follow from it once that has run. */
  readonly recordLoss?: RecordLoss;
}

/** A tensor of a layer as it was sent: later requests may name it by its bytes. */
export interface SentTensor {
  readonly layer: number;
  readonly name: WeightName;
  readonly shape: readonly number[];
  /** What its bytes are; numbers of JSON are given the type that the request is computed in. */
  readonly dtype: ElementType;
  /** The bytes of a type that a job has widened; those of others follow from the job's numbers. */
  readonly stored?: Uint8Array;
}

interface PlanOfNetwork<O extends Operation> extends PlanOf<O> {
  /** Whether time comes first in the request and in the answer. */
  readonly timeFirst: boolean;
  readonly sent: readonly SentTensor[];
}

/** The plan of a request, by operation: plain data with the job and all that its answer needs. */
export interface Plans {
  surrogate_eval: SurrogatePlan<'surrogate_eval'>;
  surrogate_grad: SurrogatePlan<'surrogate_grad'>;
  lif_simulate: PlanWithNeurons<'lif_simulate'>;
  lif_grad: DifferentiatedPlan<'lif_grad'> & { readonly gradients: readonly PlannedGradient[] };
  lif_jvp: DifferentiatedPlan<'lif_jvp'>;
  network_simulate: PlanOfNetwork<'network_simulate'>;
  network_grad: PlanOfNetwork<'network_grad'> & { readonly quantities: readonly PlannedGradient[] };
}

export type Plan = Plans[Operation];

/** Plans that run networks. */
export type NetworkPlan = Plans['network_simulate' | 'network_grad'];

/** Plans that run neurons. */
export type NeuronPlan = Plans['lif_simulate' | 'lif_grad' | 'lif_jvp'];

export function hasNeurons(plan: Plan): plan is NeuronPlan {
  return 'problem' in plan.job;
}

/** The axes of a plan's neurons where they are not [B] and [B, T]. */
export function axesOf(plan: Plan): BatchAxes | undefined {
  return hasNeurons(plan) ? plan.axes : undefined;
}

/** A plan with a loss of its run's records. */
export type RecordLossPlan = (Plans['lif_grad'] | Plans['lif_jvp']) & { readonly recordLoss: RecordLoss };

export function hasRecordLoss(plan: Plan): plan is RecordLossPlan {
  return 'recordLoss' in plan;
}

/** Bytes of memory that a plan's job takes beside the request's body. */
export function planBytes(plan: Plan): number {
  return hasRecordLoss(plan) ? recordLossJobBytes(plan.job, plan.recordLoss) : jobBytes(plan.job);
}

/**
 * A copy of plain data in which `map` has replaced every array of floats, and all numbers that are to be widened.
 *
 * @example
 * mapNumbers({ x: Float32Array.of(1), steps: 2 }, (numbers) => materialize(numbers));
 */
export function mapNumbers<Data>(data: Data, map: (numbers: Values | NarrowNumbers) => unknown): Data {
  const copy = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (node instanceof Float32Array || node instanceof Float64Array || isNarrow(node)) return map(node);
    if (Array.isArray(node)) return node.map(copy);
    if (Object.getPrototypeOf(node) !== Object.prototype) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(data) as Data;
}

function isNarrow(node: object): node is NarrowNumbers {
  return 'generate' in node && node.generate === 'widened';
}
