/** How long the requests that are started in one tick may keep the event loop, in milliseconds. */
const maxTickMs = 10;
const maxBatch = 16;

/**
 * Starts requests at the end of a tick, all that came in it together: each stage's code is then in the nearest caches for all but the first, and a
 * client that waits for several answers is woken once. As many are started in a tick as lately fitted in its time.
 */
export class TickQueue {
  readonly #waiting: (() => void)[] = [];
  #batch = maxBatch;
  #isScheduled = false;

  /** Resolves when it is the caller's turn. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isScheduled) this.#schedule();
    });
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#startBatch();
    });
  }

  #startBatch(): void {
    const startedAt = performance.now();
    for (const start of this.#waiting.splice(0, this.#batch)) start();
    this.#isScheduled = this.#waiting.length > 0;
    if (!this.#isScheduled) return;
    // Called when all that those do at once is done.
    setImmediate(() => {
      this.#batch = performance.now() - startedAt > maxTickMs ? Math.max(1, this.#batch >> 1) : Math.min(maxBatch, 2 * this.#batch);
      this.#startBatch();
    });
  }
}
