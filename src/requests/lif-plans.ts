import type { Tensor } from '../codecs/ndarray.ts';
import { decodeTensor } from '../codecs/tensor.ts';
import {
  differentiable,
  recordable,
  type Differentiable,
  type LifGradJob,
  type LifProblem,
  type LifSimulateJob,
  type Loss,
  type Quantity,
  type Recordable,
} from '../compute/jobs.ts';
import { extremes } from '../compute/generated-numbers.ts';
import { recordedValues, resultValues } from '../compute/job-size.ts';
import { isLongRun, isPerStep } from '../compute/long-run.ts';
import { surrogateDefinition } from '../compute/surrogates/catalogue.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkStreamed, checkValues, type Limits } from '../config/limits.ts';
import { shapeText } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import type { LifGradRequest, LifSimulateRequest, Loss as LossRequest } from '../schemas/lif.ts';
import { isPerNeuron, neuronQuantity, readLifProblem, stepQuantity } from './lif-problem.ts';
import { readOptions, type Plans } from './plan.ts';
import { resolveSurrogates } from './surrogates.ts';
import { distinctNames } from './validation.ts';

const defaultRecord: readonly Recordable[] = ['spike_counts', 'firing_rates'];
const defaultWrt: readonly Differentiable[] = ['current'];

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifSimulatePlan(request: LifSimulateRequest, limits: Limits): Plans['lif_simulate'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const read = { record: distinctNames(request.record ?? defaultRecord, recordable, '/record', errors) };
  const { problem } = readLifProblem(request, 1, errors, limits);
  const { record } = errors.requireAll(read);
  const job: LifSimulateJob = { kind: 'lif_simulate', ...precision, problem, record };
  const streams = isLongRun(job);
  let kept = 0;
  let streamed = 0;
  for (const name of record) {
    if (streams && isPerStep(name)) streamed += recordedValues(name, problem);
    else kept += recordedValues(name, problem);
  }
  checkValues(kept, `Recording ${[...record].join(', ')}`, limits);
  checkStreamed(streamed, limits);
  return { job, options };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifGradPlan(request: LifGradRequest, limits: Limits): Plans['lif_grad'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const read = {
    surrogates: resolveSurrogates(request.surrogate ?? 'sigmoid', errors),
    wrt: distinctNames(request.wrt ?? defaultWrt, differentiable, '/wrt', errors),
  };
  const tensors = decodeLoss(request.loss ?? { type: 'spike_count' }, errors, limits);
  const { problem, givenShapes } = readLifProblem(request, read.surrogates?.length ?? 1, errors, limits);
  const loss = lossOf(tensors, problem, errors, limits);
  checkScale(read.surrogates ?? [], problem, errors);
  const { surrogates, wrt } = errors.requireAll(read);

  const detachReset = request.detach_reset ?? false;
  const job: LifGradJob = { kind: 'lif_grad', ...precision, problem, surrogates, loss, detachReset, wrt: [...wrt] };
  checkValues(resultValues(job), 'The gradients', limits);
  return { job, gradShapes: givenShapes, options };
}

/** Surrogates whose width is a multiple of the threshold need a positive one. */
function checkScale(surrogates: readonly Surrogate[], { v_threshold: threshold }: LifProblem, errors: InputErrors): void {
  const scaling = surrogates.find(({ name }) => surrogateDefinition(name).scalesWithThreshold);
  if (scaling === undefined) return;
  for (const value of threshold.per === 'scalar' ? [threshold.value] : extremes(threshold.values)) {
    if (Math.fround(value) > 0) continue;
    errors.add('/neuron/v_threshold', `must be above 0 for ${scaling.name}, which scales with it, got ${value}`);
    return;
  }
}

/** A loss's type and its tensors, before they are compared with the problem. */
interface DecodedLoss {
  readonly type: Loss['type'];
  readonly target: Tensor | null;
  readonly spikes: Tensor | null;
  readonly v: Tensor | null;
}

function decodeLoss({ type, ...tensors }: LossRequest, errors: InputErrors, limits: Limits): DecodedLoss {
  const given: Readonly<Partial<Record<'target' | 'spikes' | 'v', unknown>>> = tensors;
  if (type === 'cotangent' && given.spikes === undefined && given.v === undefined)
    errors.add('/loss', 'of type "cotangent" needs "spikes", "v" or both');
  const decode = (name: keyof typeof given) =>
    given[name] === undefined ? null : decodeTensor(given[name], `/loss/${name}`, errors, limits);
  return { type, target: decode('target'), spikes: decode('spikes'), v: decode('v') };
}

/** A decoded loss as the problem's; tensors that do not fit it go to `errors`. */
function lossOf({ type, target, spikes, v }: DecodedLoss, problem: LifProblem, errors: InputErrors, limits: Limits): Loss {
  if (type === 'firing_rate_mse' && target) {
    if (isPerNeuron(target, '/loss/target', errors)) checkNeurons(target, '/loss/target', problem, errors);
    return { type, target: neuronQuantity(target) };
  }
  if (type !== 'cotangent') return { type: 'spike_count' };
  const cotangents = {
    spikes: spikes && cotangentOf(spikes, '/loss/spikes', problem, errors, limits),
    v: v && cotangentOf(v, '/loss/v', problem, errors, limits),
  };
  return { type, ...(cotangents.spikes && { spikes: cotangents.spikes }), ...(cotangents.v && { v: cotangents.v }) };
}

function cotangentOf(tensor: Tensor, path: string, problem: LifProblem, errors: InputErrors, limits: Limits): Quantity | null {
  const { shape } = tensor;
  const { neurons, steps } = problem;
  if (shape.length !== 0 && (shape.length !== 2 || shape[1] !== steps)) {
    return errors.add(path, `must be a number or of shape [B, T] = [${neurons}, ${steps}], got shape ${shapeText(shape)}`);
  }
  return checkNeurons(tensor, path, problem, errors) ? stepQuantity(tensor, neurons, path, limits) : null;
}

function checkNeurons({ shape }: Tensor, path: string, { neurons }: LifProblem, errors: InputErrors): boolean {
  const length = shape[0] ?? 1;
  if (length === 1 || length === neurons) return true;
  errors.add(
    path,
    `has shape ${shapeText(shape)}, for ${length} neurons, but the request has ${neurons}; the number of neurons must be the same, or 1`,
  );
  return false;
}
