import type { Arena } from './arena.ts';
import type { ArenaPool } from './arena-pool.ts';
import { ComputeError } from './backend.ts';

/** Why a request is over whose answer has left. One for all of them: an error of its own, with its stack, would cost each a quarter of its time. */
export const answered = new Error('the answer has left');

type EndListener = (reason: Error) => void;

/**
 * One request's life. What the request takes, it takes from its scope: memory, tasks, and the signal that stops them. A scope ends exactly once,
 * whoever ends it: its answer has left, it was refused, its client is gone, or its deadline has passed. Ending it aborts the signal and calls the
 * listeners; nothing can be taken any more; the memory goes back when the last task that may touch it has settled.
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

  /** Tasks that have not settled. */
  get tasks(): number {
    return this.#tasks;
  }

  /** The arena, where the request has one: lent to jobs, whose numbers may lie in it. */
  get arena(): Arena | undefined {
    return this.memory.acquired;
  }

  /** Aborted, with the reason, when the scope ends. Made at its first use: most requests need none. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Ends the scope after so many milliseconds from now, unless it has ended or `clearDeadline` was called by then. The timer starts with the first
   * task that takes longer than its call, or with `watchDeadline`.
   *
   * @param reason made when the deadline has passed.
   */
  setDeadline(ms: number, reason: () => Error): void {
    const from = performance.now();
    this.#deadline = { from, at: from + ms, reason };
  }

  /** Puts the deadline so many milliseconds behind when it was set, where that is earlier than it is, and starts its timer. */
  shortenDeadline(ms: number, reason: () => Error): void {
    if (this.#deadline === undefined) return;
    const { from, at } = this.#deadline;
    if (from + ms >= at) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadline = { from, at: from + ms, reason };
    this.watchDeadline();
  }

  /** From here on the deadline does not count: the answer has begun. */
  clearDeadline(): void {
    this.#deadline = undefined;
    clearTimeout(this.#timer);
  }

  /** Starts the deadline's timer, where there is a deadline. */
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
   * Starts a task. What it gives at once is given at once.
   *
   * @throws what the task fails with, or the reason when the scope ends first; the task goes on then until it notices, and keeps the memory.
   */
  run<R>(start: () => R | Promise<R>): R | Promise<R> {
    this.throwIfEnded();
    const result = start();
    return result instanceof Promise ? this.#wait(result) : result;
  }

  async #wait<R>(task: Promise<R>): Promise<R> {
    this.#tasks++;
    task.then(
      () => {
        this.#settled();
      },
      (error: unknown) => {
        if (error instanceof ComputeError) this.memory.poison();
        this.#settled();
      },
    );
    return this.#untilEnd(task);
  }

  /** What a promise gives, or the reason when the scope ends first. */
  async #untilEnd<R>(promise: Promise<R>): Promise<R> {
    this.watchDeadline();
    let giveUp!: EndListener;
    const end = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    this.onEnd(giveUp);
    try {
      return await Promise.race([promise, end]);
    } finally {
      this.offEnd(giveUp);
    }
  }

  /** The chunks, whose making is a task from the first one on until they are all made or nobody wants more. */
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

  /** Calls back once when the scope ends; at once where it has ended. */
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

  /** @throws the reason for which the scope has ended, if it has. */
  throwIfEnded(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }
}

/** The memory of one request: its share of the budget, and an arena once it needs one. Nothing can be taken once its scope has ended. */
export class ScopeMemory {
  readonly #pool: ArenaPool;
  readonly #check: () => void;
  #arena: Arena | undefined;
  #reservedBytes = 0;
  #poisoned = false;

  /** @param check throws when nothing may be taken any more. */
  constructor(pool: ArenaPool, check: () => void) {
    this.#pool = pool;
    this.#check = check;
  }

  /** The arena, where one was acquired. */
  get acquired(): Arena | undefined {
    return this.#arena;
  }

  /**
   * The request's arena, acquired at its first use.
   *
   * @throws {RangeError} when the system has no memory for one.
   * @throws the reason for which the scope has ended, if it has.
   */
  get arena(): Arena {
    this.#check();
    return (this.#arena ??= this.#pool.acquire(this.#reservedBytes));
  }

  /**
   * Reserves so many bytes more of the memory that all requests share.
   *
   * @throws {OverloadError} when other requests hold too much of it.
   * @throws {MemoryLimitError} when there is less than this request needs altogether.
   * @throws the reason for which the scope has ended, if it has.
   */
  reserve(bytes: number): void {
    this.#check();
    this.#pool.budget.reserve(bytes, this.#reservedBytes);
    this.#reservedBytes += bytes;
  }

  /** The same where the request can do without: whether it has them. */
  tryReserve(bytes: number): boolean {
    this.#check();
    const has = this.#pool.budget.tryReserve(bytes);
    if (has) this.#reservedBytes += bytes;
    return has;
  }

  /** Says that something failed in the arena, so that nobody else should get it. */
  poison(): void {
    this.#poisoned = true;
  }

  /** Gives everything back. Called by the scope, once nothing touches the arena any more. */
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
