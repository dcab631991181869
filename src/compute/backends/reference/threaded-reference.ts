import type { Arena } from '../../engine/arena.ts';
import { OutOfMemoryError, WorkerLostError, type Backend, type Computed } from '../../engine/backend.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { jobWork } from '../../job-size.ts';
import { estimateNanoseconds } from './cost.ts';
import { hungAfterMs, isHeapFull, runStoppable, threadPool, tryTwice } from '../../engine/thread-pool.ts';
import { ReferenceBackend } from './reference-backend.ts';
import type { Work, WorkDone } from './worker.ts';

export interface ThreadedReferenceOptions {
  /** The largest job that it does: neuron-steps, or elements of x, times surrogates. */
  readonly maxWork?: number;
  /** Jobs estimated to take less run in the calling thread. */
  readonly inlineNanoseconds?: number;
  /** Milliseconds after which a job of an estimated length has hung. */
  readonly hungAfterMs?: (estimateMs: number) => number;
}

/**
 * The reference for a server: jobs of more than a millisecond run one after the other in a thread of their own, which is
 * started when one comes, and jobs that would keep it busy for too long are not accepted.
 */
export class ThreadedReference implements Backend {
  readonly #inline = new ReferenceBackend();
  readonly info = this.#inline.info;
  readonly concurrency = 1;
  readonly #thread = threadPool('worker', import.meta.url, 1);
  readonly #maxWork: number;
  readonly #inlineNanoseconds: number;
  readonly #hungAfterMs: (estimateMs: number) => number;

  constructor(options: ThreadedReferenceOptions = {}) {
    const { maxWork = Infinity, inlineNanoseconds = 1e6 } = options;
    this.#hungAfterMs = options.hungAfterMs ?? hungAfterMs;
    this.#maxWork = maxWork;
    this.#inlineNanoseconds = inlineNanoseconds;
  }

  accepts(job: Job): boolean {
    return jobWork(job) <= this.#maxWork;
  }

  async warm(): Promise<void> {
    // The thread is started when it is needed.
  }

  tryRunSync<J extends Job>(job: J): Computed<J> | undefined {
    return estimateNanoseconds(job) < this.#inlineNanoseconds ? this.#inline.run(job) : undefined;
  }

  estimateMs(job: Job): number {
    return estimateNanoseconds(job) / 1e6;
  }

  run<J extends Job>(job: J, _arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>> {
    return this.tryRunSync(job) ?? this.#runInThread(job, signal);
  }

  async #runInThread<J extends Job>(job: J, signal: AbortSignal | undefined): Promise<Computed<J>> {
    signal?.throwIfAborted();
    const accepted = performance.now();
    const limitMs = this.#hungAfterMs(this.estimateMs(job));
    const attempt = () => {
      const hung = AbortSignal.timeout(limitMs);
      return runStoppable<WorkDone>(
        this.#thread,
        { job } satisfies Omit<Work, 'control'>,
        signal === undefined ? hung : AbortSignal.any([signal, hung]),
      );
    };
    try {
      const { result, computeMs } = await tryTwice(attempt, (error) => signal?.aborted === true || isOutOfMemory(error));
      const totalMs = performance.now() - accepted;
      return { result: result as ResultOf[J['kind']], queueMs: Math.max(0, totalMs - computeMs), computeMs };
    } catch (error) {
      signal?.throwIfAborted();
      if (isOutOfMemory(error)) throw new OutOfMemoryError('not enough memory for the job', { cause: error });
      throw new WorkerLostError('the thread ended, or hung', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

/** An array that could not be had, or a thread that was ended since its heap was full. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError || isHeapFull(error);
}
