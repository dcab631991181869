import { broadcastValues, type Tensor } from '../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../codecs/tensor.ts';
import { extremes, isGenerated, valueAt, type GeneratedNumbers } from '../compute/generated-numbers.ts';
import type { Differentiable, LifProblem, NeuronQuantity, Quantity } from '../compute/jobs.ts';
import { describe, shapeText } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import { checkSteps, checkValues, checkWork, type Limits } from '../config/limits.ts';
import type { LifGradRequest, LifSimulateRequest } from '../schemas/lif-routes.ts';

/** The contract's defaults of the quantities that may differ from neuron to neuron. */
const neuronDefaults = { tau: 10, v_threshold: 1, v_reset: 0, v_rest: 0, resistance: 1, v_init: 0 } as const;
type NeuronField = keyof typeof neuronDefaults;
const neuronFields = Object.keys(neuronDefaults) as NeuronField[];
const defaultDt = 0.1;

/** A LIF problem, and the shape in which each quantity was given: [] for a number or one left out. */
export interface ReadProblem {
  readonly problem: LifProblem;
  readonly givenShapes: Readonly<Record<Differentiable, readonly number[]>>;
}

/** What every LIF request has: the drive, the neuron, and how often it is to be run. */
export type LifRequest = Pick<LifSimulateRequest & LifGradRequest, 'current' | 'steps' | 'dt' | 'neuron'>;

/**
 * Reads the neurons and what drives them, and broadcasts them against each other. Errors found before, in other fields, are reported along.
 *
 * @param runs how many surrogates the problem is solved for.
 * @throws {Problem} when something is not valid, or asks for too much.
 */
export function readLifProblem(request: LifRequest, runs: number, errors: InputErrors, limits: Limits): ReadProblem {
  const neuron = request.neuron ?? {};
  const dt = request.dt ?? defaultDt;
  const refractory = neuron.refractory ?? 0;
  if (!isPositive(dt)) errors.add('/dt', `must be above 0 within float32's range, got ${describe(dt)}`);
  if (!isTensorNumber(refractory)) errors.add('/neuron/refractory', `must be within float32's range, got ${describe(refractory)}`);

  const current = decodeTensor(request.current, '/current', errors, limits);
  const given: Partial<Record<NeuronField, Tensor>> = {};
  for (const field of neuronFields) {
    const value = neuron[field];
    if (value === undefined) continue;
    const tensor = decodeTensor(value, `/neuron/${field}`, errors, limits);
    if (tensor !== null && isPerNeuron(tensor, `/neuron/${field}`, errors)) given[field] = tensor;
  }
  if (given.tau !== undefined) checkTau(given.tau, errors);
  const steps = current && readSteps(current, request.steps, errors);
  errors.throwIfAny();

  const neurons = broadcastNeurons(current!, given, errors);
  errors.throwIfAny();
  const how = () => `${neurons} neurons x ${steps!} steps${runs > 1 ? ` x ${runs} surrogates` : ''}`;
  // A batch without neurons is no reason to count without end either.
  checkWork(Math.max(neurons, 1) * steps! * runs, how, limits);
  checkSteps(steps!);

  const quantity = (field: NeuronField): NeuronQuantity =>
    given[field] === undefined ? { per: 'scalar', value: neuronDefaults[field] } : neuronQuantity(given[field]);
  const problem: LifProblem = {
    neurons,
    steps: steps!,
    dt,
    current: stepQuantity(current!, neurons, '/current', limits),
    tau: quantity('tau'),
    v_threshold: quantity('v_threshold'),
    v_reset: quantity('v_reset'),
    v_rest: quantity('v_rest'),
    resistance: quantity('resistance'),
    v_init: quantity('v_init'),
    reset: neuron.reset ?? 'hard',
    refractorySteps: Math.min(wholeSteps(refractory, dt), steps!),
    integration: neuron.integration ?? 'euler',
    inputScaling: neuron.input_scaling ?? true,
  };
  const shapeOf = (field: NeuronField): readonly number[] => given[field]?.shape ?? [];
  const givenShapes = {
    current: current!.shape,
    tau: shapeOf('tau'),
    v_threshold: shapeOf('v_threshold'),
    v_reset: shapeOf('v_reset'),
    v_rest: shapeOf('v_rest'),
    resistance: shapeOf('resistance'),
    v_init: shapeOf('v_init'),
  };
  return { problem, givenShapes };
}

/** Whether a tensor is a number or has one axis, of neurons. */
export function isPerNeuron(tensor: Tensor, path: string, errors: InputErrors): boolean {
  if (tensor.shape.length <= 1) return true;
  errors.add(path, `must be a number or one value per neuron, shape [B]; got shape ${shapeText(tensor.shape)}`);
  return false;
}

/** A tensor of shape [], [1] or [B] as a quantity of B neurons. */
export function neuronQuantity({ values }: Tensor): NeuronQuantity {
  return values.length === 1 ? { per: 'scalar', value: valueAt(values, 0) } : { per: 'neuron', values };
}

/** A tensor that also may have the shape [B, T] or [1, T]; the latter is repeated for every neuron. */
export function stepQuantity(tensor: Tensor, neurons: number, path: string, limits: Limits): Quantity {
  const [rows, steps] = tensor.shape;
  if (steps === undefined) return neuronQuantity(tensor);
  if (rows === neurons) return { per: 'step', values: tensor.values };
  checkValues(neurons * steps, `Repeating ${path}, of shape ${shapeText(tensor.shape)}, for ${neurons} neurons`, limits);
  return { per: 'step', values: broadcastValues(tensor, [neurons, steps]) };
}

function isPositive(value: number): boolean {
  return isTensorNumber(value) && Math.fround(value) > 0;
}

function checkTau({ shape, values }: Tensor, errors: InputErrors): void {
  if (arePositive(extremes(values))) return;
  for (let i = isGenerated(values) ? firstNotPositive(values) : 0; i < values.length; i++) {
    const value = valueAt(values, i);
    if (!isPositive(value)) errors.add(shape.length === 0 ? '/neuron/tau' : `/neuron/tau/${i}`, `must be above 0, got ${value}`);
    // Those that follow are larger, but for the last one's rounding.
    else if (isGenerated(values)) i = Math.max(i, values.length - 2);
  }
}

function arePositive(values: Iterable<number>): boolean {
  for (const value of values) if (!isPositive(value)) return false;
  return true;
}

/** Of numbers in order, by bisection, since a linspace may be long: the index of the first that is not above 0, one of which there is. */
function firstNotPositive(values: GeneratedNumbers): number {
  if (!isPositive(valueAt(values, 0))) return 0;
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isPositive(valueAt(values, middle))) low = middle + 1;
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

/** B: what the first axes broadcast to, as numpy does it; all numbers make one neuron. */
function broadcastNeurons(current: Tensor, given: Readonly<Partial<Record<NeuronField, Tensor>>>, errors: InputErrors): number {
  let neurons = current.shape[0] ?? 1;
  let decider = current;
  let decidedBy = '/current';
  for (const field in given) {
    const tensor = given[field as NeuronField]!;
    const length = tensor.shape[0] ?? 1;
    if (length === 1 || length === neurons) continue;
    if (neurons === 1) {
      neurons = length;
      decider = tensor;
      decidedBy = `/neuron/${field}`;
    } else {
      errors.add(
        `/neuron/${field}`,
        `has shape ${shapeText(tensor.shape)}, for ${length} neurons, but ${decidedBy} has shape ${shapeText(decider.shape)}, for ${neurons}; the number of neurons must be the same, or 1`,
      );
    }
  }
  return neurons;
}

/** A time in steps, to the nearest; 0.15 / 0.1 counts as the 1.5 that it means, not as the 1.4999999999999998 that it is. */
function wholeSteps(time: number, dt: number): number {
  return Math.round((time / dt) * (1 + 4 * Number.EPSILON));
}
