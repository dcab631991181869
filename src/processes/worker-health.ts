const intervalMs = 3000;
/** Pings in a row; a single one may be missed when the whole machine stands still. */
const maxUnanswered = 5;
/** A worker that starts compiles its kernels, and shares the processors with others that do so too. */
const maxUnansweredAtStart = 20;

/**
 * Pings a worker to find out when its event loop hangs.
 *
 * @param ping resolves when the worker has replied.
 * @param isStarting whether the worker has not been ready yet.
 * @returns a function that stops the watchdog.
 */
export function startWatchdog(ping: () => Promise<void>, isStarting: () => boolean, onHang: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered === (isStarting() ? maxUnansweredAtStart : maxUnanswered)) onHang();
    unanswered++;
    void ping().then(() => {
      unanswered = 0;
    });
  }, intervalMs);
  return () => {
    clearInterval(timer);
  };
}

const minPauseMs = 100;
const maxPauseMs = 30_000;
/** An exit after this time without one is the first of a new row. */
const calmMs = 60_000;

/** Pauses before a worker that exited is replaced: each exit in a row doubles the pause. */
export class RestartBackoff {
  readonly #now: () => number;
  #exitedAt = -Infinity;
  #exitsInARow = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts an exit; returns the pause in milliseconds. */
  next(): number {
    const now = this.#now();
    if (now - this.#exitedAt > calmMs) this.#exitsInARow = 0;
    this.#exitedAt = now;
    return Math.min(maxPauseMs, minPauseMs * 2 ** this.#exitsInARow++);
  }
}
