import { broadcastValues, canBroadcast, sizeOf, type Tensor } from '../../codecs/ndarray.ts';
import { decodeTensor, isTensorNumber } from '../../codecs/tensor.ts';
import type { NeuronProblem, NeuronQuantity } from '../../compute/jobs.ts';
import { extremes } from '../../compute/numbers.ts';
import { programOf, termValues, termValuesByPath } from '../../compute/neurons/terms.ts';
import { surrogateDefinition } from '../../compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../compute/surrogates/definition.ts';
import { checkSteps, checkWork, type Limits } from '../../config/limits.ts';
import { describe, shapeText } from '../../errors/describe.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import { perStep, withTimeLast, type Batch } from './batch-axes.ts';
import { generalModel, neuronQuantity, type GivenTensor, type Neuron } from './neurons.ts';

/** Length of a step of the service's own neurons, ms. */
const defaultDt = 0.1;

/** A problem with its axes, and the shape in which each quantity was given: [] for a number or a default. */
export interface ReadProblem extends Batch {
  readonly problem: NeuronProblem;
  readonly shapeOf: (quantity: string) => readonly number[];
}

/** The fields of a request that drive its neurons. */
interface InputRequest {
  readonly current: unknown;
  readonly steps?: number;
  readonly dt?: number;
  readonly time_axis?: 0 | -1;
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
  if (request.dt !== undefined) checkDt(request.dt, errors);
  const given = decodeTensor(request.current, '/current', errors, limits);
  const timeFirst = request.time_axis === 0;
  const timed = given && withTimeLast(given, timeFirst);
  const read = errors.requireAll({ neuron, given, timed, steps: given && timed && readSteps(timed, given.shape, request.steps, errors) });
  const { steps } = read;
  const current = { path: '/current', tensor: read.given };
  const { model, options, given: parameters } = read.neuron;

  const lead = read.timed.shape.slice(0, -2);
  const length = broadcastNeurons(current, { lead, neurons: read.timed.shape[lead.length] ?? 1 }, parameters.values(), errors);
  errors.throwIfAny();
  const neurons = sizeOf(lead) * length;
  const how = () => `${neurons} neurons x ${steps} steps${runs > 1 ? ` x ${runs} surrogates` : ''}`;
  // A batch without neurons still takes time for its steps.
  checkWork(Math.max(neurons, 1) * steps * runs, how, limits);
  checkSteps(steps);

  const shape = [...lead, length];
  const axes = timeFirst || lead.length > 0 ? { neurons: shape, timeFirst, sharesParameters: shareLead(parameters) } : undefined;
  const batch = { problem: { neurons, steps }, axes };
  const problem: NeuronProblem = {
    neurons,
    steps,
    dt: request.dt ?? stepMilliseconds(read.neuron),
    current:
      read.timed.shape.length < 2
        ? neuronQuantity(read.timed)
        : perStep({ path: '/current', tensor: read.timed }, batch, limits, read.given.shape),
    model: model.name,
    options,
    parameters: lead.length === 0 ? read.neuron.parameters : repeatedParameters(read.neuron, shape),
    ...(request.forward === 'smooth' && { smooth: true }),
  };
  if (model.library !== null) checkDerived(problem, read.neuron, errors);
  return { problem, axes, shapeOf: (name) => (name === 'current' ? current.tensor.shape : (parameters.get(name)?.tensor.shape ?? [])) };
}

/** Checks that what a library's neuron derives from its parameters is finite: a difference of two of them may be 0. @param at as `readNeuron` has it. */
export function checkDerived(problem: NeuronProblem, { model, program }: Neuron, errors: InputErrors, at = ''): void {
  for (const [i, numbers] of termValues(problem, program).entries()) {
    if (numbers.per !== 'scalar' || Number.isFinite(numbers.value)) continue;
    const what = `${program.terms[i]!.path} of ${numbers.value}`;
    errors.add(
      `${at}/neuron`,
      `gives ${model.name} a ${what}, which has to be finite; GET /neurons/${model.name} says how it follows from the parameters`,
    );
  }
  errors.throwIfAny();
}

/** Surrogates whose width is a multiple of the threshold need a positive one. @param at the JSON pointer of the object in which `neuron` stands. */
export function checkThreshold(surrogates: readonly Surrogate[], problem: NeuronProblem, errors: InputErrors, at = ''): void {
  const scaling = surrogates.find(({ name }) => surrogateDefinition(name).scalesWithThreshold);
  if (scaling === undefined) return;
  const program = programOf(problem);
  const term = program.terms.find(({ path }) => path === 'threshold');
  const numbers = termValuesByPath(problem, program).get('threshold');
  if (term === undefined || numbers === undefined) return;
  const values =
    'fill' in numbers ? new Float64Array(problem.neurons) : numbers.per === 'scalar' ? [numbers.value] : extremes(numbers.values);
  if ('fill' in numbers && ArrayBuffer.isView(values)) numbers.fill(values, 0, problem.neurons);
  const wrong = Array.from(values).find((value) => !(Math.fround(value) > 0));
  if (wrong === undefined) return;
  const [path, what] = term.value.op === 'leaf' ? [`/neuron/${String(term.value.detail)}`, ''] : ['/neuron', 'has a threshold that '];
  errors.add(at + path, `${what}must be above 0 for ${scaling.name}, which scales with it, got ${wrong}`);
}

/** The length of a step that a request gives; null, with the error in `errors`, where float32 has none. */
export function checkDt(dt: number, errors: InputErrors): number | null {
  if (isTensorNumber(dt) && Math.fround(dt) > 0) return dt;
  return errors.add('/dt', `must be above 0 within float32's range, got ${describe(dt)}`);
}

/** The length of a step where the request does not give it. */
export function stepMilliseconds({ model, parameters }: Neuron): number {
  if (model.library === null && model.name !== generalModel) return defaultDt;
  const length = model.timeStep && parameters[model.timeStep.parameter];
  return model.timeStep !== undefined && length?.per === 'scalar' ? length.value * model.timeStep.milliseconds : 1;
}

/** Whether no parameter has leading axes. */
function shareLead(parameters: ReadonlyMap<string, GivenTensor>): boolean {
  for (const { tensor } of parameters.values()) if (tensor.shape.length > 1) return false;
  return true;
}

/** A neuron's parameters, those per neuron repeated along the leading axes that they do not have. */
function repeatedParameters({ parameters, given }: Neuron, shape: readonly number[]): Record<string, NeuronQuantity> {
  const repeated: Record<string, NeuronQuantity> = { ...parameters };
  for (const [name, { tensor }] of given)
    if (parameters[name]?.per === 'neuron') repeated[name] = { per: 'neuron', values: broadcastValues(tensor, shape) };
  return repeated;
}

/** @param shape of the current as it was given; of `timed` that with time last. */
function readSteps(timed: Tensor, shape: readonly number[], given: number | undefined, errors: InputErrors): number | null {
  if (shape.length < 2) return given ?? errors.add('/steps', `is required, since /current is constant in time (shape ${shapeText(shape)})`);
  const steps = timed.shape.at(-1)!;
  if (given !== undefined && given !== steps) {
    return errors.add(
      '/steps',
      `is ${given}, but /current has ${steps} steps (shape ${shapeText(shape)}); leave it out or make them equal`,
    );
  }
  if (steps === 0) return errors.add('/current', `must have at least one step, got shape ${shapeText(shape)}`);
  return steps;
}

/** B: the length to which the axes of neurons broadcast, as in numpy; numbers alone make one neuron. */
function broadcastNeurons(
  current: GivenTensor,
  { lead, neurons: length }: { readonly lead: readonly number[]; readonly neurons: number },
  given: Iterable<GivenTensor>,
  errors: InputErrors,
): number {
  let neurons = length;
  let decider = current;
  for (const one of given) {
    const { path, tensor } = one;
    const { shape } = tensor;
    if (shape.length > 1 && !canBroadcast(shape.slice(0, -1), lead)) {
      errors.add(path, leadError(shape, current.tensor.shape, lead));
      continue;
    }
    const length = shape.at(-1) ?? 1;
    if (length === 1 || length === neurons) continue;
    if (neurons === 1) {
      neurons = length;
      decider = one;
    } else {
      errors.add(
        path,
        `has shape ${shapeText(shape)}, for ${length} neurons, but ${decider.path} has shape ${shapeText(decider.tensor.shape)}, for ${neurons}; the number of neurons must be the same, or 1`,
      );
    }
  }
  return neurons;
}

/** The message for a parameter with leading axes that the current does not have. */
function leadError(shape: readonly number[], current: readonly number[], lead: readonly number[]): string {
  if (lead.length === 0) return `must be a number or one value per neuron, shape [B]; got shape ${shapeText(shape)}`;
  return `has shape ${shapeText(shape)}, but /current has shape ${shapeText(current)}, with the leading axes ${shapeText(lead)}; take the same, or [B], which all of them share`;
}
