import { Arena } from './arena.ts';

/** Large jobs that lay out memory at the same time: one runs while the next one's input is copied. */
const atOnce = 2;
/** An arena that has grown beyond this is let go after its job, since WebAssembly memory cannot shrink. */
const keptBytes = 256 * 2 ** 20;

/** Lends an arena to each large job, in order, to a few at a time. */
export class ArenaPool {
  readonly #free: Arena[] = [];
  readonly #waiting: (() => void)[] = [];
  #lent = 0;

  /**
   * Runs `use` with an arena of its own, once there is one.
   *
   * @throws {RangeError} when the system has no memory for one, or whatever `use` throws.
   */
  async lend<R>(use: (arena: Arena) => Promise<R>): Promise<R> {
    if (this.#lent === atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#lent++;
    try {
      const arena = this.#free.pop() ?? new Arena();
      arena.reset();
      const result = await use(arena);
      if (arena.byteLength <= keptBytes) this.#free.push(arena);
      return result;
    } finally {
      // The place goes to whoever has waited longest. An arena that something failed in is not used again.
      const next = this.#waiting.shift();
      if (next === undefined) this.#lent--;
      else next();
    }
  }
}
