import type { Job, LifSimulateResult, NeuronProblem, NeuronQuantity, Quantity, ResultOf } from '../../../src/compute/jobs.ts';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { standardProblem } from '../../../src/compute/standard-jobs.ts';
import type { Surrogate, SurrogateDefinition } from '../../../src/compute/surrogates/definition.ts';
import { withLif, type LifChanges } from './lif-problem.ts';
import { surrogateWith } from './parameter-sets.ts';

/** More than any test's job: everything runs in the calling thread. */
export const inline = { threads: 1, inlineNanoseconds: Number.MAX_VALUE };

export async function resultOf<J extends Job>(backend: Backend, job: J): Promise<ResultOf[J['kind']]> {
  return (await backend.run(job)).result;
}

/** The floating-point numbers of a run that records everything, by name. */
export function floatRecords({ series: { v, v_pre, v_post }, state, v_final, firing_rates }: LifSimulateResult) {
  return { v, v_pre, v_post, v_final, firing_rates, ...state };
}

export const same = (value: number): NeuronQuantity => ({ per: 'scalar', value });

/** Values that float32 holds exactly, so that back-ends start from the same numbers. */
export function perNeuron(neurons: number, value: (neuron: number) => number): NeuronQuantity {
  return { per: 'neuron', values: Float64Array.from({ length: neurons }, (_, b) => Math.fround(value(b))) };
}

/** Six quantities that differ from neuron to neuron. @param make of each neuron's value a quantity: rounded to float32, unless told otherwise. */
export function variedNeurons(neurons: number, make = perNeuron): LifChanges {
  return {
    tau: make(neurons, (b) => 8 + b / 5),
    v_threshold: make(neurons, (b) => 0.9 + b / 200),
    v_reset: make(neurons, (b) => 0.1 - b / 100),
    v_rest: make(neurons, (b) => b / 400),
    resistance: make(neurons, (b) => 1 + b / 100),
    v_init: make(neurons, (b) => b / 50),
  };
}

export function perStep(neurons: number, steps: number, value: (index: number) => number): Quantity {
  return { per: 'step', values: Float64Array.from({ length: neurons * steps }, (_, i) => Math.fround(value(i))) };
}

/** The contract's default neuron, driven by currents spread over [0.5, 2.5]. */
export function lifProblem(neurons: number, steps: number, changes: LifChanges = {}): NeuronProblem {
  const current = perNeuron(neurons, (b) => 0.5 + (2 * b) / Math.max(1, neurons - 1));
  return withLif(standardProblem(neurons, steps), { current, ...changes });
}

/** A surrogate with its parameters' defaults times `factor`, kept in their ranges. */
export function scaledSurrogate(definition: SurrogateDefinition, factor = 1): Surrogate {
  return surrogateWith(definition, ({ default: usual, minimum, maximum, integer }) => {
    const scaled = (number: number) => Math.min(maximum, Math.max(minimum, integer ? Math.round(number * factor) : number * factor));
    return typeof usual === 'number' ? scaled(usual) : usual.map(scaled);
  });
}

/**
 * Whether a gradient is so high that a step multiplies it through an undetached reset by much more than 1: after some tens of steps it
 * leaves float32's range, as the exact gradient is about to, and before that its digits.
 */
export function isExplosive(definition: SurrogateDefinition): boolean {
  const { grad } = surrogateFunctions(scaledSurrogate(definition));
  return Math.max(...Array.from({ length: 401 }, (_, i) => grad((i - 200) / 100))) > 5;
}
