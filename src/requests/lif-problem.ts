import { broadcastValues, type Tensor } from '../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../codecs/tensor.ts';
import type { NeuronProblem, Quantity } from '../compute/jobs.ts';
import { termValues } from '../compute/neuron-problem.ts';
import { checkSteps, checkValues, checkWork, type Limits } from '../config/limits.ts';
import { describe, shapeText } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import { generalModel, neuronQuantity, type GivenTensor, type Neuron } from './neurons.ts';

/** Length of a step of the service's own neurons, ms. */
const defaultDt = 0.1;

/** A problem, and the shape in which each quantity was given: [] for a number or a default. */
export interface ReadProblem {
  readonly problem: NeuronProblem;
  readonly shapeOf: (quantity: string) => readonly number[];
}

/** The fields of a request that drive its neurons. */
interface InputRequest {
  readonly current: unknown;
  readonly steps?: number;
  readonly dt?: number;
  readonly forward?: 'spikes' | 'smooth';
}

/** The neurons of a request, null where they could not be read, and for how many surrogates they are run. */
interface Runs {
  readonly neuron: Neuron | null;
  readonly runs: number;
}

/**
 * Reads what drives neurons, and broadcasts them against it.
 *
 * @param errors may hold errors of other fields, which are reported too.
 * @throws {Problem} when the request is not valid or asks for too much.
 */
export function readLifProblem(request: InputRequest, { neuron, runs }: Runs, errors: InputErrors, limits: Limits): ReadProblem {
  if (request.dt !== undefined && !(isTensorNumber(request.dt) && Math.fround(request.dt) > 0))
    errors.add('/dt', `must be above 0 within float32's range, got ${describe(request.dt)}`);
  const input = decodeTensor(request.current, '/current', errors, limits);
  const read = errors.requireAll({ neuron, current: input, steps: input && readSteps(input, request.steps, errors) });
  const { current, steps } = read;
  const { model, options, parameters, given } = read.neuron;

  const neurons = broadcastNeurons(current, given.values(), errors);
  errors.throwIfAny();
  const how = () => `${neurons} neurons x ${steps} steps${runs > 1 ? ` x ${runs} surrogates` : ''}`;
  // A batch without neurons still takes time for its steps.
  checkWork(Math.max(neurons, 1) * steps * runs, how, limits);
  checkSteps(steps);

  const problem: NeuronProblem = {
    neurons,
    steps,
    dt: request.dt ?? stepMilliseconds(read.neuron),
    current: stepQuantity(current, neurons, '/current', limits),
    model: model.name,
    options,
    parameters,
    ...(request.forward === 'smooth' && { smooth: true }),
  };
  if (model.library !== null) checkDerived(problem, read.neuron, errors);
  return { problem, shapeOf: (name) => (name === 'current' ? current.shape : (given.get(name)?.tensor.shape ?? [])) };
}

/** Checks that what a library's neuron derives from its parameters is finite: a difference of two of them may be 0. */
function checkDerived(problem: NeuronProblem, { model, program }: Neuron, errors: InputErrors): void {
  for (const [i, numbers] of termValues(problem, program).entries()) {
    if (numbers.per !== 'scalar' || Number.isFinite(numbers.value)) continue;
    const what = `${program.terms[i]!.path} of ${numbers.value}`;
    errors.add(
      '/neuron',
      `gives ${model.name} a ${what}, which has to be finite; GET /neurons/${model.name} says how it follows from the parameters`,
    );
  }
  errors.throwIfAny();
}

/** The length of a step where the request does not give it. */
function stepMilliseconds({ model, parameters }: Neuron): number {
  if (model.library === null && model.name !== generalModel) return defaultDt;
  const length = model.timeStep && parameters[model.timeStep.parameter];
  return model.timeStep !== undefined && length?.per === 'scalar' ? length.value * model.timeStep.milliseconds : 1;
}

/** A tensor of shape [], [1], [B], [B, T], or [1, T], which is repeated for every neuron. */
export function stepQuantity(tensor: Tensor, neurons: number, path: string, limits: Limits): Quantity {
  const [rows, steps] = tensor.shape;
  if (steps === undefined) return neuronQuantity(tensor);
  if (rows === neurons) return { per: 'step', values: tensor.values };
  checkValues(neurons * steps, `Repeating ${path}, of shape ${shapeText(tensor.shape)}, for ${neurons} neurons`, limits);
  return { per: 'step', values: broadcastValues(tensor, [neurons, steps]) };
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
function broadcastNeurons(current: Tensor, given: Iterable<GivenTensor>, errors: InputErrors): number {
  let neurons = current.shape[0] ?? 1;
  let decider: GivenTensor = { path: '/current', tensor: current };
  for (const one of given) {
    const { path, tensor } = one;
    const length = tensor.shape[0] ?? 1;
    if (length === 1 || length === neurons) continue;
    if (neurons === 1) {
      neurons = length;
      decider = one;
    } else {
      errors.add(
        path,
        `has shape ${shapeText(tensor.shape)}, for ${length} neurons, but ${decider.path} has shape ${shapeText(decider.tensor.shape)}, for ${neurons}; the number of neurons must be the same, or 1`,
      );
    }
  }
  return neurons;
}
