import { decodeTensor } from '../../codecs/tensor.ts';
import { recordedValues, resultValues } from '../../compute/job-size.ts';
import {
  records,
  type LifGradJob,
  type LifJvpJob,
  type LifSimulateJob,
  type Loss,
  type Quantity,
  type RecordLoss,
} from '../../compute/jobs.ts';
import { isLongRun, isPerStep } from '../../compute/long-run.ts';
import { pendingCotangents, recordLossValues } from '../../compute/losses/record-loss.ts';
import type { Surrogate } from '../../compute/surrogates/definition.ts';
import { checkStreamed, checkValues, type Limits } from '../../config/limits.ts';
import { describe, pointerSegment, shapeText } from '../../errors/describe.ts';
import { InputErrors } from '../../errors/input-errors.ts';
import type { LifGradRequest, LifJvpRequest, LifSimulateRequest } from '../../schemas/lif.ts';
import { perNeuron, perStep, type BatchAxes, withTimeLast } from './batch-axes.ts';
import { checkThreshold, readLifProblem, type ReadProblem } from './neuron-problem.ts';
import { checkHasGradient, checkLossOfNeuron, decodeLoss, lossOf, recordLossOf, statesIn } from './losses.ts';
import { hasSpikes, readNeuron, type GivenTensor, type Neuron } from './neurons.ts';
import { readOptions } from '../options.ts';
import type { PlannedGradient, Plans } from '../plan.ts';
import { DifferentiableQuantities, stateName } from './quantities.ts';
import { readNeuronSurrogates } from '../surrogates/surrogates.ts';
import { distinctNames, type NameSet } from '../validation.ts';

const defaultRecord = ['spike_counts', 'firing_rates'];
const defaultWrt = ['current'];

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifSimulatePlan(request: LifSimulateRequest, limits: Limits): Plans['lif_simulate'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const neuron = readNeuron(request, errors, limits);
  const read = {
    record: neuron && distinctNames(request.record ?? defaultRecord, recordNames(neuron), '/record', errors),
    surrogate: neuron && smoothSurrogate(request, neuron, errors),
  };
  const { problem, axes } = readLifProblem(request, { neuron, runs: 1 }, errors, limits);
  const { record, surrogate } = errors.requireAll(read);
  const streamable: LifSimulateJob = { kind: 'lif_simulate', ...precision, problem, record, ...surrogate };
  const job = axes?.timeFirst === true ? { ...streamable, keepsSeries: true } : streamable;
  const streams = isLongRun(job);
  let kept = 0;
  let streamed = 0;
  for (const name of record) {
    if (streams && isPerStep(name)) streamed += recordedValues(name, problem);
    else kept += recordedValues(name, problem);
  }
  checkValues(kept, recordingOf(record, axes), limits);
  checkStreamed(streamed, limits);
  return { job, axes, options };
}

function recordingOf(record: ReadonlySet<string>, axes: BatchAxes | undefined): string {
  const names = [...record].join(', ');
  return axes?.timeFirst === true ? `Recording ${names} with time_axis 0, which is not streamed as with time last,` : `Recording ${names}`;
}

/** The names of `record`: the fixed ones, and each state but v. */
function recordNames(neuron: Neuron): NameSet {
  const states = () => neuron.program.step.states.filter((state) => state !== 'v');
  return {
    has: (name): name is string => Object.hasOwn(records, name) || states().includes(name),
    list: () => [...Object.keys(records), ...states()],
  };
}

/** The surrogate of a smooth run, in whose place others have none. */
function smoothSurrogate(
  { surrogate, forward }: LifSimulateRequest,
  neuron: Neuron,
  errors: InputErrors,
): Pick<LifSimulateJob, 'surrogate'> | null {
  if (forward !== 'smooth') {
    if (surrogate === undefined) return {};
    return errors.add('/surrogate', 'has no effect on spikes; leave it out, or ask for "forward": "smooth"');
  }
  if (Array.isArray(surrogate)) return errors.add('/surrogate', `must be one surrogate, got ${describe(surrogate)}`);
  const [one] = readNeuronSurrogates(surrogate, neuron, errors) ?? [];
  return one === undefined ? null : { surrogate: one };
}

/** What gradients and tangents have in common. */
interface Differentiated extends ReadProblem {
  readonly surrogates: readonly Surrogate[];
  readonly quantities: DifferentiableQuantities;
  readonly loss: Loss;
  readonly recordLoss: RecordLoss | undefined;
}

/** Reads all of a request but what it differentiates by. */
function readDifferentiated<Names extends object>(
  request: Omit<LifGradRequest, 'wrt'>,
  readNames: (quantities: DifferentiableQuantities) => Names | null,
  errors: InputErrors,
  limits: Limits,
): Differentiated & { readonly names: Names } {
  const neuron = readNeuron(request, errors, limits);
  const surrogates = neuron && readNeuronSurrogates(request.surrogate, neuron, errors);
  const quantities = neuron && new DifferentiableQuantities(neuron, hasSpikes(neuron) ? (surrogates ?? []) : []);
  const names = quantities && readNames(quantities);
  const { loss: lossRequest = { type: 'spike_count' } } = request;
  const tensors = decodeLoss(lossRequest, errors, limits);
  if (neuron !== null) {
    checkHasGradient(neuron, errors);
    checkLossOfNeuron(neuron, request.loss, errors);
  }
  const batch = readLifProblem(request, { neuron, runs: surrogates?.length ?? 1 }, errors, limits);
  const { problem, axes, shapeOf } = batch;
  const recordLoss = recordLossOf(tensors, batch, errors, limits);
  const loss = recordLoss === undefined ? lossOf(tensors, batch, errors, limits) : pendingCotangents(recordLoss, problem);
  checkThreshold(surrogates ?? [], problem, errors);
  const read = errors.requireAll({ surrogates, quantities, names });
  // Spread objects cost a small request microseconds.
  return { problem, axes, shapeOf, surrogates: read.surrogates, quantities: read.quantities, names: read.names, loss, recordLoss };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifGradPlan(request: LifGradRequest, limits: Limits): Plans['lif_grad'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const readWrt = (quantities: DifferentiableQuantities) => distinctNames(request.wrt ?? defaultWrt, quantities, '/wrt', errors);
  const batch = readDifferentiated(request, readWrt, errors, limits);
  const { problem, axes, surrogates, loss, recordLoss, names, quantities, shapeOf } = batch;
  const gradients: PlannedGradient[] = [];
  for (const given of names) for (const { name, path } of quantities.of(given)) gradients.push({ name, path, shape: shapeOf(name) });
  const wrt = [...new Set(gradients.map(({ name }) => name))];
  const job: LifGradJob = { kind: 'lif_grad', ...precision, problem, surrogates, loss, wrt };
  checkValues(resultValues(job), 'The gradients', limits);
  if (recordLoss === undefined) return { job, axes, gradients, options };
  checkLossValues(job, recordLoss, limits);
  return { job, axes, gradients, options, recordLoss };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifJvpPlan(request: LifJvpRequest, limits: Limits): Plans['lif_jvp'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const readTangents = (quantities: DifferentiableQuantities) => decodeTangents(request.tangents, quantities, errors, limits);
  const batch = readDifferentiated(request, readTangents, errors, limits);
  const { problem, axes, surrogates, loss, recordLoss, names, shapeOf } = batch;
  const tangents: Record<string, Quantity> = {};
  for (const [name, { path, tensor }] of names) {
    const shape = shapeOf(name);
    if (tensor.shape.length > 0 && shapeText(tensor.shape) !== shapeText(shape)) {
      errors.add(path, `must be a number or of the shape ${shapeText(shape)} of its quantity, got shape ${shapeText(tensor.shape)}`);
    } else if (name === 'current' && shape.length > 1 && tensor.shape.length > 1) {
      tangents[name] = perStep({ path, tensor: withTimeLast(tensor, axes?.timeFirst === true) }, batch, limits, shape);
    } else {
      const tangent = perNeuron({ path, tensor }, batch, errors);
      if (tangent !== null) tangents[name] = tangent;
    }
  }
  errors.throwIfAny();
  const job: LifJvpJob = { kind: 'lif_jvp', ...precision, problem, surrogates, loss, tangents };
  checkValues(resultValues(job), 'The tangents', limits);
  if (recordLoss === undefined) return { job, axes, options };
  checkLossValues(job, recordLoss, limits);
  return { job, axes, options, recordLoss };
}

/** Checks how many numbers are recorded and made for a loss of a run's records. */
function checkLossValues(job: LifGradJob | LifJvpJob, loss: RecordLoss, limits: Limits): void {
  checkValues(recordLossValues(job, loss), `The records and cotangents of the loss ${loss.type}`, limits);
}

/** The tangents of a request by the names of their quantities. */
function decodeTangents(
  given: LifJvpRequest['tangents'],
  quantities: DifferentiableQuantities,
  errors: InputErrors,
  limits: Limits,
): ReadonlyMap<string, GivenTensor> | null {
  const pathOf = (name: unknown) => `/tangents${pointerSegment(String(name))}`;
  const names = distinctNames(Object.keys(given), quantities, '/tangents', errors, pathOf);
  const tangents = new Map<string, GivenTensor>();
  const decode = (name: string, value: unknown, path: string) => {
    if (tangents.has(name)) return errors.add(path, `the tangent of ${name} is given twice`);
    const tensor = decodeTensor(value, path, errors, limits);
    return tensor && tangents.set(name, { path, tensor });
  };
  for (const name of names ?? []) {
    const path = pathOf(name);
    const value: unknown = given[name];
    if (name !== stateName) decode(name, value, path);
    else
      for (const [state, one] of statesIn(value, quantities.states(), path, errors))
        decode(`${state}_init`, one, path + pointerSegment(state));
  }
  return names && tangents;
}
