import type { Arena } from '../../engine/arena.ts';
import type { Backend, Computed } from '../../engine/backend.ts';
import { OutOfMemoryError, WorkerLostError } from '../../engine/errors.ts';
import type { Job, ResultOf } from '../../jobs.ts';
import { jobWork } from '../../job-size.ts';
import { closePool, hungAfterMs, isHeapFull, runStoppable, threadPool, tryTwice } from '../../engine/thread-pool.ts';
import { ReferenceBackend } from './reference-backend.ts';
import type { ReferenceResult, ReferenceTask } from './worker.ts';

// Nanoseconds on one core of a common server, rounded up; they only decide whether a job is worth handing to the thread.
const nanosecondsPerElement: Readonly<Record<Job['kind'], number>> = {
  surrogate_eval: 600,
  surrogate_grad: 300,
  lif_simulate: 30,
  lif_grad: 500,
  lif_jvp: 500,
  network_simulate: 400,
  network_grad: 1000,
};

export interface ThreadedReferenceOptions {
  /** The largest job that is accepted: neuron-steps, or elements of x, times surrogates. */
  readonly maxWork?: number;
  /** Jobs with a shorter estimate run in the calling thread. */
  readonly inlineMs?: number;
  /** Milliseconds after which a job with this estimate counts as hanging. */
  readonly hungAfterMs?: (estimateMs: number) => number;
}

/**
 * The reference for a server: jobs of more than a millisecond run one after the other in a thread of their own, which starts with the first of
 * them. Jobs that would take too long are not accepted.
 */
export class ThreadedReference implements Backend {
  readonly #inline = new ReferenceBackend();
  readonly info = this.#inline.info;
  readonly concurrency = 1;
  readonly #thread = threadPool('worker', import.meta.url, 1);
  readonly #maxWork: number;
  readonly #inlineMs: number;
  readonly #hungAfterMs: (estimateMs: number) => number;

  constructor(options: ThreadedReferenceOptions = {}) {
    const { maxWork = Infinity, inlineMs = 1 } = options;
    this.#hungAfterMs = options.hungAfterMs ?? hungAfterMs;
    this.#maxWork = maxWork;
    this.#inlineMs = inlineMs;
  }

  accepts(job: Job): boolean {
    return jobWork(job) <= this.#maxWork;
  }

  async warm(): Promise<void> {
    // The thread starts when it is needed.
  }

  tryRunSync<J extends Job>(job: J): Computed<J> | undefined {
    return this.estimateMs(job) < this.#inlineMs ? this.#inline.run(job) : undefined;
  }

  estimateMs(job: Job): number {
    return (jobWork(job) * nanosecondsPerElement[job.kind]) / 1e6;
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
      return runStoppable<ReferenceResult>(
        this.#thread,
        { job } satisfies Omit<ReferenceTask, 'control'>,
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
    await closePool(this.#thread);
  }
}

/** An array that could not be allocated, or a thread that was ended because its heap was full. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError || isHeapFull(error);
}
