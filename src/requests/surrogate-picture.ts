import { linspace } from '../codecs/ndarray.ts';
import type { SurrogateEvalJob, SurrogateGradJob } from '../compute/jobs.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { quote } from '../errors/describe.ts';
import { InputErrors } from '../errors/input-errors.ts';
import { resolveSurrogates } from './surrogates.ts';

export const backgrounds = ['white', 'transparent'] as const;

/** A picture of a surrogate, as its query asks for it. */
export interface SurrogatePicturePlan {
  readonly surrogate: Surrogate;
  readonly background: (typeof backgrounds)[number];
  /** The points of its curves. */
  readonly x: Float64Array;
  readonly evalJob: SurrogateEvalJob;
  readonly gradJob: SurrogateGradJob;
}

/** A curve's points, with one at the threshold where that is in the middle. */
const points = 1601;
const farthest = 1e4;

/**
 * What to compute for a picture of a surrogate whose name is known: the query's `x_min`, `x_max` and `background`, and its other fields as
 * the surrogate's parameters.
 *
 * @throws {Problem} when the query is not valid.
 */
export function surrogatePicturePlan(name: string, query: Readonly<Record<string, unknown>>): SurrogatePicturePlan {
  const errors = new InputErrors();
  const { x_min: from = '-2', x_max: to = '2', background = 'white', ...parameters } = query;
  const [low, high] = [bound(from, '/x_min', errors), bound(to, '/x_max', errors)];
  if (low !== null && high !== null && low >= high) errors.add('/x_max', `must be greater than x_min, ${low}; got ${high}`);
  if (!isBackground(background))
    errors.add('/background', `must be one of ${backgrounds.map(quote).join(', ')}, got ${quote(String(background))}`);
  const resolved = resolveSurrogates(
    { ...Object.fromEntries(Object.entries(parameters).map(([key, text]) => [key, numberOf(text) ?? text])), name },
    errors,
  );
  errors.throwIfAny();

  const surrogates = resolved!;
  const x = linspace(low!, high!, points);
  return {
    surrogate: surrogates[0]!,
    background: background as SurrogatePicturePlan['background'],
    x,
    evalJob: { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } },
    gradJob: { kind: 'surrogate_grad', x, surrogates, cotangent: 1 },
  };
}

function isBackground(given: unknown): given is SurrogatePicturePlan['background'] {
  return (backgrounds as readonly unknown[]).includes(given);
}

function bound(given: unknown, path: string, errors: InputErrors): number | null {
  const value = numberOf(given);
  if (value !== undefined && Math.abs(value) <= farthest) return value;
  return errors.add(path, `must be a number from ${-farthest} to ${farthest}, got ${quote(String(given))}`);
}

/** The number that a field of a query is, if it is one as JSON writes numbers. */
function numberOf(given: unknown): number | undefined {
  return typeof given === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(given) ? Number(given) : undefined;
}
