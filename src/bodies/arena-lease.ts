import type { Arena } from '../compute/arena.ts';
import type { ArenaStore } from '../compute/arena-store.ts';

/** A reservation that has to be raised is raised by at least so much of itself. */
const growth = 0.25;

/**
 * An arena for one exchange: the body arrives in it, the job runs in it, and the answer leaves from it. It goes back to its store when
 * the last of those who hold it has let go, and with it what was reserved of the memory that all exchanges share.
 */
export class ArenaLease {
  readonly arena: Arena;
  readonly #store: ArenaStore;
  #reservedBytes = 0;
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

  /**
   * Reserves memory for the exchange, up to so many bytes in all.
   *
   * @throws {OverloadError} when other exchanges hold too much of it.
   */
  reserve(bytes: number): void {
    if (bytes <= this.#reservedBytes) return;
    const more = Math.max(bytes - this.#reservedBytes, Math.ceil(growth * this.#reservedBytes));
    this.#store.budget.take(more, this.#reservedBytes);
    this.#reservedBytes += more;
  }

  hold(): void {
    this.#holders++;
  }

  letGo(): void {
    this.#holders--;
    if (this.#holders > 0) return;
    this.#store.budget.giveBack(this.#reservedBytes);
    if (this.#spoilt) this.#store.giveUp(this.arena);
    else this.#store.giveBack(this.arena);
  }

  /** Says that something failed in the arena, so that nobody else should get it. */
  spoil(): void {
    this.#spoilt = true;
  }
}
