import { sliceNumbers } from './generated-numbers.ts';
import type { LifProblem, LifSimulateJob, NeuronQuantity, Quantity } from './jobs.ts';

/** A record with a number for each neuron and step. */
export type PerStep = 'spikes' | 'v' | 'v_pre';

export function isPerStep(name: string): name is PerStep {
  return name === 'spikes' || name === 'v' || name === 'v_pre';
}

/** From here on records over time are computed while the answer leaves. */
const minStreamed = 2 ** 22;
/** A neuron's steps are computed in one go. */
const maxStreamedSteps = 2 ** 22;

/** Whether a run is too long for its records over time to be computed before its answer begins. */
export function isLongRun({ record, problem: { neurons, steps } }: LifSimulateJob): boolean {
  return neurons * steps >= minStreamed && steps <= maxStreamedSteps && [...record].some(isPerStep);
}

/** Neurons [from, to) of a problem, as a problem of their own: neurons do not know of each other. */
export function neuronBlock(problem: LifProblem, from: number, to: number): LifProblem {
  const { steps } = problem;
  const cut = <Q extends Quantity>(quantity: Q): Q => {
    if (quantity.per === 'scalar') return quantity;
    const width = quantity.per === 'step' ? steps : 1;
    return { ...quantity, values: sliceNumbers(quantity.values, from * width, to * width) };
  };
  const neuron: Record<'tau' | 'v_threshold' | 'v_reset' | 'v_rest' | 'resistance' | 'v_init', NeuronQuantity> = {
    tau: cut(problem.tau),
    v_threshold: cut(problem.v_threshold),
    v_reset: cut(problem.v_reset),
    v_rest: cut(problem.v_rest),
    resistance: cut(problem.resistance),
    v_init: cut(problem.v_init),
  };
  return { ...problem, ...neuron, neurons: to - from, current: cut(problem.current) };
}

/** Values of a block: enough for kernels to run at their speed, few enough for memory to stay small. */
const blockValues = 2 ** 21;
/** Kernels take neurons in groups of so many. */
const granule = 16;

/** The bounds of blocks of whole neurons, [from, to) each. */
export function* blockBounds({ neurons, steps }: LifProblem): Generator<readonly [from: number, to: number]> {
  const size = Math.max(1, Math.floor(blockValues / steps));
  const block = size < granule ? size : size - (size % granule);
  for (let from = 0; from < neurons; from += block) yield [from, Math.min(from + block, neurons)];
}
