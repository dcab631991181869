import { Arena } from './arena.ts';
import { collectGarbage } from './collect-garbage.js';
import { MemoryBudget } from './memory-budget.ts';

/** Limit for all idle arenas together: WebAssembly memory cannot shrink, only be dropped. */
const maxIdleBytes = 256 * 2 ** 20;
/** The same as a share of the budget. */
const maxIdleShare = 1 / 4;
/** An arena is idle when it was not needed for this many milliseconds. */
const idleMs = 10_000;

/** After this many dropped bytes all threads collect garbage, which takes each some ten milliseconds. */
const maxDroppedBytes = 64 * 2 ** 20;

/**
 * Arenas for reuse: the first touch of new memory is slow. Together they stay within the budget as far as possible; the memory of a dropped
 * arena is freed only once every thread that has used it has collected its garbage.
 */
export class ArenaPool {
  /** The memory that all requests may reserve together. */
  readonly budget: MemoryBudget;
  /** Smallest first. */
  readonly #free: Arena[] = [];
  readonly #lent = new Set<Arena>();
  readonly #maxIdleBytes: number;
  readonly #poisons: boolean;
  readonly #onDrop: ((arena: Arena) => void)[] = [];
  /** How often `onMuchDropped` was called, in memory that threads share for `collectDropped`. */
  readonly drops = new Int32Array(new SharedArrayBuffer(4));
  readonly #onMuchDropped: (() => void)[] = [];
  #droppedBytes = 0;
  /** The minimum of `keptBytes` since the last trim: these were idle. */
  #minKeptBytes = 0;
  #trimTimer: NodeJS.Timeout | undefined;

  /** Bytes of the acquired arenas. */
  get lentBytes(): number {
    return bytesOf(this.#lent);
  }

  /** Bytes of the free arenas. */
  get keptBytes(): number {
    return bytesOf(this.#free);
  }

  /** @param poisons whether released arenas are filled with NaN, to detect reads after the release; for tests. */
  constructor(budget = new MemoryBudget(), poisons = false) {
    this.budget = budget;
    this.#poisons = poisons;
    this.#maxIdleBytes = Math.min(maxIdleBytes, maxIdleShare * budget.limitBytes);
  }

  /**
   * An empty arena, which belongs to the caller until it is released or discarded: the smallest with as many bytes, else the largest.
   *
   * @param bytes that the caller expects to need.
   * @throws {OutOfMemoryError} when the system has no memory for one.
   */
  acquire(bytes = 0): Arena {
    const fitting = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const arena = this.#free.splice(fitting, 1)[0] ?? new Arena();
    this.#minKeptBytes = Math.min(this.#minKeptBytes, this.keptBytes);
    arena.reset();
    this.#lent.add(arena);
    return arena;
  }

  /** Returns an arena that nothing reads or writes any more. */
  release(arena: Arena): void {
    this.#lent.delete(arena);
    if (this.#poisons) arena.bytes(0, arena.byteLength).fill(0xff);
    if (this.lentBytes + this.keptBytes + arena.byteLength > this.budget.limitBytes) {
      this.#drop(arena);
      return;
    }
    const larger = this.#free.findIndex(({ byteLength }) => byteLength > arena.byteLength);
    this.#free.splice(larger < 0 ? this.#free.length : larger, 0, arena);
    if (this.#trimTimer === undefined && this.keptBytes > this.#maxIdleBytes) this.#trimLater();
  }

  /** Drops an acquired arena, after a failure in it. */
  discard(arena: Arena): void {
    this.#lent.delete(arena);
    this.#drop(arena);
  }

  /** Calls back for every dropped arena, so that references to it can be removed. */
  onDrop(forget: (arena: Arena) => void): void {
    this.#onDrop.push(forget);
  }

  /** Calls back when so much was dropped that idle threads should be woken to collect their garbage. */
  onMuchDropped(wake: () => void): void {
    this.#onMuchDropped.push(wake);
  }

  #trimLater(): void {
    this.#minKeptBytes = this.keptBytes;
    this.#trimTimer = setTimeout(() => {
      this.#trim();
    }, idleMs).unref();
  }

  /** Drops arenas that were not needed since the last trim, down to the limit for idle ones. */
  #trim(): void {
    this.#trimTimer = undefined;
    let surplus = this.#minKeptBytes - this.#maxIdleBytes;
    while (surplus > 0) {
      const arena = this.#free.shift();
      if (arena === undefined) break;
      surplus -= arena.byteLength;
      this.#drop(arena);
    }
    if (this.keptBytes > this.#maxIdleBytes) this.#trimLater();
  }

  #drop(arena: Arena): void {
    for (const forget of this.#onDrop) forget(arena);
    this.#droppedBytes += arena.byteLength;
    if (this.#droppedBytes < maxDroppedBytes) return;
    this.#droppedBytes = 0;
    Atomics.add(this.drops, 0, 1);
    for (const wake of this.#onMuchDropped) wake();
    // The caller no longer refers to it by then.
    setImmediate(collectGarbage);
  }
}

function bytesOf(arenas: Iterable<Arena>): number {
  let bytes = 0;
  for (const { byteLength } of arenas) bytes += byteLength;
  return bytes;
}
