import { broadcastValues, canBroadcast, linspace, type Tensor } from '../codecs/ndarray.ts';
import { decodeTensor } from '../codecs/tensor.ts';
import { valueAt } from '../compute/generated-numbers.ts';
import type { SurrogateEvalJob, SurrogateGradJob } from '../compute/jobs.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkValues, checkWork, type Limits } from '../config/limits.ts';
import { quote, shapeText } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { evaluable, type SurrogateEvalRequest, type SurrogateGradRequest } from '../schemas/surrogate.ts';
import { readOptions, type Plans } from './plan.ts';
import { resolveSurrogates } from './surrogates.ts';
import { distinctNames, nameSet } from './validation.ts';

const evaluableNames = nameSet(evaluable);

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateEvalPlan(request: SurrogateEvalRequest, limits: Limits): Plans['surrogate_eval'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const { x, surrogates, outputs } = errors.requireAll({
    x: decodeTensor(request.x, '/x', errors, limits),
    surrogates: resolveSurrogates(request.surrogate, errors),
    outputs: distinctNames(request.outputs ?? evaluable, evaluableNames, '/outputs', errors),
  });
  checkSize(x, surrogates, outputs.size, limits);
  const selected = { spike: outputs.has('spike'), value: outputs.has('value') };
  return { job: { kind: 'surrogate_eval', ...precision, x: x.values, surrogates, outputs: selected }, shape: x.shape, options };
}

/** @throws {Problem} when the request is not valid or asks for too much. */
export function surrogateGradPlan(request: SurrogateGradRequest, limits: Limits): Plans['surrogate_grad'] {
  const errors = new InputErrors();
  const { options, precision } = readOptions(request, errors);
  const read = {
    x: decodeTensor(request.x, '/x', errors, limits),
    surrogates: resolveSurrogates(request.surrogate, errors),
    cotangent: request.cotangent === undefined ? undefined : decodeTensor(request.cotangent, '/cotangent', errors, limits),
  };
  if (read.x && read.cotangent && !canBroadcast(read.cotangent.shape, read.x.shape)) {
    const [given, wanted] = [shapeText(read.cotangent.shape), shapeText(read.x.shape)];
    errors.add('/cotangent', `has shape ${given}, which does not broadcast to the shape ${wanted} of /x`);
  }
  const { x, surrogates, cotangent } = errors.requireAll(read);
  checkSize(x, surrogates, 1, limits);
  const factor =
    cotangent === undefined ? 1 : cotangent.shape.length === 0 ? valueAt(cotangent.values, 0) : broadcastValues(cotangent, x.shape);
  return { job: { kind: 'surrogate_grad', ...precision, x: x.values, surrogates, cotangent: factor }, shape: x.shape, options };
}

function checkSize({ values }: Tensor, surrogates: readonly Surrogate[], outputs: number, limits: Limits): void {
  const results = values.length * surrogates.length;
  checkWork(results, () => 'elements of x x surrogates', limits);
  checkValues(results * outputs, 'The answer', limits);
}

export const backgrounds = ['white', 'transparent'] as const;
type Background = (typeof backgrounds)[number];

/** A picture of a surrogate, as its query asks for it. */
export interface SurrogatePicturePlan {
  readonly surrogate: Surrogate;
  readonly background: Background;
  /** The points of its curves. */
  readonly x: Float64Array;
  readonly evalJob: SurrogateEvalJob;
  readonly gradJob: SurrogateGradJob;
}

/** Points of a curve: an odd number, so that one is at the threshold where that is in the middle. */
const points = 1601;
/** The largest |x| of an axis. */
const maxX = 1e4;

/**
 * Plans a picture of a known surrogate: the query has `x_min`, `x_max` and `background`, and the surrogate's parameters as its other fields, lists
 * separated by commas.
 *
 * @throws {Problem} when the query is not valid.
 */
export function surrogatePicturePlan(name: string, query: Readonly<Record<string, unknown>>): SurrogatePicturePlan {
  const errors = new InputErrors();
  const { x_min: from = '-2', x_max: to = '2', background: given = 'white', ...texts } = query;
  const [low, high] = [readX(from, '/x_min', errors), readX(to, '/x_max', errors)];
  if (low !== null && high !== null && low >= high) errors.add('/x_max', `must be greater than x_min, ${low}; got ${high}`);
  const background = backgrounds.find((one) => one === given);
  if (background === undefined)
    errors.add('/background', `must be one of ${backgrounds.map(quote).join(', ')}, got ${quote(String(given))}`);
  const parameters = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, numberOf(text) ?? numbersOf(text) ?? text]));
  const plan = errors.requireAll({
    low,
    high,
    background: background ?? null,
    surrogates: resolveSurrogates({ ...parameters, name }, errors),
  });

  const { surrogates } = plan;
  const [surrogate] = surrogates as readonly [Surrogate];
  const x = linspace(plan.low, plan.high, points);
  return {
    surrogate,
    background: plan.background,
    x,
    evalJob: { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } },
    gradJob: { kind: 'surrogate_grad', x, surrogates, cotangent: 1 },
  };
}

function readX(given: unknown, path: string, errors: InputErrors): number | null {
  const value = numberOf(given);
  if (value !== undefined && Math.abs(value) <= maxX) return value;
  return errors.add(path, `must be a number from ${-maxX} to ${maxX}, got ${quote(String(given))}`);
}

/** The numbers that a field of a query lists, separated by commas. */
function numbersOf(given: unknown): number[] | undefined {
  const numbers = typeof given === 'string' && given.includes(',') ? given.split(',').map(numberOf) : [undefined];
  return numbers.every((number) => number !== undefined) ? numbers : undefined;
}

/** The number that a field of a query is, if it is written as JSON writes numbers. */
function numberOf(given: unknown): number | undefined {
  return typeof given === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(given) ? Number(given) : undefined;
}
