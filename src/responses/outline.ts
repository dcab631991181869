import { maxFloat32TextLength, maxFloat64TextLength } from '../codecs/json-numbers/index.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import { bytesPerValue, type BytesType } from '../codecs/tensor-bytes.ts';
import { TensorText } from '../codecs/tensor-text.ts';
import { recordedValues } from '../compute/job-size.ts';
import { dtypeOf, recordPer, type Job, type LifGradJob, type LifJvpJob, type LifSimulateJob, type RecordLoss } from '../compute/jobs.ts';
import { layerProblem, parseLayerPath } from '../compute/networks/layers.ts';
import { isLongRun } from '../compute/long-run.ts';
import { couplesNeurons } from '../compute/losses/record-loss.ts';
import { programOf } from '../compute/neurons/terms.ts';
import type { NeuronProgram } from '../compute/neurons/program.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkAnswerBytes, type Limits } from '../config/limits.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { neuronShape, stepShape, type Batch, type BatchAxes } from '../requests/neurons/batch-axes.ts';
import { axesOf, type InferenceReply, type Operation, type Plan, type Plans } from '../requests/plan.ts';
import { neuronOf, settingBytes } from './neuron-settings.ts';

export type TensorPath = readonly (string | number)[];

/** A tensor of an answer, as far as the plan alone tells. */
export interface TensorOutline {
  /** The fields in which it stands, outermost first; a number is a place in a list. */
  readonly path: TensorPath;
  /** The keys under which a result has its values, outermost first. */
  readonly source: TensorPath;
  /** Of spike times, which are rows of unknown lengths, the most numbers that all rows together may have. */
  readonly shape: readonly number[];
  readonly type: BytesType;
  /** The most bytes of JSON that a number and its comma take. */
  readonly textBytes: number;
  /** The shape of the rows, where they have different lengths. */
  readonly rows?: readonly number[];
  /** Whether its values have time last, though its shape has it first. */
  readonly timeFirst?: boolean;
  /** The record, where it is computed while the answer is sent. */
  readonly streams?: string;
  /** Whether it accompanies the tensors that the request selects. */
  readonly isByProduct: boolean;
}

/** The surrogate of each result: none where the operation has one result only, a single undefined for a neuron that never spikes. */
export type ResultSurrogates = readonly (Surrogate | undefined)[];

/** What each result of an answer holds. */
interface ResultsOutline {
  readonly surrogates: ResultSurrogates;
  /** The same for every result. */
  readonly tensors: readonly TensorOutline[];
}

/** The surrogates and tensors of a plan's answer. */
export interface ResponseOutline extends ResultsOutline {
  readonly plan: Plan;
}

interface ResponseKind<O extends Operation> {
  outline(plan: Plans[O]): ResultsOutline;
  /** The field of the request that selects tensors, and what to say of it where only one can be answered. */
  readonly selection?: { readonly path: string; rule(plan: Plans[O]): string };
}

const kinds: { readonly [O in Operation]: ResponseKind<O> } = {
  surrogate_eval: {
    outline: ({ job, shape }) => ({
      surrogates: job.surrogates,
      tensors: [...(job.outputs.spike ? [spikes(['spike'], shape)] : []), ...(job.outputs.value ? [floats(['value'], shape, job)] : [])],
    }),
    selection: { path: '/outputs', rule: () => 'must be "spike" or "value"' },
  },
  surrogate_grad: { outline: ({ job, shape }) => ({ surrogates: job.surrogates, tensors: [floats(['grad'], shape, job)] }) },
  lif_simulate: {
    outline: (plan) => ({ surrogates: [], tensors: [...plan.job.record].flatMap((name) => recorded(name, plan)) }),
    selection: {
      path: '/record',
      rule: ({ job: { record } }) => `must name one field that is not "spike_times"${record.has('state') ? ' or "state"' : ''}`,
    },
  },
  lif_grad: {
    outline: ({ job, axes, gradients, recordLoss }) => {
      const { problem } = job;
      const program = programOf(problem);
      return {
        surrogates: surrogatesOf(job, program),
        tensors: [
          floats(['loss'], lossShape({ problem, axes }, recordLoss), job, { isByProduct: true }),
          counts({ problem, axes }, program, true),
          ...gradients.map(({ name, path, shape }) => {
            const timeFirst = axes?.timeFirst === true && name === 'current' && shape.length > 1;
            return floats(path, shape, job, { source: ['grad', name], timeFirst });
          }),
        ],
      };
    },
    selection: { path: '/wrt', rule: ({ job: { wrt } }) => `must name one quantity, got ${wrt.join(', ')}` },
  },
  lif_jvp: {
    outline: ({ job, axes, recordLoss }) => {
      const { problem } = job;
      const perStep = (name: string) => floats([name], stepShape({ problem, axes }), job, { timeFirst: axes?.timeFirst === true });
      return {
        surrogates: surrogatesOf(job, programOf(problem)),
        tensors: [perStep('spikes'), perStep('v'), floats(['loss'], lossShape({ problem, axes }, recordLoss), job)],
      };
    },
    selection: { path: '', rule: () => 'asks for the tensors "spikes", "v" and "loss": accept JSON or framed bytes' },
  },
  network_simulate: {
    outline: (plan) => ({ surrogates: [], tensors: [...layerCounts(plan), ...plan.job.record.map((path) => recordedOfLayer(path, plan))] }),
    selection: { path: '/record', rule: () => 'must name one record' },
  },
  network_grad: {
    outline: (plan) => {
      const { job, timeFirst, quantities } = plan;
      const byProduct = (name: string, shape: readonly number[]) => floats([name], shape, job, { isByProduct: true });
      return {
        surrogates: [],
        tensors: [
          byProduct('loss', [job.network.samples]),
          byProduct('reduced_loss', []),
          ...(job.loss.type === 'cross_entropy' ? [byProduct('accuracy', [])] : []),
          ...layerCounts(plan),
          ...quantities.map(({ name, path, shape }) => floats(path, shape, job, { timeFirst: timeFirst && name === 'input' })),
        ],
      };
    },
    selection: { path: '/wrt', rule: ({ job: { wrt } }) => `must name one quantity, got ${wrt.join(', ')}` },
  },
};

/** From here on float32 may not tell the times of two steps apart: as text they are float64. */
export const maxFloat32Steps = 2 ** 23;

/** The outline of a plan's answer. */
export function responseOutline(plan: Plan): ResponseOutline {
  const kind: ResponseKind<Operation> = kinds[plan.job.kind];
  const { surrogates, tensors } = kind.outline(plan);
  return { plan, surrogates, tensors };
}

/** A neuron that never spikes has one result, whatever its job's surrogate. */
function surrogatesOf({ surrogates }: LifGradJob | LifJvpJob, { step }: NeuronProgram): ResultSurrogates {
  return step.spike === undefined ? [undefined] : surrogates;
}

/** [..., B]; of a loss that couples the neurons of a sample it has no axis of neurons, as a mean over that axis would have none. */
function lossShape(batch: Batch, loss: RecordLoss | undefined): readonly number[] {
  const shape = neuronShape(batch);
  return loss !== undefined && couplesNeurons(loss) ? shape.slice(0, -1) : shape;
}

function recorded(name: string, { job, axes }: Plans['lif_simulate']): TensorOutline[] {
  const { problem } = job;
  const shape = neuronShape({ problem, axes });
  switch (name) {
    case 'spike_counts':
      return [counts({ problem, axes }, programOf(problem))];
    case 'spike_times': {
      const times = floats([name], [recordedValues(name, problem)], job);
      const textBytes = problem.steps > maxFloat32Steps ? 1 + maxFloat64TextLength : times.textBytes;
      return [{ ...times, textBytes, rows: shape }];
    }
    case 'state':
      return programOf(problem).step.states.map((state) => floats([name, state], shape, job));
    default:
      return [recordPer(name) === 'step' ? series(name, job, axes) : floats([name], shape, job)];
  }
}

/** A record with a number for each neuron and step. */
function series(name: string, job: LifSimulateJob, axes: BatchAxes | undefined): TensorOutline {
  const { problem } = job;
  const shape = stepShape({ problem, axes });
  const source = ['series', name];
  const timeFirst = axes?.timeFirst === true;
  const isBits = name === 'spikes' && programOf(problem).step.spikes === undefined;
  const outline = isBits ? spikes([name], shape, { source, timeFirst }) : floats([name], shape, job, { source, timeFirst });
  return isLongRun(job) ? { ...outline, streams: name } : outline;
}

/** Spike counts of each layer, [samples, neurons]. */
function layerCounts({ job: { network } }: Plans['network_simulate'] | Plans['network_grad']): TensorOutline[] {
  const { samples, layers } = network;
  return layers.map(({ neurons }, layer) => {
    const problem = layerProblem(network, layer);
    const axes = { neurons: [samples, neurons], timeFirst: false, sharesParameters: true };
    const path = ['spike_counts', layer];
    return { ...counts({ problem, axes }, programOf(problem), true), path, source: path };
  });
}

function recordedOfLayer(path: string, { job, timeFirst }: Plans['network_simulate']): TensorOutline {
  const { network } = job;
  const { samples, steps, layers } = network;
  const { layer, name } = parseLayerPath(path)!;
  const rows = [samples, layers[layer]!.neurons];
  const place = ['record', path];
  const source = ['records', path];
  if (recordPer(name) !== 'step') return floats(place, rows, job, { source });
  const shape = timeFirst ? [steps, ...rows] : [...rows, steps];
  const isBits = name === 'spikes' && programOf(layerProblem(network, layer)).step.spikes === undefined;
  return isBits ? spikes(place, shape, { source, timeFirst }) : floats(place, shape, job, { source, timeFirst });
}

function floats(
  path: TensorPath,
  shape: readonly number[],
  job: Job,
  { source = path, isByProduct = false, timeFirst = false }: Partial<Pick<TensorOutline, 'source' | 'isByProduct' | 'timeFirst'>> = {},
): TensorOutline {
  const type = dtypeOf(job);
  const textBytes = 1 + (type === 'float32' ? maxFloat32TextLength : maxFloat64TextLength);
  return { path, source, shape, type, textBytes, timeFirst, isByProduct };
}

function spikes(
  path: TensorPath,
  shape: readonly number[],
  { source = path, timeFirst = false }: Partial<Pick<TensorOutline, 'source' | 'timeFirst'>> = {},
): TensorOutline {
  return { path, source, shape, type: 'uint8', textBytes: 2, timeFirst, isByProduct: false };
}

const maxInt32TextLength = 10;

/** Spike counts: of a neuron that fires at most once a step no more than the steps. */
function counts(batch: Batch, { step }: NeuronProgram, isByProduct = false): TensorOutline {
  const path = ['spike_counts'];
  const textLength = step.count === undefined ? String(batch.problem.steps).length : maxInt32TextLength;
  return { path, source: path, shape: neuronShape(batch), type: 'int32', textBytes: 1 + textLength, isByProduct };
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
  if (selection !== undefined && (first === undefined || more.length > 0 || first.rows !== undefined))
    throw refuse(selection.path, selection.rule(plan));
}

/** The formats of answers: JSON with tensors as numbers or in base64, framed, as an npy file, or by the Open Inference Protocol. */
export type AnswerFormat = 'json' | 'base64' | 'framed' | 'npy' | 'inference';

/** The most bytes that an answer may have. */
export interface AnswerSize {
  readonly bytes: number;
  /** Those of them that are computed while the answer is sent. */
  readonly streamedBytes: number;
}

/** Everything in an answer but its surrogates, tensors and neuron. */
const frameBytes = 4096;
/** A parameter's number, and the JSON around it and its name. */
const parameterBytes = 32;
/** The JSON around a tensor, without its names and its shape. */
const headBytes = 128;
/** A length of a shape, and its comma. */
const lengthBytes = 17;

/** An upper bound of an answer's bytes. */
export function answerSize({ plan, surrogates, tensors }: ResponseOutline, format: AnswerFormat): AnswerSize {
  const { reply } = plan;
  let tensorBytes = 0;
  let streamedBytes = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor, format, reply);
    tensorBytes += bytes;
    if (tensor.streams !== undefined) streamedBytes += bytes;
  }
  let bytes = frameBytes + tensorBytes * Math.max(1, surrogates.length);
  for (const surrogate of surrogates) if (surrogate !== undefined) bytes += surrogateBytes(surrogate);
  const neuron = neuronOf(plan);
  if (neuron !== undefined) bytes += settingBytes(neuron, axesOf(plan));
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
      return head + text + 3 * TensorText.arrays(rows === undefined ? shape : [...rows, 1]);
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
function offsetBytes(rows: readonly number[] | undefined): number {
  return rows === undefined ? 0 : headBytes + lengthBytes + 11 * (sizeOf(rows) + 1);
}
