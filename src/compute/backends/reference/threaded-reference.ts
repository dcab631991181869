import type { Arena } from '../../arena.ts';
import { OutOfMemoryError, WorkerLostError, type Backend, type Computed } from '../../backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { jobWork } from '../../job-size.ts';
import { estimateNanoseconds } from './cost.ts';
import { threadLosses, threadPool } from '../../thread-pool.ts';
import { ReferenceBackend } from './reference-backend.ts';
import type { WorkDone } from './worker.ts';

export interface ThreadedReferenceOptions {
  /** The largest job that it does: neuron-steps, or elements of x, times surrogates. */
  readonly mostWork?: number;
  /** Jobs estimated to take less run in the calling thread. */
  readonly inlineNanoseconds?: number;
}

/** The thread ends after so long without a job. */
const idleMs = 30_000;

/**
 * The reference for a server: jobs of more than a millisecond run one after the other in a thread of their own, which is
 * started when one comes, and jobs that would keep it busy for too long are not accepted.
 */
export class ThreadedReference implements Backend {
  readonly #inline = new ReferenceBackend();
  readonly info = this.#inline.info;
  readonly atOnce = 1;
  readonly #thread = threadPool({ ...workerModule(), minThreads: 0, maxThreads: 1, idleTimeout: idleMs });
  readonly #mostWork: number;
  readonly #inlineNanoseconds: number;

  constructor({ mostWork = Infinity, inlineNanoseconds = 1e6 }: ThreadedReferenceOptions = {}) {
    this.#mostWork = mostWork;
    this.#inlineNanoseconds = inlineNanoseconds;
  }

  accepts(job: Job): boolean {
    return jobWork(job) <= this.#mostWork;
  }

  async warm(): Promise<void> {
    // The thread is started when it is needed.
  }

  isSmall(job: Job): boolean {
    return estimateNanoseconds(job) < this.#inlineNanoseconds;
  }

  estimateMs(job: Job): number {
    return estimateNanoseconds(job) / 1e6;
  }

  run<J extends Job>(job: J, _arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>> {
    return this.isSmall(job) ? this.#inline.run(job) : this.#runInThread(job, signal);
  }

  async #runInThread<J extends Job>(job: J, signal: AbortSignal | undefined): Promise<Computed<J>> {
    const accepted = performance.now();
    try {
      const { result, computeMs } = (await this.#runTwice(job, signal)) as WorkDone;
      const totalMs = performance.now() - accepted;
      return { result: result as ResultOf[J['kind']], queueMs: Math.max(0, totalMs - computeMs), computeMs };
    } catch (error) {
      signal?.throwIfAborted();
      if (isOutOfMemory(error)) throw new OutOfMemoryError('not enough memory for the job', { cause: error });
      throw new WorkerLostError('the thread ended', { cause: error });
    }
  }

  /** A thread that ends is replaced, and its job tried once more; a signal ends the thread in the middle of its job. */
  async #runTwice(job: Job, signal: AbortSignal | undefined): Promise<unknown> {
    const options = signal === undefined ? {} : { signal };
    try {
      return await this.#thread.run(job, options);
    } catch (error) {
      if (signal?.aborted === true || isOutOfMemory(error)) throw error;
      threadLosses.count++;
      return await this.#thread.run(job, options);
    }
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

/** An array that could not be had, or a thread that was ended since its heap was full. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError || (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY');
}

/** Where a thread finds its code: beside this module, which is JavaScript when it was built, and else TypeScript, which tsx loads. */
function workerModule(): { filename: string; execArgv?: string[] } {
  if (!import.meta.url.endsWith('.ts')) return { filename: new URL('./worker.js', import.meta.url).href };
  return { filename: new URL('./worker.ts', import.meta.url).href, execArgv: ['--import', 'tsx'] };
}
