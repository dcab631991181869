import { records, type NeuronProblem, type NeuronQuantity, type Quantity } from '../../../src/compute/jobs.ts';
import type { OptionValue } from '../../../src/compute/neurons/model.ts';
import { standardProblem } from '../../../src/compute/standard-jobs.ts';

/** The parameters of the LIF neuron that hold in every variant, and what it starts from. */
export const lifParameters = ['tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'] as const;
type LifParameter = (typeof lifParameters)[number];

export const resetModes = ['hard', 'soft', 'none'] as const;

/** All records. */
export const recordable: readonly string[] = Object.keys(records);

/** What has a gradient in every variant of the LIF neuron. */
export const differentiable: readonly string[] = ['current', ...lifParameters];

/** Changes to a problem of LIF neurons, by name. */
export interface LifChanges
  extends Partial<Pick<NeuronProblem, 'neurons' | 'steps' | 'dt' | 'current'>>, Readonly<Partial<Record<LifParameter, NeuronQuantity>>> {
  readonly reset?: (typeof resetModes)[number];
  readonly integration?: 'euler' | 'exponential';
  readonly inputScaling?: boolean;
  readonly detachReset?: boolean;
  /** Steps for which a neuron is held after a spike. */
  readonly refractorySteps?: number;
}

/** A problem of LIF neurons with changes. */
export function withLif(problem: NeuronProblem, changes: LifChanges): NeuronProblem {
  const { neurons = problem.neurons, steps = problem.steps, dt = problem.dt, current = problem.current, ...neuron } = changes;
  const { reset, integration, inputScaling: input_scaling, detachReset: detach_reset, refractorySteps, ...quantities } = neuron;
  const options: Record<string, OptionValue> = { ...problem.options };
  for (const [name, value] of Object.entries({ reset, integration, input_scaling, detach_reset }))
    if (value !== undefined) options[name] = value;
  const parameters: Record<string, NeuronQuantity> = { ...problem.parameters, ...quantities };
  if (refractorySteps !== undefined) delete parameters.refractory;
  if (refractorySteps) parameters.refractory = { per: 'scalar', value: refractorySteps * dt };
  return { ...problem, neurons, steps, dt, current, options, parameters };
}

export const job = (value: number): NeuronQuantity => ({ per: 'scalar', value });
export const perNeuron = (values: readonly number[]): NeuronQuantity => ({ per: 'neuron', values: Float64Array.from(values) });
export const perStep = (rows: readonly (readonly number[])[]): Quantity => ({ per: 'step', values: Float64Array.from(rows.flat()) });

/** A problem of default neurons, with changes. */
export function lifProblem(changes: LifChanges & Pick<NeuronProblem, 'neurons' | 'steps' | 'current'>): NeuronProblem {
  return withLif(standardProblem(changes.neurons, changes.steps), changes);
}

export function linspace(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}
