import type { Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor } from '../../codecs/tensor.ts';
import { extremes, valueAt, type Numbers } from '../../compute/numbers.ts';
import {
  lossRecords,
  type Loss,
  type LossRecord,
  type NeuronProblem,
  type NeuronQuantity,
  type Quantity,
  type RecordLoss,
  type SummaryName,
} from '../../compute/jobs.ts';
import { readsFirstSpike } from '../../compute/losses/record-loss.ts';
import { summaries } from '../../compute/losses/summaries.ts';
import { programOf } from '../../compute/neurons/terms.ts';
import type { Limits } from '../../config/limits.ts';
import { describe, pointerSegment, quote, shapeText } from '../../errors/describe.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import type { Loss as LossRequest } from '../../schemas/lif.ts';
import { fullStepShape, neuronShape, perNeuron, perNeuronOrStep, type Batch } from './batch-axes.ts';
import { hasSpikes, type Neuron } from './neurons.ts';
import { unknownState } from '../words/suggestions.ts';

/** The neurons that a loss is of, with their axes. */
interface LossBatch extends Batch {
  readonly problem: NeuronProblem;
}

/** Checks that a neuron has a gradient. @param at the JSON pointer of the object in which `neuron` stands. */
export function checkHasGradient({ model }: Neuron, errors: InputErrors, at = ''): void {
  if (model.noGradient !== undefined) errors.add(`${at}/neuron/model`, `${model.name} has no gradient: ${model.noGradient}`);
}

/** Checks that a neuron has spikes where the loss is about them. */
export function checkLossOfNeuron(neuron: Neuron, loss: LossRequest | undefined, errors: InputErrors): void {
  const { model } = neuron;
  if (hasSpikes(neuron)) return;
  const why = `${model.name} has no spikes; take a loss on v, {"type": "cotangent", "v": ...} or {"type": "v_mse", "target": ...}`;
  if (loss === undefined) errors.add('/loss', `is required: ${why}`);
  else if (loss.type === 'v_mse') return;
  else if (loss.type === 'cross_entropy') {
    if (summaries[loss.on].of !== 'v')
      errors.add('/loss/on', `is ${quote(loss.on)}, but ${model.name} has no spikes; take "max_v" or "mean_v"`);
  } else if (loss.type !== 'cotangent') errors.add('/loss/type', `is ${quote(loss.type)}, but ${why}`);
  else if (loss.spikes !== undefined) errors.add('/loss/spikes', `has no effect: ${why}`);
}

/** A loss's type and its tensors, before they are compared with the problem. */
export interface DecodedLoss {
  readonly type: LossRequest['type'];
  readonly on: SummaryName | undefined;
  readonly tau: number | undefined;
  /** Null or missing for what could not be read, or was not given. */
  readonly tensors: Readonly<Partial<Record<TensorField, Tensor | null>>>;
  readonly states: Readonly<Record<string, Tensor>> | undefined;
}

const tensorFields = ['target', 'labels', 'spikes', 'v', 'v_pre'] as const;
type TensorField = (typeof tensorFields)[number];

/** The fields of all losses. */
interface LossFields extends Readonly<Partial<Record<TensorField | 'state', unknown>>> {
  readonly on?: SummaryName;
  readonly tau?: number;
}

export function decodeLoss({ type, ...fields }: LossRequest, errors: InputErrors, limits: Limits): DecodedLoss {
  const given: LossFields = fields;
  const { spikes, v, v_pre, state, on, tau } = given;
  if (type === 'cotangent' && [spikes, v, v_pre, state].every((one) => one === undefined))
    errors.add('/loss', 'of type "cotangent" needs "spikes", "v" or both, or "v_pre" or "state"');
  const states = Object.entries(state ?? {}).flatMap(([name, value]) => {
    const tensor = decodeTensor(value, `/loss/state${pointerSegment(name)}`, errors, limits);
    return tensor ? [[name, tensor] as const] : [];
  });
  const tensors: Partial<Record<TensorField, Tensor | null>> = {};
  for (const name of tensorFields)
    if (given[name] !== undefined) tensors[name] = decodeTensor(given[name], `/loss/${name}`, errors, limits);
  return { type, on, tau, tensors, states: state === undefined ? undefined : Object.fromEntries(states) };
}

/** A decoded loss as the problem's; tensors that do not fit it go to `errors`. */
export function lossOf({ type, tensors, states }: DecodedLoss, batch: LossBatch, errors: InputErrors, limits: Limits): Loss {
  if (type === 'firing_rate_mse' && tensors.target) {
    const quantity = perNeuron({ path: '/loss/target', tensor: tensors.target }, batch, errors);
    return quantity === null ? { type: 'spike_count' } : { type, target: quantity };
  }
  if (type !== 'cotangent') return { type: 'spike_count' };
  const given: Partial<Record<LossRecord, Quantity>> = {};
  for (const name of lossRecords) {
    const tensor = tensors[name];
    const quantity = tensor && perNeuronOrStep({ path: `/loss/${name}`, tensor }, batch, errors, limits);
    if (quantity) given[name] = quantity;
  }
  return { type, ...given, ...(states && { state: stateCotangents(states, batch, errors) }) };
}

/** A decoded loss of the problem's records; undefined where it is another, or does not fit the problem, of which `errors` tell then. */
export function recordLossOf(
  { type, on, tau, tensors: { target, labels } }: DecodedLoss,
  batch: LossBatch,
  errors: InputErrors,
  limits: Limits,
): RecordLoss | undefined {
  const { problem } = batch;
  const perStep = () => target && perNeuronOrStep({ path: '/loss/target', tensor: target }, batch, errors, limits);
  switch (type) {
    case 'cross_entropy': {
      const read = labels && readLabels(labels, batch, errors);
      return read && on !== undefined ? checkSmooth({ type, on, labels: read }, problem, errors) : undefined;
    }
    case 'first_spike_time_mse': {
      if (!target) return undefined;
      const times = perNeuron({ path: '/loss/target', tensor: target }, batch, errors);
      if (times === null) return undefined;
      checkTimes(target, problem, errors);
      return checkSmooth({ type, target: times }, problem, errors);
    }
    case 'van_rossum': {
      const trains = perStep();
      if (trains && trains.per !== 'step' && problem.steps > 1)
        errors.add('/loss/target', `must have the spikes of each step, shape ${fullStepShape(batch)}, or one row for all neurons`);
      return trains && tau !== undefined ? { type, target: trains, tau } : undefined;
    }
    case 'v_mse': {
      const potentials = perStep();
      return potentials ? { type, target: potentials } : undefined;
    }
    case 'spike_count':
    case 'firing_rate_mse':
    case 'cotangent':
      return undefined;
  }
}

/** Labels of the samples, which are the leading axes: of each the index of a neuron. */
function readLabels({ shape, values }: Tensor, batch: LossBatch, errors: InputErrors): Numbers | null {
  const lead = neuronShape(batch).slice(0, -1);
  const classes = neuronShape(batch).at(-1)!;
  const isOne = lead.length === 0 && values.length === 1 && shape.length <= 1;
  if (!isOne && shapeText(shape) !== shapeText(lead)) {
    const rule =
      lead.length === 0
        ? 'one number, since all neurons are the classes of one sample'
        : `one for each sample, of the shape ${shapeText(lead)} of the leading axes`;
    return errors.add('/loss/labels', `must be ${rule}; got shape ${shapeText(shape)}`);
  }
  for (let i = 0; i < values.length; i++) {
    const label = valueAt(values, i);
    if (Number.isInteger(label) && label >= 0 && label < classes) continue;
    const range = classes === 0 ? 'but the request has no neurons' : `a whole number from 0 to ${classes - 1}`;
    errors.add(shape.length === 1 ? `/loss/labels/${i}` : '/loss/labels', `must be the index of a neuron, ${range}, got ${label}`);
  }
  return values;
}

/** Checks that times to reach are in the run or after it. */
function checkTimes({ values }: Tensor, { steps, dt }: NeuronProblem, errors: InputErrors): void {
  let least = 0;
  for (const time of extremes(values)) if (time < least) least = time;
  if (least === 0) return;
  errors.add(
    '/loss/target',
    `must be times from 0 ms on, got ${least}; the last step, which snnTorch calls -1, is at ${Number(((steps - 1) * dt).toPrecision(12))} ms`,
  );
}

/** The loss, unless it is about first spikes and the run has none. */
function checkSmooth(loss: RecordLoss, { smooth }: NeuronProblem, errors: InputErrors): RecordLoss | undefined {
  if (smooth !== true || !readsFirstSpike(loss)) return loss;
  const message = 'is "smooth", which has a part of a spike in every step and no first one; leave it out, or take another loss';
  errors.add('/forward', message);
  return undefined;
}

function stateCotangents(given: Readonly<Record<string, Tensor>>, batch: LossBatch, errors: InputErrors): Record<string, NeuronQuantity> {
  const cotangents: Record<string, NeuronQuantity> = {};
  for (const [state, tensor] of statesIn<Tensor>(given, programOf(batch.problem).step.states, '/loss/state', errors)) {
    const quantity = perNeuron({ path: `/loss/state${pointerSegment(state)}`, tensor }, batch, errors);
    if (quantity !== null) cotangents[state] = quantity;
  }
  return cotangents;
}

/** The entries of an object by state. */
export function statesIn<Value>(given: unknown, states: readonly string[], path: string, errors: InputErrors): readonly [string, Value][] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    errors.add(path, `must be an object with a value of each state, got ${describe(given)}`);
    return [];
  }
  return Object.entries(given as Readonly<Record<string, Value>>).filter(([state]) => {
    if (states.includes(state)) return true;
    errors.add(path + pointerSegment(state), unknownState(state, states));
    return false;
  });
}
