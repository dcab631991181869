import { sliceNumbers } from './numbers.ts';
import { recordPer, type LifSimulateJob, type NeuronProblem, type Quantity } from './jobs.ts';

/** Whether a record has a number for each neuron and step. */
export function isPerStep(record: string): boolean {
  return recordPer(record) === 'step';
}

/** From this many neuron-steps on, per-step records are computed while the answer is sent. */
const minStreamed = 2 ** 22;
/** All steps of a neuron are computed in one block. */
const maxStreamedSteps = 2 ** 22;

/** Whether the per-step records of a run are computed block by block, while the answer is sent. */
export function isLongRun({ record, keepsSeries = false, problem: { neurons, steps } }: LifSimulateJob): boolean {
  return !keepsSeries && neurons * steps >= minStreamed && steps <= maxStreamedSteps && [...record].some(isPerStep);
}

/** A quantity of neurons [from, to). */
export function cutQuantity<Q extends Quantity>(quantity: Q, steps: number, from: number, to: number): Q {
  if (quantity.per === 'scalar') return quantity;
  const width = quantity.per === 'step' ? steps : 1;
  return { ...quantity, values: sliceNumbers(quantity.values, from * width, to * width) };
}

/** Neurons [from, to) of a problem as a problem of their own. */
export function neuronBlock(problem: NeuronProblem, from: number, to: number): NeuronProblem {
  const cut = <Q extends Quantity>(quantity: Q): Q => cutQuantity(quantity, problem.steps, from, to);
  const parameters = Object.fromEntries(Object.entries(problem.parameters).map(([name, quantity]) => [name, cut(quantity)]));
  return { ...problem, neurons: to - from, current: cut(problem.current), parameters };
}

/** Values of a block: enough for kernels to run at full speed, in little memory. */
const blockValues = 2 ** 21;
/** Kernels take neurons in groups of this many. */
const groupNeurons = 16;

/** The bounds of blocks of whole neurons, [from, to) each. */
export function* blockBounds({ neurons, steps }: NeuronProblem): Generator<readonly [from: number, to: number]> {
  const size = Math.max(1, Math.floor(blockValues / steps));
  const block = size < groupNeurons ? size : size - (size % groupNeurons);
  for (let from = 0; from < neurons; from += block) yield [from, Math.min(from + block, neurons)];
}
