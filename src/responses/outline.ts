import { maxFloat32TextLength, maxFloat64TextLength } from '../codecs/json-numbers/index.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import { bytesPerValue, type BytesType } from '../codecs/tensor-bytes.ts';
import { TensorText } from '../codecs/tensor-text.ts';
import { recordedValues } from '../compute/job-size.ts';
import { dtypeOf, records, type Job, type LifProblem, type LifSimulateJob, type Recordable } from '../compute/jobs.ts';
import { isLongRun, isPerStep, type PerStep } from '../compute/long-run.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkAnswerBytes, type Limits } from '../config/limits.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { InferenceReply, Operation, Plan, Plans } from '../requests/plan.ts';

/** A tensor of an answer, as far as the plan alone tells. */
export interface TensorOutline {
  /** The fields in which it stands, outermost first. */
  readonly path: readonly [field: string, inner?: string];
  /** Of spike times, which are rows of unknown lengths, the most numbers that all rows together may have. */
  readonly shape: readonly number[];
  readonly type: BytesType;
  /** The most bytes of JSON that a number and its comma take. */
  readonly textBytes: number;
  /** The number of rows, where they have different lengths. */
  readonly rows?: number;
  /** The record, where it is computed while the answer is sent. */
  readonly streams?: PerStep;
  /** Whether it accompanies the tensors that the request selects. */
  readonly isByProduct: boolean;
}

/** The surrogates and tensors of a plan's answer; each surrogate has the same tensors. */
export interface ResponseOutline {
  readonly plan: Plan;
  /** Empty where the operation has none. */
  readonly surrogates: readonly Surrogate[];
  readonly tensors: readonly TensorOutline[];
}

interface ResponseKind<O extends Operation> {
  tensors(plan: Plans[O]): TensorOutline[];
  /** The field of the request that selects tensors, and what to say of it where only one can be answered. */
  readonly selection?: { readonly path: string; rule(plan: Plans[O]): string };
}

const kinds: { readonly [O in Operation]: ResponseKind<O> } = {
  surrogate_eval: {
    tensors: ({ job, shape }) => [
      ...(job.outputs.spike ? [spikes('spike', shape)] : []),
      ...(job.outputs.value ? [floats(['value'], shape, job)] : []),
    ],
    selection: { path: '/outputs', rule: () => 'must be "spike" or "value"' },
  },
  surrogate_grad: { tensors: ({ job, shape }) => [floats(['grad'], shape, job)] },
  lif_simulate: {
    tensors: ({ job }) => [...job.record].map((name) => recorded(name, job)),
    selection: { path: '/record', rule: () => 'must name one field that is not "spike_times"' },
  },
  lif_grad: {
    tensors: ({ job, gradShapes }) => [
      floats(['loss'], [job.problem.neurons], job, true),
      counts(job.problem, true),
      ...job.wrt.map((name) => floats(['grad', name], gradShapes[name], job)),
    ],
    selection: { path: '/wrt', rule: ({ job: { wrt } }) => `must name one quantity, got ${wrt.join(', ')}` },
  },
};

/** The outline of a plan's answer. */
export function responseOutline(plan: Plan): ResponseOutline {
  const { job } = plan;
  const kind: ResponseKind<Operation> = kinds[job.kind];
  return { plan, surrogates: 'surrogates' in job ? job.surrogates : [], tensors: kind.tensors(plan) };
}

function recorded(name: Recordable, job: LifSimulateJob): TensorOutline {
  const { problem } = job;
  const { neurons, steps } = problem;
  if (name === 'spike_times') return { ...floats([name], [recordedValues(name, problem)], job), rows: neurons };
  if (name === 'spike_counts') return counts(problem);
  if (!isPerStep(name)) return floats([name], [neurons], job);
  const outline = records[name].type === 'uint8' ? spikes(name, [neurons, steps]) : floats([name], [neurons, steps], job);
  return isLongRun(job) ? { ...outline, streams: name } : outline;
}

function floats(path: TensorOutline['path'], shape: readonly number[], job: Job, isByProduct = false): TensorOutline {
  const type = dtypeOf(job);
  return { path, shape, type, textBytes: 1 + (type === 'float32' ? maxFloat32TextLength : maxFloat64TextLength), isByProduct };
}

function spikes(name: string, shape: readonly number[]): TensorOutline {
  return { path: [name], shape, type: 'uint8', textBytes: 2, isByProduct: false };
}

function counts({ neurons, steps }: LifProblem, isByProduct = false): TensorOutline {
  return { path: ['spike_counts'], shape: [neurons], type: 'int32', textBytes: 1 + String(steps).length, isByProduct };
}

/**
 * Checks that an answer is a single tensor beside its by-products, since an npy file holds one.
 *
 * @throws {Problem} `invalid_request` that says what to select.
 */
export function requireOneTensor({ plan, surrogates, tensors }: ResponseOutline): void {
  const refuse = (path: string, rule: string) => invalidRequest([{ path, message: `${rule}, since an npy answer holds one tensor` }]);
  if (surrogates.length > 1) throw refuse('/surrogate', `must be one surrogate, got ${surrogates.length}`);
  const [first, ...more] = tensors.filter(({ isByProduct }) => !isByProduct);
  const { selection }: ResponseKind<Operation> = kinds[plan.job.kind];
  if (selection !== undefined && (more.length > 0 || first?.rows !== undefined)) throw refuse(selection.path, selection.rule(plan));
}

/** The formats of answers: JSON with tensors as numbers or in base64, framed, as an npy file, or by the Open Inference Protocol. */
export type AnswerFormat = 'json' | 'base64' | 'framed' | 'npy' | 'inference';

/** The most bytes that an answer may have. */
export interface AnswerSize {
  readonly bytes: number;
  /** Those of them that are computed while the answer is sent. */
  readonly streamedBytes: number;
}

/** Everything in an answer but its surrogates and tensors. */
const frameBytes = 2048;
/** A parameter's number, and the JSON around it and its name. */
const parameterBytes = 32;
/** The JSON around a tensor, without its names and its shape. */
const headBytes = 128;
/** A length of a shape, and its comma. */
const lengthBytes = 17;

/** An upper bound of an answer's bytes. */
export function answerSize({ plan: { reply }, surrogates, tensors }: ResponseOutline, format: AnswerFormat): AnswerSize {
  let tensorBytes = 0;
  let streamedBytes = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor, format, reply);
    tensorBytes += bytes;
    if (tensor.streams !== undefined) streamedBytes += bytes;
  }
  let bytes = frameBytes + tensorBytes * Math.max(1, surrogates.length);
  for (const surrogate of surrogates) bytes += surrogateBytes(surrogate);
  // Any character of an id may be escaped with six.
  if (reply?.id !== undefined) bytes += 6 * reply.id.length;
  return { bytes, streamedBytes };
}

/** @throws {Problem} `too_much_work` when an answer may have more bytes than one request may ask for. */
export function checkAnswerSize(outline: ResponseOutline, format: AnswerFormat, limits: Limits): void {
  const { bytes, streamedBytes } = answerSize(outline, format);
  checkAnswerBytes(bytes - streamedBytes, limits);
}

/** Bytes of a tensor's numbers. */
export function binaryBytes({ shape, type }: TensorOutline): number {
  return sizeOf(shape) * bytesPerValue[type];
}

function surrogateBytes({ name, parameters }: Surrogate): number {
  let bytes = headBytes + name.length;
  for (const parameter in parameters) {
    const value = parameters[parameter]!;
    bytes += parameter.length + parameterBytes * (typeof value === 'number' ? 1 : 1 + value.length);
  }
  return bytes;
}

function bytesOf(tensor: TensorOutline, format: AnswerFormat, reply: InferenceReply | undefined): number {
  const { path, shape, textBytes, rows } = tensor;
  const binary = binaryBytes(tensor);
  const text = sizeOf(shape) * textBytes;
  const head = headBytes + lengthBytes * shape.length;
  switch (format) {
    case 'json':
      return head + text + 3 * (rows === undefined ? TensorText.arrays(shape) : rows + 1);
    case 'base64':
      return rows === undefined ? head + 4 * Math.ceil(binary / 3) : bytesOf(tensor, 'json', reply);
    case 'framed':
    case 'npy':
      return head + binary + offsetBytes(rows);
    case 'inference': {
      const isWanted = reply?.outputs?.includes(path.join('_')) ?? true;
      return (isWanted ? head + Math.max(text, binary) : 0) + offsetBytes(rows);
    }
  }
}

/** The offset of each row, as a tensor of its own. */
function offsetBytes(rows: number | undefined): number {
  return rows === undefined ? 0 : headBytes + lengthBytes + 11 * (rows + 1);
}
