import { Arena } from './arena.ts';

/** Large jobs that lay out memory at the same time: one runs while the next one's input is copied. */
const atOnce = 2;
/** An arena that has grown beyond this is let go after its job, since WebAssembly memory cannot shrink. */
const keptBytes = 256 * 2 ** 20;

/** Lends an arena to each large job, in order, to a few at a time. */
export class ArenaPool {
  readonly #free: Arena[] = [];
  readonly #waiting: ((arena: Arena) => void)[] = [];
  #lent = 0;

  async take(): Promise<Arena> {
    if (this.#lent === atOnce) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#lent++;
    return this.#next();
  }

  giveBack(arena: Arena): void {
    if (arena.byteLength <= keptBytes) this.#free.push(arena);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#lent--;
    else waiting(this.#next());
  }

  #next(): Arena {
    const arena = this.#free.pop() ?? new Arena();
    arena.reset();
    return arena;
  }
}
