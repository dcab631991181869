import type { Values } from '../numbers.ts';
import type { Loops } from '../loops.ts';
import type { NeuronProblem, Quantity } from '../jobs.ts';
import { visitSteps, visitTargets } from './summaries.ts';

/**
 * The squared distance of spike trains from others (van Rossum, 2001, doi:10.1162/089976601300014321): with f and g both trains after an
 * exponential filter, 1/tau times the integral of (f - g)^2 from 0 to infinity. Between two steps e = f - g decays by exp(-dt / tau), so
 * that the integral is the sum of e_t^2 (1 - exp(-2 dt / tau)) / 2, and of e_t^2 / 2 for the last step, whose decay has no end.
 *
 * @param spikes [B, T] row-major.
 * @param target the other trains, 0 or 1 a step, or any number of spikes.
 * @param bars [B, T] zeros, which become the derivative of each neuron's distance by its spikes when the loops have run.
 * @returns the distances, [B], complete when the loops have run.
 */
export function vanRossumDistance(
  { problem, spikes }: { readonly problem: NeuronProblem; readonly spikes: ArrayLike<number> },
  target: Quantity,
  tau: number,
  bars: Values,
  loops: Loops,
): Float64Array {
  const { neurons, steps, dt } = problem;
  const distances = new Float64Array(neurons);
  const decay = Math.exp(-dt / tau);
  const weight = -Math.expm1((-2 * dt) / tau) / 2;
  // What a step hands on to the next one: in an array, since a number that closures change is allocated anew each time.
  const carried = new Float64Array(2);
  visitTargets(problem, target, loops, (i, b, t, expected) => {
    const difference = (t === 0 ? 0 : decay * carried[0]!) + spikes[i]! - expected;
    carried[0] = difference;
    distances[b]! += (t === steps - 1 ? 0.5 : weight) * difference * difference;
    bars[i] = difference;
  });
  const last = neurons * steps - 1;
  visitSteps(problem, loops, (back, _, stepsBack) => {
    const i = last - back;
    const isLast = stepsBack === 0;
    carried[1] = (isLast ? 0 : decay * carried[1]!) + (isLast ? 1 : 2 * weight) * bars[i]!;
    bars[i] = carried[1];
  });
  return distances;
}
