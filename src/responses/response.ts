import {
  AnswerNumber,
  AnswerRows,
  AnswerTensor,
  transposed,
  type AnswerBlocks,
  type AnswerNode,
  type TensorValues,
} from '../codecs/answer-tree.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import { type Answer, type Estimate, fallbackReasonTexts } from '../compute/engine/engine.ts';
import { jobElements } from '../compute/job-size.ts';
import { bytesPerNumber, dtypeOf, type Dtype, type LifGradResult, type LifSimulateResult, type ResultOf } from '../compute/jobs.ts';
import { checkSpikeTimes } from '../config/limits.ts';
import type { ProblemCode } from '../errors/problems.ts';
import { axesOf, planBytes, type Operation, type Plan } from '../requests/plan.ts';
import { neuronOf, settingShape, settingsNode, settingTensor } from './neuron-settings.ts';
import { noNotes, type Note } from '../schemas/note-types.ts';
import { answerSize, binaryBytes, maxFloat32Steps, type ResponseOutline, type TensorOutline } from './outline.ts';
import { repeatedGradients, sumGradients } from './sum-gradients.ts';

export type TensorNode = AnswerTensor | AnswerRows | AnswerBlocks | AnswerNumber;

/** The back-end that did the work, and whether it was not the first choice. */
export interface Meta {
  readonly [field: string]: AnswerNode;
  readonly fallback?: { readonly from: string; readonly reason: string };
  readonly notes?: readonly Note[];
}

/** Why a surrogate has no result. */
export interface ResultError {
  readonly code: ProblemCode;
  readonly detail: string;
}

/** A computed answer, before a format prints it. */
export interface ComputeResponse {
  readonly outline: ResponseOutline;
  /** The tensors of each surrogate, or of the whole answer, in the order of the outline. */
  readonly results: readonly (readonly TensorNode[])[];
  /** The errors that stand in the place of results, by index; left out where all could be computed. */
  readonly errors?: ReadonlyMap<number, ResultError>;
  /** The back-end that did the work, and the time that it took. */
  readonly answer: Omit<Answer, 'result'>;
  readonly notes: readonly Note[];
  /** Whether it is still being computed while it leaves. */
  readonly streams: boolean;
}

/** Makes the answer of a computed plan; a promise where gradients are summed over axes of the batch first, which overwrites the result's. */
export function respond(
  outline: ResponseOutline,
  answer: Answer,
  notes: readonly Note[] = noNotes,
): ComputeResponse | Promise<ComputeResponse> {
  const { plan, tensors } = outline;
  const responseOf = (result: ResultOf[Operation]): ComputeResponse => {
    const results = Array.isArray(result) ? (result as readonly ResultOf[Operation][]) : [result];
    return {
      outline,
      results: results.map((one) => tensors.map((tensor) => tensorNode(tensor, one, plan))),
      answer,
      notes,
      streams: false,
    };
  };
  const repeated = 'gradients' in plan ? repeatedGradients(plan) : undefined;
  if (repeated === undefined) return responseOf(answer.result);
  return sumGradients(answer.result as LifGradResult, repeated).then(responseOf);
}

/** A tensor of an outline with its values of a result. */
export function tensorNode({ source, shape, rows, timeFirst }: TensorOutline, result: ResultOf[Operation], { job }: Plan): TensorNode {
  const problem = 'problem' in job ? job.problem : undefined;
  if (rows !== undefined && problem !== undefined) {
    const { steps, offsets } = (result as Required<LifSimulateResult>).spike_steps;
    checkSpikeTimes(offsets.at(-1)!, sizeOf(shape));
    const textDtype = problem.steps > maxFloat32Steps ? 'float64' : undefined;
    return new AnswerRows(steps, offsets, 'spike_time_offsets', problem.dt, { shape: rows, textDtype });
  }
  let value: unknown = result;
  for (const key of source) value = (value as Readonly<Record<string | number, unknown>>)[key];
  const values = value as TensorValues | number;
  if (typeof values !== 'number') {
    // A loss of all neurons is a number, as their gradients are.
    if (problem !== undefined && shape.length === 0) return new AnswerNumber(values[0]!);
    return timeFirst === true ? transposed(values, shape) : new AnswerTensor(values, shape);
  }
  // The sum over no neurons is 0, not the -0 that a back-end's negative factor makes of it.
  const sum = problem?.neurons === 0 ? 0 : values;
  return shape.length === 0 ? new AnswerNumber(sum) : new AnswerTensor(Float64Array.of(sum), shape);
}

type Fields = Record<string, AnswerNode>;

/** An answer as the tree of fields that JSON has. */
export function responseTree({ outline, results, errors, answer, notes }: ComputeResponse): Fields {
  const { plan } = outline;
  const tree = treeOf(outline, (i) => (errors?.has(i) === true ? [] : results[i]!));
  for (const [i, { code, detail }] of errors ?? []) (tree.results as Fields[])[i]!.error = { code, detail };
  const neuron = neuronOf(plan);
  if (neuron !== undefined) tree.neuron = settingsNode(neuron, (numbers) => settingTensor(numbers, axesOf(plan)));
  tree.meta = metaOf(answer, notes);
  return tree;
}

/**
 * Describes a plan's answer and its cost, without running it.
 *
 * @param estimate the back-end that would run it, and the time that it would take.
 * @param notes those that need no result.
 */
export function dryRunResponse(
  outline: ResponseOutline,
  { backend, computeMs, queueMs }: Estimate,
  notes: readonly Note[] = noNotes,
): object {
  const { plan, surrogates, tensors } = outline;
  const { name, device, dtype } = backend;
  const neuron = neuronOf(plan);
  const described = tensors.map(describeTensor);
  return {
    dry_run: true,
    ...treeOf(outline, () => described),
    ...(neuron && { neuron: settingsNode(neuron, (numbers) => describeFloats(settingShape(numbers, axesOf(plan)), dtypeOf(plan.job))) }),
    estimate: {
      elements: jobElements(plan.job),
      memory_bytes: planBytes(plan),
      answer_bytes: {
        binary: Math.max(1, surrogates.length) * tensors.reduce((bytes, tensor) => bytes + binaryBytes(tensor), 0),
        json: answerSize(outline, 'json').bytes,
        base64: answerSize(outline, 'base64').bytes,
      },
      compute_ms: roundToMicroseconds(computeMs),
      queue_ms: roundToMicroseconds(queueMs),
    },
    meta: { backend: name, device, dtype, ...notesField(notes) },
  };
}

function describeTensor(tensor: TensorOutline): AnswerNode {
  const { shape, type: dtype, rows } = tensor;
  return rows === undefined ? { shape, dtype, bytes: binaryBytes(tensor) } : { rows: sizeOf(rows), dtype, most_bytes: binaryBytes(tensor) };
}

function describeFloats(shape: readonly number[], dtype: Dtype): AnswerNode {
  return { shape, dtype, bytes: sizeOf(shape) * bytesPerNumber[dtype] };
}

/**
 * The fields of an answer: tensors by their paths, for each surrogate in `results` where there are any.
 *
 * @param nodesOf what stands for the outline's tensors in each result.
 */
function treeOf({ surrogates, tensors }: ResponseOutline, nodesOf: (index: number) => readonly AnswerNode[]): Fields {
  if (surrogates.length === 0) return placeAll({}, tensors, nodesOf(0));
  return {
    results: surrogates.map((surrogate, i) =>
      placeAll(surrogate === undefined ? {} : { surrogate: { name: surrogate.name, ...surrogate.parameters } }, tensors, nodesOf(i)),
    ),
  };
}

function placeAll(fields: Fields, tensors: readonly TensorOutline[], nodes: readonly AnswerNode[]): Fields {
  for (let t = 0; t < nodes.length; t++) {
    const { path } = tensors[t]!;
    const last = path.length - 1;
    let holder: Record<string | number, AnswerNode> = fields;
    for (let i = 0; i < last; i++) holder = (holder[path[i]!] ??= typeof path[i + 1] === 'number' ? [] : {}) as Fields;
    holder[path[last]!] = nodes[t]!;
  }
  return fields;
}

/** `meta` of an answer: the back-end that did the work, why it was not the first choice, and what is surely not meant. */
export function metaOf({ backend, fallback, queueMs, computeMs }: Omit<Answer, 'result'>, notes: readonly Note[]): Meta {
  const { name, device, dtype } = backend;
  const meta = { backend: name, device, dtype, elapsed_ms: roundToMicroseconds(queueMs + computeMs) };
  // Most answers have neither.
  if (fallback === undefined && notes.length === 0) return meta;
  return {
    ...meta,
    ...(fallback && { fallback: { from: fallback.from, reason: fallbackReasonTexts[fallback.reason] } }),
    ...notesField(notes),
  };
}

/** `notes` of `meta`, where there are any. */
function notesField(notes: readonly Note[]): Pick<Meta, 'notes'> {
  return notes.length === 0 ? {} : { notes };
}

/** Milliseconds, rounded to microseconds. */
function roundToMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
