import type { Worker } from 'node:worker_threads';

/** Worker threads that were started since, and have not ended. */
export class WorkerThreads {
  readonly #running = new Set<Worker>();
  readonly #started = (worker: Worker) => {
    this.#running.add(worker);
    worker.once('exit', () => {
      this.#running.delete(worker);
    });
  };

  constructor() {
    process.on('worker', this.#started);
  }

  get running(): readonly Worker[] {
    return [...this.#running];
  }

  /** Forgets them, and looks on no longer. */
  close(): void {
    process.off('worker', this.#started);
    this.#running.clear();
  }
}
