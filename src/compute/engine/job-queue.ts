import { OverloadError } from './errors.ts';

export interface QueueOptions {
  /** How many jobs run concurrently. */
  readonly concurrency: number;
  /** A job that would wait longer is rejected; in milliseconds. */
  readonly maxQueueWaitMs?: number | undefined;
  readonly now?: () => number;
}

export interface QueuedJob {
  /** The estimated time alone, in milliseconds; the queue learns how far estimates are off. */
  readonly estimateMs: number;
  /** Removes it from the queue; once it runs, the signal has no effect here. */
  readonly signal?: AbortSignal | undefined;
  /** Whether it is never rejected, as part of a response that has begun. */
  readonly neverShed?: boolean | undefined;
}

interface Waiting {
  readonly rank: number;
  readonly estimateMs: number;
  readonly start: () => void;
}

interface Running {
  readonly estimateMs: number;
  readonly since: number;
}

/** A job may be overtaken by shorter ones for this many times its own length. */
const patience = 10;
/** Decay of past times with each completed job. */
const decay = 0.9;
/** A job counts as at most this many times slower than expected: more has a cause of its own, such as a lost thread. */
const maxSlowdown = 4;

/**
 * A queue for a limited number of concurrent jobs. Short jobs overtake long ones: each is ranked by its arrival plus ten times its own length,
 * so that no stream of short jobs starves a long one. The queue is bounded in time: the wait of a new job follows from the estimates of those
 * before it and from the recent pace.
 */
export class JobQueue {
  readonly concurrency: number;
  readonly #maxQueueWaitMs: number;
  readonly #now: () => number;
  /** By rank. */
  readonly #waiting: Waiting[] = [];
  readonly #running = new Set<Running>();
  // Decayed sums, whose quotient is the pace; the initial values are one correct estimate of ten milliseconds.
  #elapsedMs = 10;
  #estimatedMs = 10;
  #lastChange = 0;

  constructor({ concurrency, maxQueueWaitMs = Infinity, now = () => performance.now() }: QueueOptions) {
    this.concurrency = concurrency;
    this.#maxQueueWaitMs = maxQueueWaitMs;
    this.#now = now;
  }

  /** The number of waiting jobs. */
  get length(): number {
    return this.#waiting.length;
  }

  /** The estimated time for all waiting and running jobs, in milliseconds. */
  get backlogMs(): number {
    return this.#msBefore(Infinity);
  }

  /** Milliseconds that jobs have lately taken for each estimated one. */
  get pace(): number {
    return this.#elapsedMs / this.#estimatedMs;
  }

  /**
   * Calls `run` at the job's turn, with its waiting time.
   *
   * @throws {OverloadError} at once, when the wait would be too long.
   * @throws the signal's reason, when that is aborted while the job waits.
   */
  async take<R>(job: QueuedJob, run: (waitedMs: number) => Promise<R>): Promise<R> {
    job.signal?.throwIfAborted();
    const arrived = this.#now();
    const running = this.#running.size < this.concurrency ? this.#start(job.estimateMs) : await this.#wait(job, arrived);
    let done = false;
    try {
      const result = await run(running.since - arrived);
      done = true;
      return result;
    } finally {
      this.#running.delete(running);
      this.#learn(job.estimateMs, done);
      this.#waiting.shift()?.start();
    }
  }

  #start(estimateMs: number): Running {
    const running = { estimateMs, since: this.#now() };
    if (this.#running.size === 0) this.#lastChange = running.since;
    this.#running.add(running);
    return running;
  }

  #wait({ estimateMs, signal, neverShed = false }: QueuedJob, arrived: number): Promise<Running> {
    const lengthMs = estimateMs * this.pace;
    const rank = arrived + Math.min(patience * lengthMs, this.#maxQueueWaitMs / 2);
    const before = this.#msBefore(rank);
    if (before > this.#maxQueueWaitMs && !neverShed) {
      throw new OverloadError('time', `about ${seconds(before)} of work wait already`, before);
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal!.reason as Error);
      };
      const waiting: Waiting = {
        rank,
        estimateMs,
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.#start(estimateMs));
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      const at = this.#waiting.findIndex((other) => other.rank > rank);
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting);
    });
  }

  /** The time for what is left of running jobs, and for those that wait with at most this rank. */
  #msBefore(rank: number): number {
    const now = this.#now();
    const { pace } = this;
    let ms = 0;
    // A job that is overdue by some time may take about as long again.
    for (const { estimateMs, since } of this.#running) ms += Math.abs(estimateMs * pace - (now - since));
    for (const waiting of this.#waiting) {
      if (waiting.rank > rank) break;
      ms += waiting.estimateMs * pace;
    }
    return ms;
  }

  /** Attributes to this job the time since the last one completed, or since the queue was idle. */
  #learn(estimateMs: number, done: boolean): void {
    const now = this.#now();
    // A job that was aborted or failed does not show how long it would have taken.
    if (done) {
      const elapsedMs = Math.min(now - this.#lastChange, maxSlowdown * estimateMs * this.pace);
      this.#elapsedMs = decay * this.#elapsedMs + elapsedMs;
      this.#estimatedMs = decay * this.#estimatedMs + estimateMs;
    }
    this.#lastChange = now;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toPrecision(2)} s`;
}
