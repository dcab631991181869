import { OverloadError } from './overload.ts';

export interface LineOptions {
  /** How many run side by side. */
  readonly concurrency: number;
  /** Who would have to wait for longer is turned away; in milliseconds. */
  readonly maxQueueWaitMs?: number | undefined;
  readonly now?: () => number;
}

export interface Entry {
  /** About how long it takes alone, in milliseconds; how far such estimates are off is learnt. */
  readonly estimateMs: number;
  /** Takes it out of the line; what runs already is told by other means. */
  readonly signal?: AbortSignal | undefined;
  /** Whether it belongs to something that has begun, and is not turned away. */
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

/** So many times its own length something may be overtaken by what is shorter and comes later. */
const patience = 10;
/** Weight of what is known already against the next that is done. */
const memory = 0.9;
/** What takes longer than so many times what was to be expected was held up by something of its own, as by a thread that was lost. */
const maxSurprise = 4;

/**
 * A bounded line in front of something that does a few things at a time. Short ones do not stand behind long ones: each is ranked by when
 * it came plus ten times its own length, so that no stream of short ones keeps a long one waiting for ever. It is bounded in time: how long
 * a newcomer would wait is known from the estimates of those before it and from how fast such estimates were worked off lately.
 */
export class JobQueue {
  readonly concurrency: number;
  readonly #maxQueueWaitMs: number;
  readonly #now: () => number;
  /** By rank. */
  readonly #waiting: Waiting[] = [];
  readonly #running = new Set<Running>();
  // Decayed sums, whose quotient is the pace; they begin as if ten milliseconds had been estimated right.
  #elapsedMs = 10;
  #estimatedMs = 10;
  #lastChange = 0;

  constructor({ concurrency, maxQueueWaitMs = Infinity, now = () => performance.now() }: LineOptions) {
    this.concurrency = concurrency;
    this.#maxQueueWaitMs = maxQueueWaitMs;
    this.#now = now;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** About how long it takes to work off all that waits and runs, in milliseconds. */
  get backlogMs(): number {
    return this.#msBefore(Infinity);
  }

  /** Milliseconds that things take for each that was estimated. */
  get pace(): number {
    return this.#elapsedMs / this.#estimatedMs;
  }

  /**
   * Calls `use` when it is its turn, with how long it has waited.
   *
   * @throws {OverloadError} at once, when the wait would be too long.
   * @throws the signal's reason, when that is aborted before its turn.
   */
  async take<R>(entry: Entry, use: (waitedMs: number) => Promise<R>): Promise<R> {
    entry.signal?.throwIfAborted();
    const came = this.#now();
    const running = this.#running.size < this.concurrency ? this.#start(entry.estimateMs) : await this.#wait(entry, came);
    let done = false;
    try {
      const result = await use(running.since - came);
      done = true;
      return result;
    } finally {
      this.#running.delete(running);
      this.#learn(entry.estimateMs, done);
      this.#waiting.shift()?.start();
    }
  }

  #start(estimateMs: number): Running {
    const running = { estimateMs, since: this.#now() };
    if (this.#running.size === 0) this.#lastChange = running.since;
    this.#running.add(running);
    return running;
  }

  #wait({ estimateMs, signal, neverShed = false }: Entry, came: number): Promise<Running> {
    const lengthMs = estimateMs * this.pace;
    const rank = came + Math.min(patience * lengthMs, this.#maxQueueWaitMs / 2);
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

  /** What is left of what runs, and what waits with at most this rank. */
  #msBefore(rank: number): number {
    const now = this.#now();
    const { pace } = this;
    let ms = 0;
    // What is overdue by some time may take about as long again.
    for (const { estimateMs, since } of this.#running) ms += Math.abs(estimateMs * pace - (now - since));
    for (const waiting of this.#waiting) {
      if (waiting.rank > rank) break;
      ms += waiting.estimateMs * pace;
    }
    return ms;
  }

  /** The time since the last one was done, or since there was anything to do, went into this one. */
  #learn(estimateMs: number, done: boolean): void {
    const now = this.#now();
    // What was stopped, or failed, says nothing of how long it would have taken.
    if (done) {
      const elapsedMs = Math.min(now - this.#lastChange, maxSurprise * estimateMs * this.pace);
      this.#elapsedMs = memory * this.#elapsedMs + elapsedMs;
      this.#estimatedMs = memory * this.#estimatedMs + estimateMs;
    }
    this.#lastChange = now;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toPrecision(2)} s`;
}
