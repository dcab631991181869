import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Arena } from '../src/compute/engine/arena.ts';
import { instanceIn, type KernelCache } from '../src/compute/backends/wasm/kernel-cache.ts';
import { isKernelRequest, type Launch, type LaunchSteps } from '../src/compute/backends/wasm/launch-steps.ts';
import { pause } from '../src/compute/loops.ts';
import type { WorkerPool } from '../src/compute/backends/wasm/threads/worker-pool.ts';
import type { Contender } from './turns.ts';

/**
 * A job's launches with their memory laid out, to be run as often as one likes without the copying around them. The program
 * itself goes on as if they had run; what it makes of the memory is dropped.
 */
export function launchesOf(program: LaunchSteps<unknown>, kernels: KernelCache): Launch[] {
  const launches: Launch[] = [];
  let next = program.next();
  while (next.done !== true) {
    const step = next.value;
    if (step !== pause && isKernelRequest(step)) {
      next = program.next(kernels.get(step.key, step.print));
    } else {
      if (step !== pause) launches.push(step);
      next = program.next();
    }
  }
  return launches;
}

/** A launch in this thread, on one core. */
export function inPlace(arena: Arena, { kernel, argumentBlock, vectors, scratchBytes }: Launch, work: number): Contender {
  const run = instanceIn(arena, kernel);
  const scratch = arena.allocate(scratchBytes);
  return {
    work,
    run: () => {
      run(argumentBlock, scratch, 0, vectors);
    },
  };
}

/** A launch shared by the pool's threads. */
export function pooled(arena: Arena, pool: WorkerPool, launch: Launch, work: number): Contender {
  return { work, run: () => pool.run(arena, launch) };
}

/** Launches that one of those who share a pool makes before it is through. */
const launchesInARow = 4;

/** A job's launch, and the memory that it was laid out in. */
export interface LaidOut {
  readonly arena: Arena;
  readonly launch: Launch;
}

/**
 * The pool's threads with launches that keep coming, as when several requests wait for them: each of `sharers` makes its next one when the last
 * is done, so that there is another to go on with. `work` is that of one launch.
 */
export function shared(pool: WorkerPool, sharers: readonly LaidOut[], work: number): Contender {
  const inARow = async ({ arena, launch }: LaidOut) => {
    for (let i = 0; i < launchesInARow; i++) await pool.run(arena, launch);
  };
  return {
    work: work * sharers.length * launchesInARow,
    run: async () => {
      await Promise.all(sharers.map(inARow));
    },
  };
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
  for (const { kernel, argumentBlock, vectors, scratchBytes } of launches) {
    const run = instanceIn(arena, kernel);
    const scratch = arena.allocate(scratchBytes);
    for (let i = 0; i < warmUpCalls; i++) run(argumentBlock, scratch, 0, Math.min(vectors, warmUpVectors));
    await setImmediate();
  }
  await setTimeout(compilingMilliseconds);
}
