/** One row of the table: a route and a body of n neurons (or n values of x). */
export interface Case {
  route: ComputeRoute;
  size: number;
  body: string;
}

export const computeRoutes = ['/surrogate/eval', '/surrogate/grad', '/lif/simulate', '/lif/grad'] as const;
export type ComputeRoute = (typeof computeRoutes)[number];

export const steps = 100;

/** n numbers from `low` to `high` with at most five decimals, as a client would write them: explicit, not made by the server. */
function ramp(low: number, high: number, n: number): number[] {
  return Array.from({ length: n }, (_, i) => Number((n === 1 ? high : low + ((high - low) * i) / (n - 1)).toFixed(5)));
}

/** As JSON's object. */
export function requestBody(route: ComputeRoute, size: number): object {
  if (route === '/surrogate/eval' || route === '/surrogate/grad') return { x: ramp(-2, 2, size), surrogate: 'sigmoid' };
  return { current: ramp(0.5, 2.5, size), steps };
}

export function makeCases(sizes: readonly number[]): Case[] {
  return computeRoutes.flatMap((route) => sizes.map((size) => ({ route, size, body: JSON.stringify(requestBody(route, size)) })));
}
