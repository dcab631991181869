import type { Program } from './program.ts';
import { modelOf } from './program.ts';
import { encodeSavedModel } from './saved-model.ts';

/** What the thread must be told to have a model: the model itself if it is new, and what may go. */
export interface ModelDelivery {
  readonly model: Uint8Array | undefined;
  readonly release: readonly string[];
}

/** Which models the thread holds: those used last, up to a number. */
export class ModelCache {
  readonly #capacity: number;
  readonly #held = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#held.size;
  }

  /** The model's delivery, after which it counts as held. */
  deliver(key: string, program: () => Program, xla: boolean): ModelDelivery {
    const isHeld = this.#held.delete(key);
    this.#held.add(key);
    if (isHeld) return { model: undefined, release: [] };
    const release = [...this.#held].slice(0, Math.max(0, this.#held.size - this.#capacity));
    for (const old of release) this.#held.delete(old);
    return { model: encodeSavedModel(modelOf(program(), { xla })), release };
  }

  /** For a delivery that failed: the thread may not have it. */
  forget(key: string): void {
    this.#held.delete(key);
  }
}
