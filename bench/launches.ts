import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Arena } from '../src/compute/arena.ts';
import { instanceIn } from '../src/compute/backends/wasm/kernel-instance.ts';
import type { Launch, Program } from '../src/compute/backends/wasm/launch.ts';
import type { WorkerPool } from '../src/compute/backends/wasm/worker-pool.ts';
import type { Contender } from './turns.ts';

/**
 * A job's launches with their memory laid out, to be run as often as one likes without the copying around them. The program
 * itself goes on as if they had run; what it makes of the memory is dropped.
 */
export function launchesOf(program: Program<unknown>): Launch[] {
  return [...program];
}

/** A launch in this thread, on one core. */
export function inPlace(arena: Arena, { kernel, job, vectors, scratchBytes }: Launch, work: number): Contender {
  const instance = instanceIn(arena, kernel);
  const scratch = arena.allocate(scratchBytes);
  return { work, run: () => { instance.launch(job, scratch, vectors, kernel.inFlight); } };
}

/** A launch shared by the pool's threads. */
export function pooled(arena: Arena, pool: WorkerPool, launch: Launch, work: number): Contender {
  return { work, run: () => pool.run(arena, launch) };
}

const warmUpCalls = 40;
const warmUpVectors = 256;
/** The optimising compiler works in the background: what it still has to do then. */
const compilingMilliseconds = 500;

/**
 * Calls kernels until V8's optimising compiler has been asked for them: it is by the number of calls, whatever they do, and
 * a function that is running is not replaced.
 */
export async function warmUp(arena: Arena, launches: readonly Launch[]): Promise<void> {
  for (const { kernel, job, vectors, scratchBytes } of launches) {
    const instance = instanceIn(arena, kernel);
    const scratch = arena.allocate(scratchBytes);
    for (let i = 0; i < warmUpCalls; i++) instance.launch(job, scratch, Math.min(vectors, warmUpVectors), kernel.inFlight);
    await setImmediate();
  }
  await setTimeout(compilingMilliseconds);
}
