import { broadcastValues, canBroadcast, sizeOf, type Tensor } from '../../codecs/ndarray.ts';
import { stridedView } from '../../compute/numbers.ts';
import type { NeuronProblem, NeuronQuantity, Quantity } from '../../compute/jobs.ts';
import { checkValues, type Limits } from '../../config/limits.ts';
import { shapeText } from '../../errors/describe.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import { neuronQuantity, type GivenTensor } from './neurons.ts';

/** The axes of requests and answers that are not [B, T] alone. A job has [neurons, steps] all the same, all leading axes and B as its neurons. */
export interface BatchAxes {
  /** The leading axes, and B. */
  readonly neurons: readonly number[];
  /** Whether time comes first, before the leading axes. */
  readonly timeFirst: boolean;
  /** Whether no parameter has leading axes. */
  readonly sharesParameters: boolean;
}

/** A problem with its axes, which are undefined for [B] and [B, T]. */
export interface Batch {
  readonly problem: Pick<NeuronProblem, 'neurons' | 'steps'>;
  readonly axes?: BatchAxes | undefined;
}

/** The shape of one number per neuron. */
export function neuronShape({ problem, axes }: Batch): readonly number[] {
  return axes === undefined ? [problem.neurons] : axes.neurons;
}

/** The shape of one number per neuron and step. */
export function stepShape({ problem: { neurons, steps }, axes }: Batch): readonly number[] {
  if (axes === undefined) return [neurons, steps];
  return axes.timeFirst ? [steps, ...axes.neurons] : [...axes.neurons, steps];
}

/** A tensor whose first axis is time as one whose last axis is; others as they are. */
export function withTimeLast(tensor: Tensor, isTimeFirst: boolean): Tensor {
  const [steps, ...rest] = tensor.shape;
  if (!isTimeFirst || steps === undefined || rest.length === 0) return tensor;
  const width = sizeOf(rest);
  return { shape: [...rest, steps], values: stridedView(tensor.values, [width, steps], [1, width]) };
}

/**
 * A tensor with one value per neuron, or one for all, as a quantity; shared over leading axes that it does not have. One that does not fit goes
 * to `errors`.
 *
 * @param given what the sender sees, where the tensor is a part of it.
 */
export function perNeuron({ path, tensor }: GivenTensor, batch: Batch, errors: InputErrors, given = tensor.shape): NeuronQuantity | null {
  const { shape } = tensor;
  const to = neuronShape(batch);
  if (canBroadcast(shape, to)) {
    const quantity = neuronQuantity(tensor);
    if (quantity.per === 'scalar' || quantity.values.length === sizeOf(to)) return quantity;
    return { per: 'neuron', values: broadcastValues(tensor, to) };
  }
  if (to.length > 1)
    return errors.add(
      path,
      `has shape ${shapeText(given)}, but the request's neurons have shape [..., B] = ${shapeText(to)}; take that shape, [B] for all of its leading axes, or a number`,
    );
  if (shape.length > 1) return errors.add(path, `must be a number or one value per neuron, shape [B]; got shape ${shapeText(given)}`);
  return errors.add(
    path,
    `has shape ${shapeText(given)}, for ${shape[0]!} neurons, but the request has ${to[0]!}; the number of neurons must be the same, or 1`,
  );
}

/**
 * A tensor with an axis of time, the last one, as a quantity that varies in time; repeated along axes that it does not have, or has with length 1.
 *
 * @param given what the sender sees.
 * @throws {Problem} when that would be too many numbers.
 */
export function perStep({ path, tensor }: GivenTensor, { problem, axes }: Batch, limits: Limits, given = tensor.shape): Quantity {
  const { neurons, steps } = problem;
  if (tensor.values.length === neurons * steps) return { per: 'step', values: tensor.values };
  checkValues(neurons * steps, `Repeating ${path}, of shape ${shapeText(given)}, for ${neurons} neurons`, limits);
  return { per: 'step', values: broadcastValues(tensor, [...neuronShape({ problem, axes }), steps]) };
}

/**
 * A tensor of shape [..., B, T], of [1, T], [B, 1] or [B], which are broadcast, or a number, as a quantity; with time first, of shape [T, ..., B] and so
 * on. One that does not fit goes to `errors`.
 *
 * @throws {Problem} when it would be repeated to too many numbers.
 */
export function perNeuronOrStep({ path, tensor }: GivenTensor, batch: Batch, errors: InputErrors, limits: Limits): Quantity | null {
  if (tensor.shape.length < 2) return perNeuron({ path, tensor }, batch, errors);
  const neurons = neuronShape(batch);
  const timed = withTimeLast(tensor, batch.axes?.timeFirst === true);
  const columns = timed.shape.at(-1)!;
  const rows = timed.shape.slice(0, -1);
  const { steps } = batch.problem;
  // Without leading axes, what does not fit is the number of neurons, of which the other message tells.
  const fits = neurons.length === 1 ? rows.length === 1 : canBroadcast(rows, neurons);
  if (!fits || (columns !== 1 && columns !== steps)) return errors.add(path, stepShapeError(tensor.shape, batch));
  const series = { path, tensor: timed };
  if (columns === steps && canBroadcast(rows, neurons)) return perStep(series, batch, limits, tensor.shape);
  return perNeuron({ path, tensor: { shape: rows, values: timed.values } }, batch, errors, tensor.shape);
}

/** The axes of one number per neuron and step, under these names. */
function stepShapeName({ axes }: Batch, neurons: string, steps: string): string {
  return axes?.timeFirst === true ? `[${steps}, ${neurons}]` : `[${neurons}, ${steps}]`;
}

/** How the sender knows the shape of one number per neuron and step, and what it is: `[B, T] = [4, 60]`. */
export function fullStepShape(batch: Batch): string {
  return `${stepShapeName(batch, neuronShape(batch).length > 1 ? '..., B' : 'B', 'T')} = ${shapeText(stepShape(batch))}`;
}

/** The message for a tensor that is none of those that `perNeuronOrStep` takes. */
function stepShapeError(shape: readonly number[], batch: Batch): string {
  const hasLead = neuronShape(batch).length > 1;
  const pairs = [...(hasLead ? [['B', 'T'] as const] : []), ['1', 'T'] as const, ['B', '1'] as const];
  const smaller = pairs.map(([neurons, steps]) => stepShapeName(batch, neurons, steps));
  return `must be a number or of shape ${fullStepShape(batch)}, got shape ${shapeText(shape)}; ${smaller.join(', ')} and [B] are broadcast`;
}
