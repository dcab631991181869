import { Arena } from './arena.ts';
import { MemoryBudget } from './memory-budget.ts';

/** What the arenas that wait for the next may have together, at most: WebAssembly memory cannot shrink, only go. */
const mostKeptBytes = 256 * 2 ** 20;
/** And as a part of what all who have one may take. */
const mostKeptShare = 1 / 4;

/** Arenas for whoever needs one, used again and again: their memory is already there and known to the processor. */
export class ArenaStore {
  /** What all who have an arena may take together. */
  readonly budget: MemoryBudget;
  readonly #free: Arena[] = [];
  readonly #lent = new Set<Arena>();
  readonly #mostKeptBytes: number;
  readonly #poisons: boolean;
  readonly #onDrop: ((arena: Arena) => void)[] = [];

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
    this.#mostKeptBytes = Math.min(mostKeptBytes, mostKeptShare * budget.limitBytes);
  }

  /**
   * An empty arena, which belongs to the caller until it is given back or given up.
   *
   * @throws {OutOfMemoryError} when the system has no memory for one.
   */
  take(): Arena {
    const arena = this.#free.pop() ?? new Arena();
    arena.reset();
    this.#lent.add(arena);
    return arena;
  }

  /** Gives an arena back when nothing reads or writes it any more. */
  giveBack(arena: Arena): void {
    this.#lent.delete(arena);
    if (this.#poisons) arena.bytes(0, arena.byteLength).fill(0xff);
    if (this.keptBytes + arena.byteLength <= this.#mostKeptBytes) this.#free.push(arena);
    else this.#drop(arena);
  }

  /** Says that an arena is not coming back, since something failed in it. */
  giveUp(arena: Arena): void {
    this.#lent.delete(arena);
    this.#drop(arena);
  }

  /** Calls back for every arena that nobody will get any more, so that whoever remembers it forgets it. */
  onDrop(forget: (arena: Arena) => void): void {
    this.#onDrop.push(forget);
  }

  #drop(arena: Arena): void {
    for (const forget of this.#onDrop) forget(arena);
  }
}

function bytesOf(arenas: Iterable<Arena>): number {
  let bytes = 0;
  for (const { byteLength } of arenas) bytes += byteLength;
  return bytes;
}
