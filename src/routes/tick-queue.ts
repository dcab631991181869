/** How long the requests that are started in one tick may block the event loop. */
const maxTickMs = 10;
const maxBatch = 16;

/**
 * Starts the requests of a tick together at its end: each stage's code is then in the first-level cache for all but the first, and a client that
 * waits for several answers is woken once. The batch adapts to the number that fits in a tick's time.
 */
export class TickQueue {
  readonly #waiting: (() => void)[] = [];
  #batch = maxBatch;
  #isScheduled = false;

  /** Resolves when the caller may start. */
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
    // Called after the synchronous work of the batch.
    setImmediate(() => {
      this.#batch = performance.now() - startedAt > maxTickMs ? Math.max(1, this.#batch >> 1) : Math.min(maxBatch, 2 * this.#batch);
      this.#startBatch();
    });
  }
}
