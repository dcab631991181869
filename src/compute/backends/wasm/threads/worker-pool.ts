import { setTimeout as sleep } from 'node:timers/promises';
import type { Arena } from '../../../engine/arena.ts';
import { WorkerLostError } from '../../../engine/errors.ts';
import { hungAfterMs, threadLosses } from '../../../engine/thread-pool.ts';
import type { Kernel } from '../kernel-cache.ts';
import type { Launch } from '../launch-steps.ts';
import { LaunchQueue, type LaunchSlot } from './launch-queue.js';
import { PoolWorker } from './pool-worker.ts';

/** Blocks that a launch is cut into for each worker: enough that the workers finish together. */
const blocksPerWorker = 8;
/** Threads that may end without having worked on a launch, for each worker, before it is given up: perhaps none can start. */
const maxEndingsPerWorker = 3;
/** A thread that works on a launch this long after it was stopped is ended. */
const stopGraceMs = 1000;
/** How often a launch is looked at within the time after which it counts as stalled. */
const looksPerStall = 4;
/** Workers that know this many kernels forget those that do not run. */
const maxInstances = 256;

export interface LaunchOptions {
  /** The least number of blocks to cut the launch into. */
  readonly minBlocks?: number;
  /** About how long one thread would take for all of it, in milliseconds. */
  readonly estimateMs?: number;
  /** Stops the launch: no other block is begun, and kernels return from theirs within milliseconds. */
  readonly signal?: AbortSignal | undefined;
}

/** A kernel over an arena's memory, and its number in launches. */
interface KernelInstance {
  readonly instance: number;
  readonly kernel: Kernel;
  readonly arena: Arena;
}

/** A launch in the queue. */
interface RunningLaunch {
  readonly kernel: KernelInstance;
  readonly slot: LaunchSlot;
  /** Without progress for this long, its workers have stalled. */
  readonly stallMs: number;
  /** Why a thread ended that worked on it. */
  failure?: Error;
  /** Threads that ended without having worked on it. */
  endings: number;
}

/**
 * Worker threads that run a launch together over an arena's shared memory. They wait for a queue in memory of their own: a message to each
 * and one back cost as much as half a millisecond of work.
 */
export class WorkerPool {
  readonly cores: number;
  readonly #queue: LaunchQueue;
  readonly #workers: readonly PoolWorker[];
  readonly #running = new Set<RunningLaunch>();
  /** The kernels that all workers know. */
  #instances: KernelInstance[] = [];
  readonly #minStallMs: number | undefined;
  #onceIdle: (() => void) | undefined;
  #lastInstance = 0;

  /**
   * @param cores how many processors a launch may keep busy. Where there are several, one worker more is started: threads woken
   * together often begin on the same processor, and the extra one fills the other until the system has moved them.
   * @param minStallMs workers without progress for less than this have not stalled.
   */
  constructor(cores: number, minStallMs?: number) {
    const workers = cores === 1 ? 1 : cores + 1;
    this.cores = cores;
    this.#minStallMs = minStallMs;
    this.#queue = new LaunchQueue(workers);
    const onStart = (worker: PoolWorker) => {
      for (const instance of this.#instances) sendKernel(worker, instance);
    };
    const onEnd = (index: number, error: Error) => {
      this.#workerEnded(index, error);
    };
    this.#workers = Array.from({ length: workers }, (_, index) => new PoolWorker(this.#queue, { workers, index, onStart, onEnd }));
  }

  /**
   * Resolves when no worker is at the launch any more, whether it succeeded or not. A launch that lost a thread, which failed, or stalled
   * and was ended, is run once more, whole.
   *
   * @throws {WorkerLostError} when a thread was lost the second time too.
   * @throws the signal's reason, when that was aborted.
   */
  async run(arena: Arena, launch: Launch, options: LaunchOptions = {}): Promise<void> {
    if (launch.vectors === 0) return;
    let failure: Error | undefined;
    for (let attempt = 0; attempt < 2; attempt++) {
      failure = await this.#tryOnce(arena, launch, options);
      if (failure === undefined) return;
      threadLosses.count++;
    }
    throw new WorkerLostError('worker threads failed', { cause: failure });
  }

  /** @returns why a thread was lost, if one was. */
  async #tryOnce(arena: Arena, launch: Launch, options: LaunchOptions): Promise<Error | undefined> {
    const { signal } = options;
    signal?.throwIfAborted();
    launch.prepare?.();
    const mark = arena.mark();
    const running = await this.#enqueue(arena, launch, options);
    const { slot } = running;
    let graceTimer: NodeJS.Timeout | undefined;
    const stop = () => {
      slot.stop();
      Atomics.store(arena.integers(launch.argumentBlock, 1), 0, 1);
      graceTimer = setTimeout(() => {
        this.#terminate(slot.present);
      }, stopGraceMs);
    };
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    const watchdog = this.#watch(running);
    await slot.done();
    clearInterval(watchdog);
    clearTimeout(graceTimer);
    signal?.removeEventListener('abort', stop);
    this.#finish(running);
    arena.release(mark);
    signal?.throwIfAborted();
    return running.failure;
  }

  /**
   * Adds a launch to the queue as soon as there is a slot.
   *
   * @throws the signal's reason, when that was aborted before.
   */
  async #enqueue(arena: Arena, launch: Launch, { minBlocks = 1, estimateMs = 0, signal }: LaunchOptions): Promise<RunningLaunch> {
    const { kernel, argumentBlock, vectors } = launch;
    const workers = this.#workers.length;
    // A multiple, so that only the last block has a remainder.
    const block = roundUp(Math.ceil(vectors / Math.max(workers * blocksPerWorker, minBlocks)), kernel.unroll);
    const scratchBytes = roundUp(launch.scratchBytes, 64);
    const maxWorkers = Math.min(workers, Math.ceil(vectors / block));
    const mark = arena.mark();
    const scratch = arena.allocate(maxWorkers * scratchBytes);
    for (;;) {
      const known = this.#instanceOf(kernel, arena);
      const { instance } = known;
      const slot = this.#queue.push({ instance, argumentBlock, scratch, scratchBytes, workers: maxWorkers, vectors, block });
      if (slot !== undefined) {
        const stallMs = hungAfterMs((estimateMs * block) / vectors, this.#minStallMs);
        const running: RunningLaunch = { kernel: known, slot, stallMs, endings: 0 };
        this.#running.add(running);
        return running;
      }
      await sleep(1);
      if (signal?.aborted === true) {
        arena.release(mark);
        throw signal.reason;
      }
    }
  }

  /**
   * Ends the threads that work on a launch when none of them begins or finishes a block for too long. The timer also keeps the process
   * alive for the launch, since idle workers do not.
   */
  #watch({ slot, stallMs }: RunningLaunch): NodeJS.Timeout {
    let last = '';
    let unchanged = 0;
    return setInterval(() => {
      const { present } = slot;
      const progress = [slot.next, ...present].join();
      unchanged = progress === last ? unchanged + 1 : 0;
      last = progress;
      if (unchanged >= looksPerStall) this.#terminate(present);
    }, stallMs / looksPerStall);
  }

  #finish(running: RunningLaunch): void {
    running.slot.clear();
    this.#running.delete(running);
    if (this.#running.size === 0) this.#onceIdle?.();
  }

  /** A kernel over an arena's memory, which all workers know. */
  #instanceOf(kernel: Kernel, arena: Arena): KernelInstance {
    let found = this.#instances.find((known) => known.kernel === kernel && known.arena === arena);
    if (found === undefined) {
      if (this.#instances.length >= maxInstances) {
        const running = Array.from(this.#running, (launch) => launch.kernel);
        this.#evict((known) => !running.includes(known));
      }
      found = { instance: ++this.#lastInstance, kernel, arena };
      for (const worker of this.#workers) sendKernel(worker, found);
      this.#instances.push(found);
    }
    return found;
  }

  /** Forgets an arena that no launch will use again: threads that know a kernel over its memory keep that from being freed. */
  evictKernels(arena: Arena): void {
    if (this.#evict((known) => known.arena === arena, true)) this.#queue.wake();
  }

  /** @returns whether there was one. */
  #evict(isEvicted: (known: KernelInstance) => boolean, collectsGarbage = false): boolean {
    const evicted = this.#instances.filter(isEvicted);
    if (evicted.length === 0) return false;
    this.#instances = this.#instances.filter((known) => !evicted.includes(known));
    const message = { evicted: evicted.map(({ instance }) => instance), collectsGarbage };
    for (const worker of this.#workers) worker.post(message);
    return true;
  }

  #workerEnded(index: number, error: Error): void {
    const slots = this.#queue.removeWorker(index);
    for (const running of this.#running) {
      const wasAtWork = slots.includes(running.slot);
      if (!wasAtWork && ++running.endings <= maxEndingsPerWorker * this.#workers.length) continue;
      running.failure ??= error;
      running.slot.stop();
    }
  }

  #terminate(threadIds: readonly number[]): void {
    for (const worker of this.#workers) if (threadIds.includes(worker.threadId)) worker.terminate();
  }

  /** Ends the threads once nothing runs. */
  async close(): Promise<void> {
    if (this.#running.size > 0)
      await new Promise<void>((resolve) => {
        this.#onceIdle = resolve;
      });
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

function sendKernel(worker: PoolWorker, { instance, kernel: { module }, arena: { memory } }: KernelInstance): void {
  worker.post({ instance, module, memory });
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
