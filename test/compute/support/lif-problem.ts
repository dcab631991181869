import type { LifProblem, Quantity, NeuronQuantity } from '../../../src/compute/jobs.ts';
import { standardProblem } from '../../../src/compute/standard-jobs.ts';

export const job = (value: number): NeuronQuantity => ({ per: 'scalar', value });
export const perNeuron = (values: readonly number[]): NeuronQuantity => ({ per: 'neuron', values: Float64Array.from(values) });
export const perStep = (rows: readonly (readonly number[])[]): Quantity => ({ per: 'step', values: Float64Array.from(rows.flat()) });

/** A problem of default neurons, with changes. */
export function lifProblem(problem: Partial<LifProblem> & Pick<LifProblem, 'neurons' | 'steps' | 'current'>): LifProblem {
  return { ...standardProblem(problem.neurons, problem.steps), ...problem };
}

export function linspace(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}
