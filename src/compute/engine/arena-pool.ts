import { Arena } from './arena.ts';
import { collectGarbage } from './collect-garbage.js';
import { MemoryBudget } from './memory-budget.ts';

/** What arenas that nobody has needed for a while may have together, at most: WebAssembly memory cannot shrink, only go. */
const maxIdleBytes = 256 * 2 ** 20;
/** And as a part of the budget. */
const maxIdleShare = 1 / 4;
/** What was not needed for so long is idle, in milliseconds. */
const idleMs = 10_000;

/** Once so much was dropped, all threads collect their garbage: each takes some ten milliseconds for it. */
const maxDroppedBytes = 64 * 2 ** 20;

/**
 * Arenas for whoever needs one, used again and again: their memory is already there and known to the processor. All of them together have no
 * more bytes than the budget where that can be helped, since one that goes is free only when every thread that knew it has collected its garbage.
 */
export class ArenaPool {
  /** What all who have an arena may take together. */
  readonly budget: MemoryBudget;
  /** By size. */
  readonly #free: Arena[] = [];
  readonly #lent = new Set<Arena>();
  readonly #maxIdleBytes: number;
  readonly #poisons: boolean;
  readonly #onDrop: ((arena: Arena) => void)[] = [];
  /** How often `onMuchDropped` was called, in memory that threads share: `collectDropped` looks at it. */
  readonly drops = new Int32Array(new SharedArrayBuffer(4));
  readonly #onMuchDropped: (() => void)[] = [];
  #droppedBytes = 0;
  /** The least that was kept since the last look at what is idle. */
  #leastKeptBytes = 0;
  #trimTimer: NodeJS.Timeout | undefined;

  /** Bytes of the arenas that somebody has. */
  get lentBytes(): number {
    return bytesOf(this.#lent);
  }

  /** Bytes of those that wait for the next who needs one. */
  get keptBytes(): number {
    return bytesOf(this.#free);
  }

  /** @param poisons whether arenas that come back are filled with NaN, so that whoever still reads one is found out; for tests. */
  constructor(budget = new MemoryBudget(), poisons = false) {
    this.budget = budget;
    this.#poisons = poisons;
    this.#maxIdleBytes = Math.min(maxIdleBytes, maxIdleShare * budget.limitBytes);
  }

  /**
   * An empty arena, which belongs to the caller until it is given back or given up: the smallest that has as many bytes, or else the largest.
   *
   * @param bytes that the caller is going to need, as far as it knows.
   * @throws {OutOfMemoryError} when the system has no memory for one.
   */
  acquire(bytes = 0): Arena {
    const fitting = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const arena = this.#free.splice(fitting, 1)[0] ?? new Arena();
    this.#leastKeptBytes = Math.min(this.#leastKeptBytes, this.keptBytes);
    arena.reset();
    this.#lent.add(arena);
    return arena;
  }

  /** Gives an arena back when nothing reads or writes it any more. */
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

  /** Says that an arena is not coming back, since something failed in it. */
  discard(arena: Arena): void {
    this.#lent.delete(arena);
    this.#drop(arena);
  }

  /** Calls back for every arena that nobody will get any more, so that whoever remembers it forgets it. */
  onDrop(forget: (arena: Arena) => void): void {
    this.#onDrop.push(forget);
  }

  /** Calls back when so much was dropped that threads which wait should be woken, so that they collect their garbage too. */
  onMuchDropped(wake: () => void): void {
    this.#onMuchDropped.push(wake);
  }

  #trimLater(): void {
    this.#leastKeptBytes = this.keptBytes;
    this.#trimTimer = setTimeout(() => {
      this.#trim();
    }, idleMs).unref();
  }

  /** Drops what was not needed since the last time, but for as much as may be idle. */
  #trim(): void {
    this.#trimTimer = undefined;
    for (let surplus = this.#leastKeptBytes - this.#maxIdleBytes; surplus > 0 && this.#free.length > 0;) {
      const arena = this.#free.shift()!;
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
    // By then the caller holds it no more.
    setImmediate(collectGarbage);
  }
}

function bytesOf(arenas: Iterable<Arena>): number {
  let bytes = 0;
  for (const { byteLength } of arenas) bytes += byteLength;
  return bytes;
}
