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
