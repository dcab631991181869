import { linspace } from '../src/codecs/ndarray.ts';
import { surrogateLabel, type SurrogateCurves } from '../src/plot/surrogate-figure.ts';
import { computed, type ApiRequest, type EvalAnswer, type GradAnswer } from './api-types.ts';
import { call } from './api.ts';
import type { Shown } from './picture.ts';

/** Curves of several surrogates over the same points, and where they come from. */
export interface FetchedCurves extends Pick<Shown, 'requests' | 'metas' | 'roundTripMs'> {
  readonly x: Float64Array;
  readonly spike: readonly number[];
  /** In the order of the surrogates asked for. */
  readonly surrogates: readonly SurrogateCurves[];
}

/**
 * Values and gradients at so many points of a range.
 *
 * @throws {ApiError} when the service says no or nothing.
 */
export async function fetchCurves(
  surrogate: readonly (string | { name: string })[],
  [low, high]: readonly [number, number],
  points: number,
  signal?: AbortSignal,
): Promise<FetchedCurves> {
  const body = { x: { linspace: [low, high, points] }, surrogate };
  const requests: [ApiRequest, ApiRequest] = [
    { path: '/surrogate/eval', body },
    { path: '/surrogate/grad', body },
  ];
  const [evaluated, differentiated] = await Promise.all([call<EvalAnswer>(requests[0], signal), call<GradAnswer>(requests[1], signal)]);
  return {
    x: linspace(low, high, points),
    spike: computed(evaluated.body.results[0]!).spike,
    surrogates: evaluated.body.results.map((result, i) => ({
      label: surrogateLabel(result.surrogate),
      value: computed(result).value,
      grad: computed(differentiated.body.results[i]!).grad,
    })),
    requests,
    metas: [evaluated.body.meta, differentiated.body.meta],
    roundTripMs: Math.max(evaluated.roundTripMs, differentiated.roundTripMs),
  };
}
