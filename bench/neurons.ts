import { Arena } from '../src/compute/engine/arena.ts';
import type { KernelCache } from '../src/compute/backends/wasm/kernel-cache.ts';
import { viewResults, type Launch } from '../src/compute/backends/wasm/launch-steps.ts';
import { lifGrad, lifSimulate } from '../src/compute/backends/wasm/neuron-jobs.ts';
import { chainContender, peakLaunch } from './instruction-costs.ts';
import { inPlace, launchesOf, warmUp } from './launches.ts';
import { limitOf, type InstructionCosts, type Limit } from './limit.ts';
import { benchmarkedNeurons, neuronForwardJob, neuronGradJob } from './neuron-jobs.ts';
import { inTurns } from './turns.ts';

export interface NeuronSetting {
  readonly neurons: number;
  readonly steps: number;
  readonly rounds: number;
  /** How long one contender's turn lasts. */
  readonly turnMilliseconds: number;
}

/** Neuron-steps per second of one kernel on one core, by round. */
export interface NeuronRow {
  readonly one: readonly number[];
  /** SIMD operations per second at the machine's peak. */
  readonly peak: readonly number[];
  readonly limit: Limit;
}

export interface NeuronRows {
  readonly name: string;
  readonly forward: NeuronRow;
  /** Forward and backward, with the sigmoid. */
  readonly grad: NeuronRow;
}

/** The kernels of a neuron, laid out in an arena. */
export function neuronLaunches(
  name: string,
  arena: Arena,
  kernels: KernelCache,
  { neurons, steps }: Pick<NeuronSetting, 'neurons' | 'steps'>,
): { readonly forward: Launch; readonly grad: Launch } {
  const context = { kernels, arena, readBack: viewResults };
  const [forward] = launchesOf(lifSimulate(context, neuronForwardJob(name, neurons, steps)), kernels);
  const [grad] = launchesOf(lifGrad(context, neuronGradJob(name, neurons, steps)), kernels);
  return { forward: forward!, grad: grad! };
}

/** Times neurons of every family, forward and backward, beside the machine's peak. */
export async function neuronRows(
  setting: NeuronSetting,
  kernels: KernelCache,
  costs: InstructionCosts,
  note: (line: string) => void,
): Promise<NeuronRows[]> {
  const { neurons, steps, rounds, turnMilliseconds } = setting;
  const arena = new Arena();
  const peakOne = peakLaunch(kernels, arena);
  const laidOut = benchmarkedNeurons.map((name) => ({ name, ...neuronLaunches(name, arena, kernels, setting) }));
  await warmUp(arena, [peakOne, ...laidOut.flatMap(({ forward, grad }) => [forward, grad])]);
  const rows: NeuronRows[] = [];
  for (const { name, forward, grad } of laidOut) {
    note(`neuron, ${name}`);
    const work = neurons * steps;
    const rates = await inTurns(
      { forward: inPlace(arena, forward, work), grad: inPlace(arena, grad, work), peak: chainContender(arena, peakOne) },
      rounds,
      turnMilliseconds,
    );
    const row = (one: readonly number[], { kernel }: Launch): NeuronRow => ({
      one,
      peak: rates.peak,
      limit: limitOf(kernel.operations, costs),
    });
    rows.push({ name, forward: row(rates.forward, forward), grad: row(rates.grad, grad) });
  }
  return rows;
}
