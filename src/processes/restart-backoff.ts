const firstPauseMs = 100;
const maxPauseMs = 30_000;
/** After so long without an end, the next is none of a row. */
const calmMs = 60_000;

/** How long to wait before another process takes the place of one that ended: longer each time in a row, so that none is started without end. */
export class RestartPause {
  readonly #now: () => number;
  #endedAt = -Infinity;
  #endsInARow = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** A process ended; in milliseconds. */
  next(): number {
    const now = this.#now();
    if (now - this.#endedAt > calmMs) this.#endsInARow = 0;
    this.#endedAt = now;
    return Math.min(maxPauseMs, firstPauseMs * 2 ** this.#endsInARow++);
  }
}
