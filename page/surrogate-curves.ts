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

/** Where curves are computed: evenly spaced points, which the service makes, or these. */
export type Points = { readonly linspace: readonly [low: number, high: number, count: number] } | readonly number[];

/**
 * Values and gradients at those points.
 *
 * @throws {ApiError} when the service says no or nothing.
 */
export async function fetchCurves(
  surrogate: readonly (string | { name: string })[],
  points: Points,
  signal?: AbortSignal,
): Promise<FetchedCurves> {
  const x = 'linspace' in points ? linspace(...points.linspace) : Float64Array.from(points);
  const origin = { x: points, surrogate };
  if (surrogate.length === 0) return fetchStep(points, x, signal);
  const requests: [ApiRequest, ApiRequest] = [
    { path: '/surrogate/eval', body: origin },
    { path: '/surrogate/grad', body: origin },
  ];
  const [evaluated, differentiated] = await Promise.all([call<EvalAnswer>(requests[0], signal), call<GradAnswer>(requests[1], signal)]);
  return {
    x,
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

/** The step alone, which is the same whatever the surrogate. */
async function fetchStep(points: Points, x: Float64Array, signal?: AbortSignal): Promise<FetchedCurves> {
  const request: ApiRequest = { path: '/surrogate/eval', body: { x: points, surrogate: 'sigmoid', outputs: ['spike'] } };
  const { body, roundTripMs } = await call<EvalAnswer>(request, signal);
  return { x, spike: computed(body.results[0]!).spike, surrogates: [], requests: [request], metas: [body.meta], roundTripMs };
}
