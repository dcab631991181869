import { setTimeout as sleep } from 'node:timers/promises';
import { WorkerLostError } from '../../engine/errors.ts';
import type { Arena } from '../../engine/arena.ts';
import { hungAfterMs, threadLosses } from '../../engine/thread-pool.ts';
import type { Kernel } from './kernel-cache.ts';
import type { Launch } from './launch.ts';
import { LaunchBoard } from './launch-board.js';
import { maxKnown, PoolThread, type KernelOverArena, type PoolOfThreads } from './pool-thread.ts';
import { watchForStall } from './stall-watch.ts';

/** Blocks that a launch is cut into for each thread: enough that the threads finish together. */
const blocksPerThread = 8;
/** For each thread of the pool, so many may end without having worked on a launch before that is given up: perhaps none can start. */
const endingsPerThread = 3;
/** A thread that works on a launch for so long after it was stopped is ended. */
const stoppingMs = 1000;

export interface LaunchOptions {
  /** The fewest blocks to cut the launch into. */
  readonly blocks?: number;
  /** About how long one thread would take for all of it; in milliseconds. */
  readonly estimateMs?: number;
  /** Stops the launch: no other block is begun, and kernels leave those that were within milliseconds. */
  readonly signal?: AbortSignal | undefined;
}

/** A launch on the board. */
interface Running {
  readonly kernel: KernelOverArena;
  readonly place: number;
  /** Threads that get no further for so long hang. */
  readonly limitMs: number;
  /** What a thread failed with that worked on it. */
  failure?: Error;
  /** Threads that ended without having worked on it. */
  endings: number;
}

/**
 * Worker threads that run a launch together over an arena's shared memory. They sleep on a board in memory of their own, since a message to each
 * and one back cost as much as half a millisecond of work.
 */
export class WorkerPool {
  readonly cores: number;
  readonly threads: number;
  readonly #board: LaunchBoard;
  readonly #team: readonly PoolThread[];
  readonly #running = new Set<Running>();
  readonly #kernels = new WeakMap<Arena, Map<Kernel, KernelOverArena>>();
  readonly #minStallMs: number | undefined;
  #onceIdle: (() => void) | undefined;
  #instances = 0;

  /**
   * @param cores how many processors a launch may keep busy. Where there are several, one thread more is started: threads woken
   * together often begin on the same processor, and the one in excess fills the other until the system has moved them.
   * @param minStallMs threads that get no further for less are not taken to hang.
   */
  constructor(cores: number, minStallMs?: number) {
    const threads = cores === 1 ? 1 : cores + 1;
    this.cores = cores;
    this.threads = threads;
    this.#minStallMs = minStallMs;
    this.#board = new LaunchBoard(threads);
    const pool: PoolOfThreads = {
      inUse: () => Array.from(this.#running, ({ kernel }) => kernel),
      threadEnded: (index, error) => {
        this.#threadEnded(index, error);
      },
    };
    this.#team = Array.from({ length: threads }, (_, index) => new PoolThread(this.#board, threads, index, pool));
  }

  /**
   * Resolves when no thread works on the launch any more, whether it went well or not. A launch of which a thread failed, or hung and
   * was ended, is run once more, whole.
   *
   * @throws {WorkerLostError} when a thread failed the second time too.
   * @throws the signal's reason, when that was aborted.
   */
  async run(arena: Arena, launch: Launch, options: LaunchOptions = {}): Promise<void> {
    if (launch.vectors === 0) return;
    const failure = await this.#tryOnce(arena, launch, options);
    if (failure === undefined) return;
    threadLosses.count++;
    const again = await this.#tryOnce(arena, launch, options);
    if (again === undefined) return;
    threadLosses.count++;
    throw new WorkerLostError('worker threads failed', { cause: again });
  }

  /** @returns what a thread failed with, if one did. */
  async #tryOnce(arena: Arena, launch: Launch, options: LaunchOptions): Promise<Error | undefined> {
    const { signal } = options;
    signal?.throwIfAborted();
    launch.prepare?.();
    const mark = arena.mark();
    const running = await this.#post(arena, launch, options);
    let endTimer: NodeJS.Timeout | undefined;
    const stop = () => {
      this.#board.stop(running.place);
      Atomics.store(arena.integers(launch.job, 1), 0, 1);
      endTimer = setTimeout(() => {
        this.#end(this.#board.presentAt(running.place));
      }, stoppingMs);
    };
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    const endWatch = watchForStall(this.#board, running.place, running.limitMs, (ids) => {
      this.#end(ids);
    });
    await this.#board.done(running.place);
    endWatch();
    clearTimeout(endTimer);
    signal?.removeEventListener('abort', stop);
    this.#clear(running);
    arena.release(mark);
    signal?.throwIfAborted();
    return running.failure;
  }

  /**
   * Puts a launch on the board as soon as there is a place.
   *
   * @throws the signal's reason, when that was aborted before.
   */
  async #post(
    arena: Arena,
    { kernel, job, vectors, scratchBytes }: Launch,
    { blocks = 1, estimateMs = 0, signal }: LaunchOptions,
  ): Promise<Running> {
    const share = Math.ceil(vectors / Math.max(this.threads * blocksPerThread, blocks));
    // So that only the last block has a remainder.
    const block = Math.ceil(share / kernel.inFlight) * kernel.inFlight;
    const ownScratch = roundUp(scratchBytes, 64);
    const seats = Math.min(this.threads, Math.ceil(vectors / block));
    const mark = arena.mark();
    const scratch = arena.allocate(seats * ownScratch);
    const kernelOverArena = this.#kernelOver(arena, kernel);
    for (;;) {
      for (const thread of this.#team) thread.sendKernel(kernelOverArena);
      const place = this.#board.post({ instance: kernelOverArena.instance, job, scratch, scratchBytes: ownScratch, seats, vectors, block });
      if (place >= 0) {
        const limitMs = hungAfterMs((estimateMs * block) / vectors, this.#minStallMs);
        const running: Running = { kernel: kernelOverArena, place, limitMs, endings: 0 };
        this.#running.add(running);
        if (this.#running.size === 1) this.#hold(true);
        return running;
      }
      await sleep(1);
      if (signal?.aborted === true) {
        arena.release(mark);
        throw signal.reason;
      }
    }
  }

  #clear(running: Running): void {
    this.#board.clear(running.place);
    this.#running.delete(running);
    if (this.#running.size > 0) return;
    this.#hold(false);
    this.#onceIdle?.();
  }

  #hold(holds: boolean): void {
    for (const thread of this.#team) thread.hold(holds);
  }

  #kernelOver(arena: Arena, kernel: Kernel): KernelOverArena {
    let known = this.#kernels.get(arena);
    if (known === undefined) this.#kernels.set(arena, (known = new Map<Kernel, KernelOverArena>()));
    let kernelOverArena = known.get(kernel);
    if (kernelOverArena === undefined) {
      known.set(kernel, (kernelOverArena = { instance: ++this.#instances, kernel, arena }));
      if (known.size > maxKnown) known.delete(known.keys().next().value!);
    }
    return kernelOverArena;
  }

  /** Lets go of an arena that no launch will use again: whoever knows a kernel over its memory keeps that. */
  evictKernels(arena: Arena): void {
    const kernels = this.#kernels.get(arena);
    if (kernels === undefined) return;
    this.#kernels.delete(arena);
    const instances = Array.from(kernels.values(), ({ instance }) => instance);
    for (const thread of this.#team) thread.evictKernels(instances, true);
    this.#board.wake();
  }

  #threadEnded(index: number, error: Error): void {
    const places = this.#board.removeWorker(index);
    for (const running of this.#running) {
      if (!places.includes(running.place) && ++running.endings <= endingsPerThread * this.threads) continue;
      running.failure ??= error;
      this.#board.stop(running.place);
    }
  }

  #end(threadIds: readonly number[]): void {
    for (const thread of this.#team) {
      if (threadIds.includes(thread.threadId)) thread.end();
    }
  }

  /** Ends the threads once nothing runs. */
  async close(): Promise<void> {
    if (this.#running.size > 0)
      await new Promise<void>((resolve) => {
        this.#onceIdle = resolve;
      });
    await Promise.all(this.#team.map((thread) => thread.close()));
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
