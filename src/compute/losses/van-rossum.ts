import type { Loops, Values } from '../generated-numbers.ts';
import { quantityAt, type NeuronProblem, type Quantity } from '../jobs.ts';
import { visitSteps } from './summaries.ts';

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
  const weightAt = (t: number) => (t === steps - 1 ? 0.5 : weight);
  let difference = 0;
  visitSteps(problem, loops, (i, b, t) => {
    difference = (t === 0 ? 0 : decay * difference) + spikes[i]! - quantityAt(target, b, t, steps);
    distances[b]! += weightAt(t) * difference * difference;
    bars[i] = difference;
  });
  const last = neurons * steps - 1;
  let bar = 0;
  visitSteps(problem, loops, (back) => {
    const i = last - back;
    const t = i % steps;
    bar = (t === steps - 1 ? 0 : decay * bar) + 2 * weightAt(t) * bars[i]!;
    bars[i] = bar;
  });
  return distances;
}
