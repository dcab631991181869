import { linspace } from '../codecs/ndarray.ts';
import type { LifGradJob, LifSimulateJob, SurrogateEvalJob, SurrogateGradJob } from '../compute/jobs.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import type { Limits } from '../config/limits.ts';
import { pointerSegment, quote } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { grounds, type Ground } from '../plot/draw.ts';
import { themes, type Theme } from '../plot/palette.ts';
import type { LifGradRequest, LifSimulateRequest } from '../schemas/lif.ts';
import {
  maxCompared,
  maxDrawnCurrents,
  maxDrawnSteps,
  pictureSides,
  runPictureSize,
  surrogatePictureSize,
} from '../schemas/headers-and-queries.ts';
import { flatNeuronFields, nestRequest, refuseUnknown, valueOfText, type FlatValue } from './bodies/flat-request.ts';
import { lifGradPlan, lifSimulatePlan } from './neurons/neuron-plans.ts';
import { libraryOf } from './neurons/neurons.ts';
import { readSurrogates } from './surrogates/surrogates.ts';

type Query = Readonly<Record<string, unknown>>;

/** How a picture looks. */
export interface PictureLook {
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly background: Ground;
}

/** A picture of surrogates, as its query asks for it. */
export interface SurrogatePicturePlan {
  readonly look: PictureLook;
  readonly surrogates: readonly Surrogate[];
  /** The points of its curves. */
  readonly x: Float64Array;
  readonly evalJob: SurrogateEvalJob;
  readonly gradJob: SurrogateGradJob;
}

/** Points of a curve, fewer where there are many: an odd number, so that one is at the threshold where that is in the middle. */
const curvePoints = (surrogates: number) => (surrogates > 4 ? 801 : 1601);
/** The largest |x| of an axis. */
const maxX = 1e4;

/**
 * Plans a picture of a known surrogate, whose parameters are the query's other fields, lists separated by commas.
 *
 * @throws {Problem} when the query is not valid.
 */
export function surrogatePicturePlan(name: string, query: Query): SurrogatePicturePlan {
  const errors = new InputErrors();
  const { rest, look } = readLook(query, surrogatePictureSize, errors);
  const { x_min, x_max, ...texts } = rest;
  const parameters = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, parameterValue(String(text).split(','))]));
  return curvesPlan(look, [x_min, x_max], readSurrogates({ ...parameters, name }, errors), errors);
}

/**
 * Plans a picture of the surrogates that `names` lists, such as `sigmoid,s2nn(alpha=2,beta=1)`.
 *
 * @throws {Problem} when the query is not valid.
 */
export function comparisonPicturePlan(query: Query): SurrogatePicturePlan {
  const errors = new InputErrors();
  const { rest, look } = readLook(query, surrogatePictureSize, errors);
  const { x_min, x_max, names, ...others } = rest;
  for (const name of Object.keys(others)) {
    errors.add(
      pointerSegment(name),
      `unknown field ${quote(name)}; parameters stand in parentheses behind the name, as in names=sigmoid(alpha=4), and the others are x_min, x_max, size, theme and background`,
    );
  }
  return curvesPlan(look, [x_min, x_max], readNames(names, '/names', errors), errors);
}

function curvesPlan(
  look: PictureLook | null,
  [from = '-2', to = '2']: readonly [unknown, unknown],
  given: readonly Surrogate[] | null,
  errors: InputErrors,
): SurrogatePicturePlan {
  const [low, high] = readRange([from, to], ['x_min', 'x_max'], maxX, errors);
  const plan = errors.requireAll({ look, low, high, surrogates: given });
  const { surrogates } = plan;
  const x = linspace(plan.low, plan.high, curvePoints(surrogates.length));
  return {
    look: plan.look,
    surrogates,
    x,
    evalJob: { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } },
    gradJob: { kind: 'surrogate_grad', x, surrogates, cotangent: 1 },
  };
}

/** A picture of a neuron's run, as its query asks for it. */
export interface RunPicturePlan {
  readonly look: PictureLook;
  readonly job: LifSimulateJob;
  /** One for each step. */
  readonly current: readonly number[];
}

/**
 * Plans a picture of a run of one neuron of a known model, whose parameters and options are the query's other fields.
 *
 * @throws {Problem} when the query is not valid.
 */
export function runPicturePlan(model: string, query: Query, limits: Limits): RunPicturePlan {
  const errors = new InputErrors();
  const { rest, look } = readLook(query, runPictureSize, errors);
  const { current: given = '1.5', ...fields } = rest;
  const numbers = String(given).split(',').map(numberOf);
  const current = numbers.every((number) => number !== undefined)
    ? numbers
    : errors.add('/current', `must be a number, or numbers separated by commas, got ${quote(String(given))}`);
  const isConstant = current?.length === 1;
  const flat = readNeuronFields(model, { ...(isConstant && { steps: '500' }), ...fields }, ['current', ...lookFields], errors);
  const read = errors.requireAll({ look, current });
  const hasSpikes = neuronModel(model).surrogate !== null;
  const request = nestRequest('lif_simulate', flat, { current: isConstant ? read.current[0] : [read.current] });
  const { job } = lifSimulatePlan({ ...(request as LifSimulateRequest), record: hasSpikes ? ['v', 'spike_times'] : ['v'] }, limits);
  const { steps } = job.problem;
  if (steps > maxDrawnSteps) errors.add('/current', `must have at most ${maxDrawnSteps} numbers in a picture, got ${steps}`);
  errors.throwIfAny();
  return { look: read.look, job, current: isConstant ? new Array<number>(steps).fill(read.current[0]!) : read.current };
}

/** A picture of spike counts and gradients over a range of currents, as its query asks for it. */
export interface GradientPicturePlan {
  readonly look: PictureLook;
  readonly job: LifGradJob;
  /** One for each neuron. */
  readonly currents: Float64Array;
}

/**
 * Plans a picture of the gradient of the spike count with respect to a constant current, for a known model, whose parameters and options are the
 * query's other fields.
 *
 * @throws {Problem} when the query is not valid.
 */
export function gradientPicturePlan(model: string, query: Query, limits: Limits): GradientPicturePlan {
  const errors = new InputErrors();
  const { rest, look } = readLook(query, surrogatePictureSize, errors);
  const { current_min = '0.5', current_max = '2.5', points: count = '50', surrogates: names, ...fields } = rest;
  const [low, high] = readRange([current_min, current_max], ['current_min', 'current_max'], 1e6, errors);
  const points = readWhole(count, '/points', [2, maxDrawnCurrents], errors);
  const surrogates = names === undefined ? undefined : readNames(names, '/surrogates', errors);
  const own = ['surrogates', 'current_min', 'current_max', 'points', ...lookFields];
  const flat = readNeuronFields(model, { steps: '100', ...fields }, own, errors);
  if (neuronModel(model).surrogate === null) errors.add('/name', `must be a neuron that spikes, got ${model}`);
  const read = errors.requireAll({ look, low, high, points, surrogates });
  const currents = linspace(read.low, read.high, read.points);
  const request = nestRequest('lif_grad', flat, { current: Array.from(currents) }) as LifGradRequest;
  const given = read.surrogates && { surrogate: read.surrogates.map(({ name, parameters }) => ({ name, ...parameters })) };
  const { job } = lifGradPlan({ ...request, ...given }, limits);
  return { look: read.look, job, currents };
}

const lookFields = ['size', 'theme', 'background'];

/**
 * Reads what all pictures' queries have in common, and gives the fields that are left.
 *
 * @throws {Problem} for fields that are given twice.
 */
function readLook(query: Query, [usualWidth, usualHeight]: readonly [number, number], errors: InputErrors) {
  const { size = `${usualWidth}x${usualHeight}`, theme = themes[0], background = grounds[0], ...rest } = query;
  for (const [name, value] of Object.entries(query))
    if (typeof value !== 'string') errors.add(pointerSegment(name), 'must stand in the URL once');
  errors.throwIfAny();
  const read = {
    size: readSize(String(size), errors),
    theme: readWord(theme, themes, '/theme', errors),
    background: readWord(background, grounds, '/background', errors),
  };
  const look = read.size && read.theme && read.background ? { ...read.size, theme: read.theme, background: read.background } : null;
  return { rest, look };
}

function readSize(given: string, errors: InputErrors): Pick<PictureLook, 'width' | 'height'> | null {
  const [minimum, maximum] = pictureSides;
  const [width, height] = (/^(\d{1,5})x(\d{1,5})$/.exec(given) ?? []).slice(1).map(Number);
  const isSide = (side: number | undefined): side is number => side !== undefined && side >= minimum && side <= maximum;
  if (isSide(width) && isSide(height)) return { width, height };
  return errors.add('/size', `must be a width and a height of ${minimum} to ${maximum} pixels, such as 720x300, got ${quote(given)}`);
}

/**
 * The fields of a neuron and its time, as a flat request has them.
 *
 * @throws {Problem} for unknown fields, those of other requests among them.
 */
function readNeuronFields(name: string, fields: Query, own: readonly string[], errors: InputErrors): Record<string, FlatValue> {
  const model = neuronModel(name);
  const known = new Set([...own, 'steps', 'dt', ...flatNeuronFields(model)]);
  if (model.library === null && Object.hasOwn(model.options, 'detach_reset')) known.add('detach_reset');
  // The path names it.
  known.delete('model');
  const unknown = Object.keys(fields).filter((field) => !known.has(field));
  refuseUnknown(unknown, known, libraryOf(model));
  if (fields.steps !== undefined) readWhole(fields.steps, '/steps', [1, maxDrawnSteps], errors);
  const flat = Object.entries(fields).map(([field, text]) => [field, valueOfText(field, String(text))]);
  return { ...(Object.fromEntries(flat) as Record<string, FlatValue>), model: name };
}

/** A surrogate in a list: its name, and its parameters in parentheses. */
const listed = /^([^(),]+)(?:\(([^()]*)\))?(?:,|$)/;

/** Reads a list of surrogates such as `sigmoid,s2nn(alpha=2,beta=1)`. */
function readNames(given: unknown, path: string, errors: InputErrors): readonly Surrogate[] | null {
  const form = 'names separated by commas, with parameters in parentheses, such as sigmoid,arctan(alpha=3)';
  if (typeof given !== 'string' || given === '') return errors.add(path, `is required: ${form}`);
  const surrogates: object[] = [];
  let rest = given;
  while (rest !== '') {
    const match = listed.exec(rest);
    if (match === null) return errors.add(path, `must be ${form}; got ${quote(rest)}`);
    const parameters = readParameters(match[2] ?? '', path, errors);
    if (parameters === null) return null;
    surrogates.push({ ...parameters, name: match[1] });
    rest = rest.slice(match[0].length);
  }
  if (surrogates.length > maxCompared) return errors.add(path, `must be at most ${maxCompared} surrogates, got ${surrogates.length}`);
  return readSurrogates(surrogates, errors, path);
}

/** Reads parameters such as `alpha=2,beta=1`; numbers behind another belong to its list. */
function readParameters(text: string, path: string, errors: InputErrors): Record<string, unknown> | null {
  const texts = new Map<string, string[]>();
  let last: string[] | undefined;
  for (const part of text === '' ? [] : text.split(',')) {
    const [name, value] = part.includes('=') ? part.split('=', 2) : [undefined, part];
    if (name !== undefined && texts.has(name)) return errors.add(path, `has the parameter ${quote(name)} twice in (${text})`);
    if (name !== undefined) texts.set(name, (last = []));
    if (last === undefined) return errors.add(path, `must have parameters such as (alpha=2), got (${text})`);
    last.push(value);
  }
  return Object.fromEntries([...texts].map(([name, values]) => [name, parameterValue(values)]));
}

/** A number, or a list of them; text where it is neither, which the surrogate refuses. */
function parameterValue(texts: readonly string[]): number | number[] | string {
  const numbers = texts.map(numberOf);
  if (!numbers.every((number) => number !== undefined)) return texts.join(',');
  return numbers.length === 1 ? numbers[0]! : numbers;
}

function readRange(
  [from, to]: readonly [unknown, unknown],
  [first, last]: readonly [string, string],
  max: number,
  errors: InputErrors,
): [number | null, number | null] {
  const read = (given: unknown, name: string) => {
    const value = numberOf(given);
    if (value !== undefined && Math.abs(value) <= max) return value;
    return errors.add(`/${name}`, `must be a number from ${-max} to ${max}, got ${quote(String(given))}`);
  };
  const [low, high] = [read(from, first), read(to, last)];
  if (low !== null && high !== null && low >= high) errors.add(`/${last}`, `must be greater than ${first}, ${low}; got ${high}`);
  return [low, high];
}

function readWhole(given: unknown, path: string, [minimum, maximum]: readonly [number, number], errors: InputErrors): number | null {
  const value = numberOf(given);
  if (value !== undefined && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
  return errors.add(path, `must be a whole number from ${minimum} to ${maximum}, got ${quote(String(given))}`);
}

function readWord<const Word extends string>(given: unknown, words: readonly Word[], path: string, errors: InputErrors): Word | null {
  const word = words.find((one) => one === given);
  return word ?? errors.add(path, `must be one of ${words.map(quote).join(', ')}, got ${quote(String(given))}`);
}

/** The number that a field of a query is, if it is written as JSON writes numbers. */
function numberOf(given: unknown): number | undefined {
  return typeof given === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(given) ? Number(given) : undefined;
}
