import { Arena } from './arena.ts';
import { MemoryBudget } from './memory-budget.ts';

/** An arena that has grown beyond this is let go, since WebAssembly memory cannot shrink. */
const keptBytes = 256 * 2 ** 20;
/** As many as are kept for the next who needs one. */
const mostKept = 4;

/** Arenas for whoever needs one, used again and again: their memory is already there and known to the processor. */
export class ArenaStore {
  /** What all who have an arena may take together. */
  readonly budget: MemoryBudget;
  readonly #free: Arena[] = [];

  constructor(budget = new MemoryBudget()) {
    this.budget = budget;
  }

  /**
   * An empty arena, which belongs to the caller until it is given back.
   *
   * @throws {RangeError} when the system has no memory for one.
   */
  take(): Arena {
    const arena = this.#free.pop() ?? new Arena();
    arena.reset();
    return arena;
  }

  /** Gives an arena back when nothing reads or writes it any more; one that something failed in is better left out. */
  giveBack(arena: Arena): void {
    if (arena.byteLength <= keptBytes && this.#free.length < mostKept) this.#free.push(arena);
  }
}
