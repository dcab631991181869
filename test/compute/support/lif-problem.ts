import type { LifProblem, Quantity, NeuronQuantity } from '../../../src/compute/jobs.ts';

export const job = (value: number): NeuronQuantity => ({ per: 'scalar', value });
export const perNeuron = (values: readonly number[]): NeuronQuantity => ({ per: 'neuron', values: Float64Array.from(values) });
export const perStep = (rows: readonly (readonly number[])[]): Quantity => ({ per: 'step', values: Float64Array.from(rows.flat()) });

/** A problem with the defaults of the HTTP contract. */
export function lifProblem(problem: Partial<LifProblem> & Pick<LifProblem, 'neurons' | 'steps' | 'current'>): LifProblem {
  return {
    dt: 0.1,
    tau: job(10),
    v_threshold: job(1),
    v_reset: job(0),
    v_rest: job(0),
    resistance: job(1),
    v_init: job(0),
    reset: 'hard',
    refractorySteps: 0,
    integration: 'euler',
    inputScaling: true,
    ...problem,
  };
}

export function linspace(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}
