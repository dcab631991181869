import { Worker } from 'node:worker_threads';
import type { LaunchQueue } from './launch-queue.js';

/** Not at once, or threads that cannot start would be started without end. */
const replacementMs = 50;

export interface PoolWorkerOptions {
  /** How many the pool has, and which of them this is. */
  readonly workers: number;
  readonly index: number;
  /** Called with each new thread, before it works. */
  readonly onStart: (worker: PoolWorker) => void;
  /** Called when a thread has ended, before there is another. */
  readonly onEnd: (index: number, error: Error) => void;
}

/** One of the workers that take launches from a queue; when its thread ends, another replaces it. */
export class PoolWorker {
  readonly #queue: LaunchQueue;
  readonly #options: PoolWorkerOptions;
  #thread: Worker;
  #replacement: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(queue: LaunchQueue, options: PoolWorkerOptions) {
    this.#queue = queue;
    this.#options = options;
    this.#thread = this.#start();
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  post(message: unknown): void {
    this.#thread.postMessage(message);
  }

  /** Ends the thread, which then is replaced. */
  terminate(): void {
    void this.#thread.terminate();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#replacement);
    await this.#thread.terminate();
  }

  #start(): Worker {
    const { workers, index, onEnd } = this.#options;
    let failure = new Error('a worker thread has ended');
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData: { workers, index, buffer: this.#queue.buffer } });
    thread.unref();
    thread.on('error', (error) => {
      failure = error;
    });
    thread.once('exit', () => {
      if (this.#isClosed) return;
      this.#replacement = setTimeout(() => {
        this.#thread = this.#start();
        this.#options.onStart(this);
      }, replacementMs);
      onEnd(index, failure);
    });
    return thread;
  }
}
