import type { Backend } from '../src/compute/engine/backend.ts';
import { currents, defaultSurrogate, gradJob } from './jobs.ts';
import { plainGrad, plainMargin } from './plain-loop.ts';

/** Nearer than this to the threshold, rounding to float32 may decide whether and when a neuron fires. */
const closest = 1e-3;

export interface Agreement {
  /** Largest difference of a gradient, relative to the plain loop's. */
  readonly error: number;
  readonly compared: number;
  readonly leftOut: number;
}

/** Compares the plain loop's gradients with a back-end's, neuron by neuron, but for those whose potential grazes the threshold. */
export async function agreement(backend: Backend, neurons: number, steps: number): Promise<Agreement> {
  const { result } = await backend.run(gradJob(neurons, steps, [defaultSurrogate('sigmoid')]));
  const { spike_counts, grad } = result[0]!;
  const actual = grad.current as Float32Array;
  const current = currents(neurons);
  const counts = new Int32Array(neurons);
  const expected = new Float64Array(neurons);
  plainGrad(current, steps, counts, expected);
  let error = 0;
  let compared = 0;
  for (let b = 0; b < neurons; b++) {
    if (plainMargin(current[b]!, steps) < closest) continue;
    compared++;
    const difference = counts[b] === spike_counts[b] ? Math.abs(actual[b]! / expected[b]! - 1) : Infinity;
    error = Math.max(error, difference);
  }
  return { error, compared, leftOut: neurons - compared };
}
