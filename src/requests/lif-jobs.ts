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
import { recordedValues, resultValues } from '../compute/job-size.ts';
import { isLongRun, isPerStep } from '../compute/long-run.ts';
import { shapeText } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { checkStreamed, checkValues, type Limits } from '../config/limits.ts';
import type { LifGradRequest, LifSimulateRequest, Loss as LossRequest } from '../schemas/lif-routes.ts';
import { isPerNeuron, neuronQuantity, readLifProblem, stepQuantity } from './lif-problem.ts';
import { distinctNames } from './names.ts';
import { arithmetic, runOptions, type LifGradPlan, type LifSimulatePlan } from './plan.ts';
import { resolveSurrogates } from './surrogates.ts';
import { checkPreference } from './backend-preference.ts';

const defaultRecord: readonly Recordable[] = ['spike_counts', 'firing_rates'];
const defaultWrt: readonly Differentiable[] = ['current'];

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifSimulatePlan(request: LifSimulateRequest, limits: Limits): LifSimulatePlan {
  const errors = new InputErrors();
  checkPreference(request, errors);
  const record = distinctNames(request.record ?? defaultRecord, recordable, '/record', errors);
  const { problem } = readLifProblem(request, 1, errors, limits);
  const job: LifSimulateJob = { kind: 'lif_simulate', ...arithmetic(request), problem, record: record! };
  const streams = isLongRun(job);
  let kept = 0;
  let streamed = 0;
  for (const name of record!) {
    if (streams && isPerStep(name)) streamed += recordedValues(name, problem);
    else kept += recordedValues(name, problem);
  }
  checkValues(kept, `Recording ${[...record!].join(', ')}`, limits);
  checkStreamed(streamed, limits);
  return { job, options: runOptions(request) };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function lifGradPlan(request: LifGradRequest, limits: Limits): LifGradPlan {
  const errors = new InputErrors();
  checkPreference(request, errors);
  const surrogates = resolveSurrogates(request.surrogate ?? 'sigmoid', errors);
  const wrt = distinctNames(request.wrt ?? defaultWrt, differentiable, '/wrt', errors);
  const tensors = decodeLoss(request.loss, errors, limits);
  const { problem, givenShapes } = readLifProblem(request, surrogates?.length ?? 1, errors, limits);
  const loss = fitLoss(tensors, problem, errors, limits);
  errors.throwIfAny();

  const job: LifGradJob = {
    kind: 'lif_grad',
    ...arithmetic(request),
    problem,
    surrogates: surrogates!,
    loss,
    detachReset: request.detach_reset ?? false,
    wrt: [...wrt!],
  };
  checkValues(resultValues(job), 'The gradients', limits);
  return { job, gradShapes: givenShapes, options: runOptions(request) };
}

/** A loss whose tensors are decoded, but not yet known to fit the problem. */
type DecodedLoss =
  | { readonly type: 'spike_count' }
  | { readonly type: 'firing_rate_mse'; readonly target: Tensor | null }
  | { readonly type: 'cotangent'; readonly spikes: Tensor | null; readonly v: Tensor | null };

function decodeLoss(loss: LossRequest | undefined, errors: InputErrors, limits: Limits): DecodedLoss {
  const decode = (name: string, value: unknown): Tensor | null =>
    value === undefined ? null : decodeTensor(value, `/loss/${name}`, errors, limits);
  switch (loss?.type) {
    case undefined:
    case 'spike_count':
      return { type: 'spike_count' };
    case 'firing_rate_mse':
      return { type: 'firing_rate_mse', target: decode('target', loss.target) };
    case 'cotangent':
      if (loss.spikes === undefined && loss.v === undefined) {
        errors.add('/loss', 'of type "cotangent" needs "spikes", "v" or both');
      }
      return { type: 'cotangent', spikes: decode('spikes', loss.spikes), v: decode('v', loss.v) };
  }
}

function fitLoss(loss: DecodedLoss, problem: LifProblem, errors: InputErrors, limits: Limits): Loss {
  switch (loss.type) {
    case 'spike_count':
      return loss;
    case 'firing_rate_mse': {
      const target = loss.target!;
      if (isPerNeuron(target, '/loss/target', errors)) checkNeurons(target, '/loss/target', problem, errors);
      return { type: 'firing_rate_mse', target: neuronQuantity(target) };
    }
    case 'cotangent': {
      const spikes = loss.spikes && fitCotangent(loss.spikes, '/loss/spikes', problem, errors, limits);
      const v = loss.v && fitCotangent(loss.v, '/loss/v', problem, errors, limits);
      return { type: 'cotangent', ...(spikes && { spikes }), ...(v && { v }) };
    }
  }
}

function fitCotangent(tensor: Tensor, path: string, problem: LifProblem, errors: InputErrors, limits: Limits): Quantity | null {
  const { shape } = tensor;
  const wanted = `[${problem.neurons}, ${problem.steps}]`;
  if (shape.length !== 0 && (shape.length !== 2 || shape[1] !== problem.steps)) {
    return errors.add(path, `must be a number or of shape [B, T] = ${wanted}, got shape ${shapeText(shape)}`);
  }
  return checkNeurons(tensor, path, problem, errors) ? stepQuantity(tensor, problem.neurons, path, limits) : null;
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
