import { memoize } from '../../compute/cache.ts';
import { extremes, isGenerated, valueAt, type Numbers } from '../../compute/numbers.ts';
import { dtypeOf, type Network, type NeuronProblem, type NeuronQuantity } from '../../compute/jobs.ts';
import { layerProblem } from '../../compute/networks/layers.ts';
import { minSpikeDistance, programOf } from '../../compute/neurons/terms.ts';
import { neuronModel } from '../../compute/neurons/catalogue.ts';
import type { NeuronModel } from '../../compute/neurons/model.ts';
import { initialPath, type NeuronProgram } from '../../compute/neurons/program.ts';
import { parameterPath } from '../../requests/neurons/neurons.ts';
import { hasNeurons, type NeuronPlan, type Plan } from '../../requests/plan.ts';
import { noNotes, type Note } from '../../schemas/note-types.ts';
import { maxFloat32Steps, type AnswerFormat } from '../outline.ts';

/** Numbers of a quantity that are looked at: a note is a hint, and no request waits for it. */
export const maxInspected = 2 ** 16;

/** A rule looks at scalars first: most requests have nothing to say, and pay for the look alone. */
type Rule = (plan: NeuronPlan, format: AnswerFormat) => Note | undefined;
/** A rule about neurons, whatever drives them. */
type NeuronRule = (problem: NeuronProblem) => Note | undefined;

const neuronRules: readonly NeuronRule[] = [longStep, startsAboveThreshold, refractoryRounded];
const rules: readonly Rule[] = [
  ({ job }) => longStep(job.problem),
  ({ job }) => startsAboveThreshold(job.problem),
  timeAsNeurons,
  ({ job }) => refractoryRounded(job.problem),
  roundedTimes,
  unreachableRate,
];

/** The notes that need no result. */
export function planNotes(plan: Plan, format: AnswerFormat): readonly Note[] {
  if ('network' in plan.job) return layerNotes(plan.job.network);
  if (!hasNeurons(plan)) return noNotes;
  let notes: Note[] | undefined;
  for (const rule of rules) {
    const note = rule(plan, format);
    if (note !== undefined) (notes ??= []).push(note);
  }
  return notes ?? noNotes;
}

/** The notes about the neurons of a network's layers. */
function layerNotes(network: Network): readonly Note[] {
  return network.layers.flatMap((_, layer) => {
    const problem = layerProblem(network, layer);
    return neuronRules.flatMap((rule) => {
      const note = rule(problem);
      return note === undefined ? [] : [{ ...note, path: `/layers/${layer}${note.path}` }];
    });
  });
}

/** A time constant among a model's parameters, or its inverse. */
interface TimeConstant {
  readonly name: string;
  readonly isInverse: boolean;
  readonly unit: 'ms' | 's' | 'steps';
}

const timeConstantsOf = memoize(({ parameters, nullable }: NeuronModel): readonly TimeConstant[] =>
  Object.entries({ ...parameters, ...nullable }).flatMap(([name, { unit }]): TimeConstant[] => {
    if (!/^(init_)?tau|^tc_decay/.test(name) || name.endsWith('_ref')) return [];
    if (unit === 'ms' || unit === 's' || unit === 'steps') return [{ name, isInverse: false, unit }];
    return unit === '1/s' ? [{ name, isInverse: true, unit: 's' }] : [];
  }),
);

/** The length of a step in the unit of a model's time constants. */
function stepLength({ library, timeStep }: NeuronModel, { dt, parameters }: NeuronProblem): number {
  if (library === null) return dt;
  const given = timeStep && parameters[timeStep.parameter];
  return given?.per === 'scalar' ? given.value : 1;
}

function longStep(problem: NeuronProblem): Note | undefined {
  const model = neuronModel(problem.model);
  for (const { name, isInverse, unit } of timeConstantsOf(model)) {
    const quantity = problem.parameters[name];
    if (quantity === undefined) continue;
    const step = stepLength(model, problem);
    const tau = isInverse ? 1 / greatest(quantity) : least(quantity);
    if (!(step > tau)) continue;
    const length = unit === 'steps' ? 'a step' : `a step of ${step} ${unit}`;
    const seconds = unit === 's' ? '' : `; ${name} is in ${unit}`;
    return {
      code: 'long_step',
      message: `${length} is longer than the time constant of ${isInverse ? '1 / ' : ''}${name}, ${shortText(tau)} ${unit}${seconds}`,
      path: parameterPath(problem.model, name),
    };
  }
  return undefined;
}

/** Where a term comes from: a number, or a parameter by its name; undefined where it is computed. */
type Source = number | string | undefined;

const startOf = memoize(({ terms }: NeuronProgram): { readonly threshold: Source; readonly initial: Source } => {
  const source = (path: string): Source => {
    const value = terms.find((term) => term.path === path)?.value;
    return value?.op === 'leaf' ? String(value.detail) : value?.op === 'constant' ? Number(value.detail) : undefined;
  };
  return { threshold: source('threshold'), initial: source(initialPath('v')) };
});

/** What v is before the first step where a request gives it. */
const givenStart = 'v_init';

function startsAboveThreshold(problem: NeuronProblem): Note | undefined {
  const { parameters, options, smooth, neurons } = problem;
  const { threshold, initial } = startOf(programOf(problem));
  if (typeof threshold !== 'string' || initial === undefined || smooth === true) return undefined;
  const limit = parameters[threshold];
  const start: NeuronQuantity | undefined = typeof initial === 'number' ? { per: 'scalar', value: initial } : parameters[initial];
  if (limit === undefined || start === undefined) return undefined;
  const neuron = firstAtLeast(start, limit, neurons);
  if (neuron < 0) return undefined;
  // A membrane that is reset later, or never, may well be above its threshold between two parts of a run.
  const isOwn = neuronModel(problem.model).library === null;
  if (initial === givenStart && (!isOwn || options.reset === 'none' || options.reset_delay === true)) return undefined;
  const [from, to] = [numberAt(start, neuron), numberAt(limit, neuron)];
  if (from === to && !(isOwn && options.fires === '>=')) return undefined;
  const name = typeof initial === 'string' ? initial : givenStart;
  const inMillivolts = typeof initial === 'number' && to < 0 ? `; ${givenStart} is ${initial} unless given, in mV too` : '';
  const who = start.per === 'scalar' && limit.per === 'scalar' ? 'the neuron' : `neuron ${neuron}`;
  return {
    code: 'starts_above_threshold',
    message: `${who} starts at ${from}, which is not below ${threshold} = ${to}, and can fire before any input${inMillivolts}`,
    path: parameterPath(problem.model, name),
  };
}

/** Fewer rows or values are too few to look like steps. */
const minRows = 10;
const minValues = 3;

function timeAsNeurons({ job, axes }: NeuronPlan): Note | undefined {
  const { problem } = job;
  const { current, neurons, steps, parameters } = problem;
  // Whoever sends leading axes, or time first, has thought of where time is.
  if (current.per === 'scalar' || axes !== undefined) return undefined;
  const isList = current.per === 'neuron';
  if (isList ? neurons !== steps || neurons < minValues : neurons < minRows || neurons < minRows * steps) return undefined;
  // Whoever gives a value for each neuron, or goes on from a state, knows the rows.
  for (const name in parameters) if (parameters[name]!.per === 'neuron') return undefined;
  if (job.kind === 'lif_simulate' && job.record.has('state')) return undefined;
  if (isList) {
    if (isSweep(current.values)) return undefined;
    const message = `has ${neurons} values, one for each of ${neurons} neurons, and as many steps; one value for each step of a neuron is [[...]]`;
    return { code: 'time_as_neurons', message, path: '/current' };
  }
  if (!isShort(problem)) return undefined;
  const message = `has ${neurons} rows of ${steps}: ${neurons} neurons that run for ${steps} ${steps === 1 ? 'step' : 'steps'}; time goes along the last axis, with "time_axis": 0 along the first`;
  return { code: 'time_as_neurons', message, path: '/current' };
}

/** Whether numbers go from one end to the other, as those of a sweep over neurons. */
function isSweep(values: Numbers): boolean {
  if (isGenerated(values)) return true;
  const sign = Math.sign(values[values.length - 1]! - values[0]!);
  if (sign === 0) return false;
  for (let i = 1; i < Math.min(values.length, maxInspected); i++) if (Math.sign(values[i]! - values[i - 1]!) !== sign) return false;
  return true;
}

/** Whether a run is too short for a membrane to follow its input. */
function isShort(problem: NeuronProblem): boolean {
  if (problem.steps === 1) return true;
  const model = neuronModel(problem.model);
  const duration = problem.steps * stepLength(model, problem);
  return timeConstantsOf(model).some(({ name, isInverse }) => {
    const quantity = problem.parameters[name];
    return quantity !== undefined && 4 * duration < (isInverse ? 1 / least(quantity) : greatest(quantity));
  });
}

function refractoryRounded(problem: NeuronProblem): Note | undefined {
  const { refractory } = problem.parameters;
  if (refractory?.per !== 'scalar' || !(refractory.value > 0) || !(2 * refractory.value < problem.dt)) return undefined;
  if (neuronModel(problem.model).library !== null) return undefined;
  const message = `${refractory.value} ms is less than half a step of ${problem.dt} ms: rounded to 0 steps, it has no effect`;
  return { code: 'refractory_rounded', message, path: '/neuron/refractory' };
}

function roundedTimes({ job }: NeuronPlan, format: AnswerFormat): Note | undefined {
  const { steps } = job.problem;
  if (steps <= maxFloat32Steps || job.kind !== 'lif_simulate' || !job.record.has('spike_times')) return undefined;
  if (dtypeOf(job) === 'float64' || format === 'json' || format === 'base64') return undefined;
  const message = `spike_times as float32 do not tell the last of ${steps} steps apart; JSON and "dtype": "float64" do`;
  return { code: 'rounded_times', message, path: '/dtype' };
}

function unreachableRate({ job }: NeuronPlan): Note | undefined {
  if (job.kind !== 'lif_grad' && job.kind !== 'lif_jvp') return undefined;
  const { loss, problem } = job;
  if (loss.type !== 'firing_rate_mse' || problem.smooth === true) return undefined;
  const target = greatest(loss.target);
  const { steps, dt } = problem;
  // Those that fire several times in a step have no such limit.
  if (!(target * dt > 1000 / stepsBetween(problem)) || programOf(problem).step.count !== undefined) return undefined;
  const fastest = (1000 * Math.ceil(steps / stepsBetween(problem))) / (steps * dt);
  if (!(target > fastest * (1 + 1e-6))) return undefined;
  const message = `${shortText(target)} Hz is above the ${shortText(fastest)} Hz that the neuron reaches when it fires in every step that it can`;
  return { code: 'unreachable_rate', message, path: '/loss/target' };
}

/** The fewest steps from a spike to the next; 1 where no parameter says otherwise. */
export function stepsBetween(problem: NeuronProblem): number {
  return problem.parameters.refractory === undefined ? 1 : minSpikeDistance(problem);
}

function numberAt(quantity: NeuronQuantity, b: number): number {
  return quantity.per === 'scalar' ? quantity.value : valueAt(quantity.values, b);
}

/** The first neuron for which one quantity is at least another, or -1. */
function firstAtLeast(one: NeuronQuantity, other: NeuronQuantity, neurons: number): number {
  if (one.per === 'scalar' && other.per === 'scalar') return one.value >= other.value && neurons > 0 ? 0 : -1;
  for (let b = 0; b < Math.min(neurons, maxInspected); b++) if (numberAt(one, b) >= numberAt(other, b)) return b;
  return -1;
}

function least(quantity: NeuronQuantity): number {
  return quantity.per === 'scalar' ? quantity.value : foldNumbers(quantity.values, Infinity, Math.min);
}

function greatest(quantity: NeuronQuantity): number {
  return quantity.per === 'scalar' ? quantity.value : foldNumbers(quantity.values, -Infinity, Math.max);
}

/** A choice between the first of many numbers. */
function foldNumbers(numbers: Numbers, start: number, choose: (a: number, b: number) => number): number {
  const few = extremes(numbers);
  let chosen = start;
  for (let i = 0; i < Math.min(few.length, maxInspected); i++) chosen = choose(chosen, few[i]!);
  return chosen;
}

/** A number without the digits that say nothing. */
export function shortText(value: number, digits = 8): string {
  return String(Number(value.toPrecision(digits)));
}
