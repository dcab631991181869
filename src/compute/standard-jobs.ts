import type { LifProblem } from './jobs.ts';
import type { Surrogate, SurrogateDefinition } from './surrogates/definition.ts';

/** Numbers from one to another, both included. */
export function spread(from: number, to: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / Math.max(1, count - 1));
}

/** The contract's default neuron, `neurons` times, driven by constant currents from 0.5 to 2.5. */
export function standardProblem(neurons: number, steps: number): LifProblem {
  return {
    neurons,
    steps,
    dt: 0.1,
    current: { per: 'neuron', values: spread(0.5, 2.5, neurons) },
    tau: { per: 'scalar', value: 10 },
    v_threshold: { per: 'scalar', value: 1 },
    v_reset: { per: 'scalar', value: 0 },
    v_rest: { per: 'scalar', value: 0 },
    resistance: { per: 'scalar', value: 1 },
    v_init: { per: 'scalar', value: 0 },
    reset: 'hard',
    refractorySteps: 0,
    integration: 'euler',
    inputScaling: true,
  };
}

/** A surrogate with its defaults. */
export function standardSurrogate({ name, parameters }: SurrogateDefinition): Surrogate {
  return { name, parameters: Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, parameter.default])) };
}
