import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { materialize } from '../../../src/compute/numbers.ts';
import type { LifGradJob, LifGradResult, Quantity } from '../../../src/compute/jobs.ts';
import { resultOf } from './jobs.ts';

const reference = new ReferenceBackend();

/**
 * The exact gradients of a job whose currents, or whose thresholds, are moved up or down by a part of their size: how far they differ from the
 * job's own says how well conditioned it is.
 *
 * @param relative - the part, such as half a unit in the last place of the arithmetic that is held to the reference.
 */
export function nudgedGradients(job: LifGradJob, relative: number): Promise<LifGradResult[number][]> {
  const jobs = (['current', 'v_threshold'] as const).flatMap((quantity) => [
    nudged(job, quantity, 1 + relative),
    nudged(job, quantity, 1 - relative),
  ]);
  return Promise.all(jobs.map(async (other) => (await resultOf(reference, other))[0]!));
}

function nudged({ problem, ...job }: LifGradJob, quantity: 'current' | 'v_threshold', factor: number): LifGradJob {
  if (quantity === 'current') return { ...job, problem: { ...problem, current: moved(problem.current, factor) } };
  const { v_threshold } = problem.parameters;
  const parameters = { ...problem.parameters, ...(v_threshold && { v_threshold: moved(v_threshold, factor) }) };
  return { ...job, problem: { ...problem, parameters } };
}

function moved<Q extends Quantity>(quantity: Q, factor: number): Q {
  if (quantity.per === 'scalar') return { ...quantity, value: quantity.value * factor };
  return { ...quantity, values: materialize(quantity.values).map((value) => value * factor) };
}
