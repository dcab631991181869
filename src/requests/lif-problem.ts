import { broadcastValues, type Tensor } from '../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../codecs/tensor.ts';
import { extremes, isGenerated, valueAt, type GeneratedNumbers } from '../compute/generated-numbers.ts';
import type { Differentiable, LifProblem, NeuronQuantity, Quantity } from '../compute/jobs.ts';
import { addLifParameters, lifParameterNames, lifParameters, type LifParameter } from '../compute/neurons/lif-parameters.ts';
import { checkSteps, checkValues, checkWork, type Limits } from '../config/limits.ts';
import { describe, shapeText } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import type { LifGradRequest, LifSimulateRequest } from '../schemas/lif.ts';

const defaultDt = 0.1;

/** A LIF problem, and the shape in which each quantity was given: [] for a number or a default. */
interface ReadProblem {
  readonly problem: LifProblem;
  readonly givenShapes: Readonly<Record<Differentiable, readonly number[]>>;
}

type GivenParameters = Readonly<Partial<Record<LifParameter, Tensor>>>;

/** The fields of every LIF request: the input and the neuron. */
type LifRequest = Pick<LifSimulateRequest & LifGradRequest, 'current' | 'steps' | 'dt' | 'neuron'>;

/**
 * Reads the neurons and their input, and broadcasts them against each other.
 *
 * @param runs the number of surrogates for which the problem is run.
 * @param errors may hold errors of other fields, which are reported too.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function readLifProblem(request: LifRequest, runs: number, errors: InputErrors, limits: Limits): ReadProblem {
  const neuron = request.neuron ?? {};
  const dt = request.dt ?? defaultDt;
  const refractory = neuron.refractory ?? 0;
  if (!isAbove(0, dt)) errors.add('/dt', `must be above 0 within float32's range, got ${describe(dt)}`);
  if (!isTensorNumber(refractory)) errors.add('/neuron/refractory', `must be within float32's range, got ${describe(refractory)}`);

  const input = decodeTensor(request.current, '/current', errors, limits);
  const given: Partial<Record<LifParameter, Tensor>> = {};
  for (const name of lifParameterNames) {
    const value = neuron[name];
    if (value === undefined) continue;
    const tensor = decodeTensor(value, `/neuron/${name}`, errors, limits);
    if (tensor !== null && isPerNeuron(tensor, `/neuron/${name}`, errors)) given[name] = tensor;
  }
  for (const name of lifParameterNames) if (given[name] !== undefined) checkMinimum(given[name], name, errors);
  const { current, steps } = errors.requireAll({ current: input, steps: input && readSteps(input, request.steps, errors) });

  const neurons = broadcastNeurons(current, given, errors);
  errors.throwIfAny();
  const how = () => `${neurons} neurons x ${steps} steps${runs > 1 ? ` x ${runs} surrogates` : ''}`;
  // A batch without neurons still takes time for its steps.
  checkWork(Math.max(neurons, 1) * steps * runs, how, limits);
  checkSteps(steps);

  const quantity = (name: LifParameter): NeuronQuantity =>
    given[name] === undefined ? { per: 'scalar', value: lifParameters[name].default } : neuronQuantity(given[name]);
  const withoutParameters = {
    neurons,
    steps,
    dt,
    current: stepQuantity(current, neurons, '/current', limits),
    reset: neuron.reset ?? 'hard',
    refractorySteps: Math.min(wholeSteps(refractory, dt), steps),
    integration: neuron.integration ?? 'euler',
    inputScaling: neuron.input_scaling ?? true,
  } as const;
  return {
    problem: addLifParameters(withoutParameters, quantity),
    givenShapes: addLifParameters({ current: current.shape }, (name) => given[name]?.shape ?? []),
  };
}

/** Checks that a tensor is a number or has a single axis. */
export function isPerNeuron(tensor: Tensor, path: string, errors: InputErrors): boolean {
  if (tensor.shape.length <= 1) return true;
  errors.add(path, `must be a number or one value per neuron, shape [B]; got shape ${shapeText(tensor.shape)}`);
  return false;
}

/** A tensor of shape [], [1] or [B] as a quantity of B neurons. */
export function neuronQuantity({ values }: Tensor): NeuronQuantity {
  return values.length === 1 ? { per: 'scalar', value: valueAt(values, 0) } : { per: 'neuron', values };
}

/** The same for a tensor that may have the shape [B, T] too, or [1, T], which is repeated for every neuron. */
export function stepQuantity(tensor: Tensor, neurons: number, path: string, limits: Limits): Quantity {
  const [rows, steps] = tensor.shape;
  if (steps === undefined) return neuronQuantity(tensor);
  if (rows === neurons) return { per: 'step', values: tensor.values };
  checkValues(neurons * steps, `Repeating ${path}, of shape ${shapeText(tensor.shape)}, for ${neurons} neurons`, limits);
  return { per: 'step', values: broadcastValues(tensor, [neurons, steps]) };
}

function isAbove(minimum: number, value: number): boolean {
  return isTensorNumber(value) && Math.fround(value) > minimum;
}

function checkMinimum({ shape, values }: Tensor, name: LifParameter, errors: InputErrors): void {
  const { exclusiveMinimum: minimum } = lifParameters[name];
  if (minimum === undefined || Array.from(extremes(values)).every((value) => isAbove(minimum, value))) return;
  for (let i = isGenerated(values) ? firstNotAbove(minimum, values) : 0; i < values.length; i++) {
    const value = valueAt(values, i);
    const path = `/neuron/${name}`;
    if (!isAbove(minimum, value)) errors.add(shape.length === 0 ? path : `${path}/${i}`, `must be above ${minimum}, got ${value}`);
    // The rest of a linspace is larger, except that its last number is rounded differently.
    else if (isGenerated(values)) i = Math.max(i, values.length - 2);
  }
}

/** The index of the first number of a linspace that is not above a minimum, where there is one: by bisection, since it may be long. */
function firstNotAbove(minimum: number, values: GeneratedNumbers): number {
  if (!isAbove(minimum, valueAt(values, 0))) return 0;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isAbove(minimum, valueAt(values, middle))) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readSteps({ shape }: Tensor, given: number | undefined, errors: InputErrors): number | null {
  if (shape.length > 2) {
    return errors.add('/current', `must be a number, [B] or [B, T]; got shape ${shapeText(shape)}`);
  }
  const steps = shape[1];
  if (steps === undefined) {
    return given ?? errors.add('/steps', `is required, since /current is constant in time (shape ${shapeText(shape)})`);
  }
  if (given !== undefined && given !== steps) {
    return errors.add(
      '/steps',
      `is ${given}, but /current has ${steps} steps (shape ${shapeText(shape)}); leave it out or make them equal`,
    );
  }
  if (steps === 0) return errors.add('/current', `must have at least one step, got shape ${shapeText(shape)}`);
  return steps;
}

/** B: the length to which the first axes broadcast, as in numpy; numbers alone make one neuron. */
function broadcastNeurons(current: Tensor, given: GivenParameters, errors: InputErrors): number {
  let neurons = current.shape[0] ?? 1;
  let decider = current;
  let decidedBy = '/current';
  for (const name of lifParameterNames) {
    const tensor = given[name];
    const length = tensor?.shape[0] ?? 1;
    if (tensor === undefined || length === 1 || length === neurons) continue;
    if (neurons === 1) {
      neurons = length;
      decider = tensor;
      decidedBy = `/neuron/${name}`;
    } else {
      errors.add(
        `/neuron/${name}`,
        `has shape ${shapeText(tensor.shape)}, for ${length} neurons, but ${decidedBy} has shape ${shapeText(decider.shape)}, for ${neurons}; the number of neurons must be the same, or 1`,
      );
    }
  }
  return neurons;
}

/** A time rounded to steps. 0.15 / 0.1 counts as 1.5, although it is 1.4999999999999998. */
function wholeSteps(time: number, dt: number): number {
  return Math.round((time / dt) * (1 + 4 * Number.EPSILON));
}
