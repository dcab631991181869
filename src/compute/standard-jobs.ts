import type { LifProblem } from './jobs.ts';
import { lifParameterRecord, lifParameters } from './neurons/lif-parameters.ts';
import type { Surrogate, SurrogateDefinition } from './surrogates/definition.ts';

/** Evenly spaced numbers, both ends included. */
export function spread(from: number, to: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / Math.max(1, count - 1));
}

/** Default neurons, driven by constant currents from 0.5 to 2.5. */
export function standardProblem(neurons: number, steps: number): LifProblem {
  return {
    neurons,
    steps,
    dt: 0.1,
    current: { per: 'neuron', values: spread(0.5, 2.5, neurons) },
    ...lifParameterRecord((name) => ({ per: 'scalar', value: lifParameters[name].default }) as const),
    reset: 'hard',
    refractorySteps: 0,
    integration: 'euler',
    inputScaling: true,
  };
}

/** A surrogate with its default parameters. */
export function standardSurrogate({ name, parameters }: SurrogateDefinition): Surrogate {
  return { name, parameters: Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, parameter.default])) };
}
