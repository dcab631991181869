import type { Arena } from './arena.ts';
import type { ArenaPool } from './arena-pool.ts';
import { ComputeError } from './errors.ts';

/** The reason of a scope whose response has been sent. One for all: an error with its own stack would cost a quarter of a request's time. */
export const answered = new Error('the answer has left');

type EndListener = (reason: Error) => void;

/**
 * The lifetime of one request, which acquires memory, runs tasks and observes its signal through it. A scope ends exactly once: its response has
 * been sent, it was refused, its client has disconnected, or its deadline has passed. Ending it aborts the signal and calls the
 * listeners; nothing can be acquired any more; the memory is released when the last task that may touch it has settled.
 *
 * @example
 * const result = await scope.run(() => engine.run(job, preference, scope)); // rejects when the scope ends first
 */
export class RequestScope {
  readonly memory: ScopeMemory;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #tasks = 0;
  #listeners: Set<EndListener> | undefined;
  #deadline: { readonly from: number; readonly at: number; readonly reason: () => Error } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: ArenaPool) {
    this.memory = new ScopeMemory(pool, () => {
      this.throwIfEnded();
    });
  }

  get ended(): boolean {
    return this.#reason !== undefined;
  }

  /** The number of tasks that have not settled. */
  get tasks(): number {
    return this.#tasks;
  }

  /** The arena, if the request has acquired one: lent to jobs, whose inputs may be in it. */
  get arena(): Arena | undefined {
    return this.memory.acquired;
  }

  /** Aborted, with the reason, when the scope ends. Created on first use: most requests need none. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Ends the scope in so many milliseconds, unless it has ended or `clearDeadline` was called by then. The timer starts with the first
   * asynchronous task, or with `watchDeadline`.
   *
   * @param reason creates the error when the deadline has passed.
   */
  setDeadline(ms: number, reason: () => Error): void {
    const from = performance.now();
    this.#deadline = { from, at: from + ms, reason };
  }

  /** Moves the deadline to so many milliseconds after it was set, if that is earlier, and starts its timer. */
  shortenDeadline(ms: number, reason: () => Error): void {
    if (this.#deadline === undefined) return;
    const { from, at } = this.#deadline;
    if (from + ms >= at) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadline = { from, at: from + ms, reason };
    this.watchDeadline();
  }

  /** Removes the deadline: the response has begun. */
  clearDeadline(): void {
    this.#deadline = undefined;
    clearTimeout(this.#timer);
  }

  /** Starts the timer of the deadline, if there is one. */
  watchDeadline(): void {
    if (this.#deadline === undefined || this.#timer !== undefined) return;
    const { at, reason } = this.#deadline;
    this.#timer = setTimeout(
      () => {
        this.end(reason());
      },
      Math.max(0, at - performance.now()),
    );
  }

  /**
   * Starts a task. A synchronous result is returned synchronously.
   *
   * @throws the task's error, or the scope's reason when it ends first; the task then runs on until it notices, and the memory stays reserved.
   */
  run<R>(start: () => R | Promise<R>): R | Promise<R> {
    this.throwIfEnded();
    const result = start();
    return result instanceof Promise ? this.#track(result) : result;
  }

  /** The result of a task; rejects with the reason when the scope ends first. */
  #track<R>(task: Promise<R>): Promise<R> {
    this.#tasks++;
    this.watchDeadline();
    return new Promise((resolve, reject) => {
      this.onEnd(reject);
      const settle = () => {
        this.offEnd(reject);
        this.#settled();
      };
      task.then(
        (result) => {
          settle();
          resolve(result);
        },
        (error: unknown) => {
          if (error instanceof ComputeError) this.memory.poison();
          settle();
          reject(error);
        },
      );
    });
  }

  /** Yields the chunks; their production is a task from the first chunk until the last one, or until the consumer stops. */
  async *stream<Chunk>(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk, void, undefined> {
    this.throwIfEnded();
    this.#tasks++;
    try {
      yield* chunks;
    } finally {
      this.#settled();
    }
  }

  #settled(): void {
    this.#tasks--;
    if (this.#tasks === 0 && this.ended) this.memory.release();
  }

  /** Calls back once when the scope ends; at once if it has ended. */
  onEnd(listener: EndListener): void {
    if (this.#reason !== undefined) listener(this.#reason);
    else (this.#listeners ??= new Set()).add(listener);
  }

  offEnd(listener: EndListener): void {
    this.#listeners?.delete(listener);
  }

  /** Ends the scope, unless it has ended. */
  end(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    clearTimeout(this.#timer);
    this.#controller?.abort(reason);
    for (const listener of this.#listeners ?? []) listener(reason);
    this.#listeners = undefined;
    if (this.#tasks === 0) this.memory.release();
  }

  /** @throws the reason, if the scope has ended. */
  throwIfEnded(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}

/** The memory of one request: its share of the budget, and an arena once it needs one. Nothing can be acquired once its scope has ended. */
export class ScopeMemory {
  readonly #pool: ArenaPool;
  readonly #check: () => void;
  #arena: Arena | undefined;
  #reservedBytes = 0;
  #poisoned = false;

  /** @param check throws once the scope has ended. */
  constructor(pool: ArenaPool, check: () => void) {
    this.#pool = pool;
    this.#check = check;
  }

  /** The arena, if one was acquired. */
  get acquired(): Arena | undefined {
    return this.#arena;
  }

  /**
   * The request's arena, acquired at its first use.
   *
   * @throws {RangeError} when the system has no memory for one.
   * @throws the reason, if the scope has ended.
   */
  get arena(): Arena {
    this.#check();
    return (this.#arena ??= this.#pool.acquire(this.#reservedBytes));
  }

  /**
   * Reserves more bytes of the memory that all requests share.
   *
   * @throws {OverloadError} when other requests hold too much of it.
   * @throws {MemoryLimitError} when this request needs more than the whole budget.
   * @throws the reason, if the scope has ended.
   */
  reserve(bytes: number): void {
    this.#check();
    this.#pool.budget.reserve(bytes, this.#reservedBytes);
    this.#reservedBytes += bytes;
  }

  /** Reserves bytes that the request can do without; returns whether it got them. */
  tryReserve(bytes: number): boolean {
    this.#check();
    const reserved = this.#pool.budget.tryReserve(bytes);
    if (reserved) this.#reservedBytes += bytes;
    return reserved;
  }

  /** Marks the arena as unusable for other requests, after a failure in it. */
  poison(): void {
    this.#poisoned = true;
  }

  /** Releases everything. Called by the scope, once nothing touches the arena any more. */
  release(): void {
    this.#pool.budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    const arena = this.#arena;
    if (arena === undefined) return;
    this.#arena = undefined;
    if (this.#poisoned) this.#pool.discard(arena);
    else this.#pool.release(arena);
  }
}
