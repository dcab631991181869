import type { Piscina } from 'piscina';
import { WorkerLostError } from '../../backend.ts';
import type { Arena } from '../../arena.ts';
import { hungAfterMs, threadLosses, threadPool } from '../../thread-pool.ts';
import type { Launch } from './launch.ts';
import { watchForStall } from './stall-watch.ts';

/** Blocks that a launch is cut into for each thread: enough that the threads finish together. */
const blocksPerThread = 8;

export interface LaunchOptions {
  /** The fewest blocks to cut the launch into. */
  readonly blocks?: number;
  /** About how long one thread would take for all of it; in milliseconds. */
  readonly estimateMs?: number;
  /** Stops the launch: blocks that were begun are finished, no other is. */
  readonly signal?: AbortSignal | undefined;
}

/** Worker threads that run a launch together over an arena's shared memory. */
export class WorkerPool {
  readonly cores: number;
  readonly threads: number;
  readonly #pool: Piscina;
  readonly #shortestStallMs: number | undefined;

  /**
   * @param cores how many processors a launch may keep busy. Where there are several, one thread more is started: threads woken
   * together often begin on the same processor, and the one in excess fills the other until the system has moved them.
   * @param shortestStallMs threads that get no further for less are not taken to hang.
   */
  constructor(cores: number, shortestStallMs?: number) {
    const threads = cores === 1 ? 1 : cores + 1;
    this.cores = cores;
    this.threads = threads;
    this.#shortestStallMs = shortestStallMs;
    this.#pool = threadPool({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
    });
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
  async #tryOnce(arena: Arena, { kernel, job, vectors, scratchBytes, prepare }: Launch, { blocks = 1, estimateMs = 0, signal }: LaunchOptions): Promise<Error | undefined> {
    signal?.throwIfAborted();
    prepare?.();
    const share = Math.ceil(vectors / Math.max(this.threads * blocksPerThread, blocks));
    // So that only the last block has a remainder.
    const block = Math.ceil(share / kernel.inFlight) * kernel.inFlight;
    const threads = Math.min(this.threads, Math.ceil(vectors / block));
    const mark = arena.mark();
    const counter = arena.allocate(4);
    arena.setInteger(counter, 0);
    const workers = arena.allocate(4 * threads);
    arena.integers(workers, threads).fill(0);
    const scratches = Array.from({ length: threads }, () => arena.allocate(scratchBytes));
    const stop = () => { Atomics.store(arena.integers(counter, 1), 0, vectors); };
    signal?.addEventListener('abort', stop, { once: true });
    const limitMs = hungAfterMs((estimateMs * block) / vectors, this.#shortestStallMs);
    const endWatch = watchForStall({ arena, counter, workers, threads }, limitMs, (ids) => { this.#end(ids); });
    const done = await Promise.allSettled(
      scratches.map((scratch, i) =>
        this.#pool.run({ module: kernel.module, memory: arena.memory, job, scratch, counter, at: workers + 4 * i, vectors, block }),
      ),
    );
    endWatch();
    signal?.removeEventListener('abort', stop);
    arena.release(mark);
    signal?.throwIfAborted();
    return done.find((outcome) => outcome.status === 'rejected')?.reason as Error | undefined;
  }

  /** What a thread worked on is reported as failed once it has ended, and can write nothing any more. */
  #end(threadIds: ReadonlySet<number>): void {
    for (const thread of this.#pool.threads) {
      if (threadIds.has(thread.threadId)) void thread.terminate();
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
