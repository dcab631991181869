import { Worker } from 'node:worker_threads';
import type { Arena } from '../../engine/arena.ts';
import type { Kernel } from './kernel-cache.ts';
import type { LaunchBoard } from './launch-board.js';

/** A kernel over an arena's memory, and the number that launches know it by. */
export interface KernelOverArena {
  readonly instance: number;
  readonly kernel: Kernel;
  readonly arena: Arena;
}

/** Whom the threads belong to. */
export interface PoolOfThreads {
  /** What a thread that starts has to know. */
  inUse(): Iterable<KernelOverArena>;
  /** Is told that a thread has ended, and why, before there is another. */
  threadEnded(index: number, error: Error): void;
}

/** Not at once, or threads that cannot start would be started without end. */
const replacementMs = 50;
/** A thread that knows more kernels forgets the one used longest ago. */
export const maxKnown = 256;

/** One of the threads that work off a board; another takes its place when it ends. */
export class PoolThread {
  readonly #board: LaunchBoard;
  readonly #threads: number;
  readonly #index: number;
  readonly #pool: PoolOfThreads;
  /** Instances that the thread knows, the one it was asked for last at the end. */
  readonly #known = new Set<number>();
  #worker!: Worker;
  #replacing: NodeJS.Timeout | undefined;
  #isHeld = false;
  #isClosed = false;

  /** @param index among so many threads of the board. */
  constructor(board: LaunchBoard, threads: number, index: number, pool: PoolOfThreads) {
    this.#board = board;
    this.#threads = threads;
    this.#index = index;
    this.#pool = pool;
    this.#start();
  }

  get threadId(): number {
    return this.#worker.threadId;
  }

  /** Tells it of a kernel, if it does not know it. */
  sendKernel({ instance, kernel: { module }, arena: { memory } }: KernelOverArena): void {
    const isKnown = this.#known.delete(instance);
    this.#known.add(instance);
    if (isKnown) return;
    this.#worker.postMessage({ instance, module, memory });
    if (this.#known.size > maxKnown) this.evictKernels([this.#known.values().next().value!]);
  }

  /** @param areDropped whether the kernels' memory is to be freed, and not only theirs. */
  evictKernels(instances: readonly number[], areDropped = false): void {
    const known = instances.filter((instance) => this.#known.delete(instance));
    if (known.length > 0) this.#worker.postMessage({ forget: known, areDropped });
  }

  /** Keeps the process from ending, or does not. */
  hold(holds: boolean): void {
    this.#isHeld = holds;
    if (holds) this.#worker.ref();
    else this.#worker.unref();
  }

  end(): void {
    void this.#worker.terminate();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#replacing);
    await this.#worker.terminate();
  }

  #start(): void {
    let failure: Error | undefined;
    this.#known.clear();
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { threads: this.#threads, index: this.#index, buffer: this.#board.buffer },
    });
    this.hold(this.#isHeld);
    for (const kernel of this.#pool.inUse()) this.sendKernel(kernel);
    this.#worker.on('error', (error) => {
      failure = error;
    });
    this.#worker.once('exit', () => {
      if (this.#isClosed) return;
      this.#replacing = setTimeout(() => {
        this.#start();
      }, replacementMs);
      this.#pool.threadEnded(this.#index, failure ?? new Error('a worker thread has ended'));
    });
  }
}
