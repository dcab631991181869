import type { Arena } from '../compute/arena.ts';
import type { ArenaStore } from '../compute/arena-store.ts';

/**
 * An arena for one exchange: the body arrives in it, the job runs in it, and the answer leaves from it. It goes back to its store when
 * the last of those who hold it has let go.
 */
export class ArenaLease {
  readonly arena: Arena;
  readonly #store: ArenaStore;
  #holders = 1;
  #spoilt = false;

  /**
   * Held once, by whoever makes it.
   *
   * @throws {RangeError} when the system has no memory for an arena.
   */
  constructor(store: ArenaStore) {
    this.#store = store;
    this.arena = store.take();
  }

  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    if (this.#spoilt) this.#store.giveUp(this.arena);
    else this.#store.giveBack(this.arena);
  }

  /** Says that something failed in the arena, so that nobody else should get it. */
  spoil(): void {
    this.#spoilt = true;
  }
}
