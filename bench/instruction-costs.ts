import type { Arena } from '../src/compute/engine/arena.ts';
import type { KernelCache } from '../src/compute/backends/wasm/kernel-cache.ts';
import type { Launch } from '../src/compute/backends/wasm/launch-steps.ts';
import { totalOf, type KernelWat } from '../src/compute/backends/wasm/codegen/kernel-wat.ts';
import { summarise } from '../support/statistics.ts';
import { instructionKernel, peakKernel } from './chain-kernel.ts';
import { inPlace, warmUp } from './launches.ts';
import type { InstructionCosts } from './limit.ts';
import { inTurns, ratios, type Contender } from './turns.ts';

const turns = 500;

/** Times each of the instructions beside the peak. */
export async function instructionCosts(
  kernels: KernelCache,
  arena: Arena,
  names: readonly string[],
  rounds: number,
  milliseconds: number,
): Promise<InstructionCosts> {
  const launches = names.map((name) => chainLaunch(kernels, arena, name, () => instructionKernel(name)));
  const peak = peakLaunch(kernels, arena);
  await warmUp(arena, [peak, ...launches]);
  const contenders = Object.fromEntries(launches.map((launch, i) => [names[i]!, chainContender(arena, launch)]));
  const rates = await inTurns({ ...contenders, peak: chainContender(arena, peak) }, rounds, milliseconds);
  return Object.fromEntries(names.map((name) => [name, summarise(ratios(rates.peak, rates[name as keyof typeof rates])).median]));
}

export function peakLaunch(kernels: KernelCache, arena: Arena): Launch {
  return chainLaunch(kernels, arena, 'peak', peakKernel);
}

/** Counts the operations done. */
export function chainContender(arena: Arena, launch: Launch): Contender {
  return inPlace(arena, launch, launch.vectors * totalOf(launch.kernel.operations));
}

function chainLaunch(kernels: KernelCache, arena: Arena, key: string, print: () => KernelWat): Launch {
  const kernel = kernels.get(key, print);
  // Next to 1, so that what is multiplied or divided by it over and over stays an ordinary number.
  return { kernel, argumentBlock: kernel.layout.write(arena, {}, { factor: 1 + 2 ** -23 }), vectors: turns, scratchBytes: 1024 };
}
