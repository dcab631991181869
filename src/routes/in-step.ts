/**
 * A step of some work.
 *
 * @returns whether there is more to do, as a promise where the step takes longer than its call.
 */
export type Step<Work> = (work: Work) => boolean | Promise<boolean>;

/**
 * Takes work through its steps at the end of the event loop's turn, together with all other that came in it: the first step of all of them, then the
 * second of all of them. Each waits behind a step of the others in any case; so each step's code and tables are in the nearest caches for all
 * but the first, no promise stands between two steps, and a client that waits for several answers is woken once. Work that has to wait goes on
 * alone.
 */
export class InStep<Work> {
  readonly #steps: readonly Step<Work>[];
  readonly #failed: (work: Work, error: unknown) => void;
  #waiting: Work[] = [];

  /** @param failed is told of work of which a step threw: it is not taken on. */
  constructor(steps: readonly Step<Work>[], failed: (work: Work, error: unknown) => void) {
    this.#steps = steps;
    this.#failed = failed;
  }

  add(work: Work): void {
    if (this.#waiting.push(work) === 1) setImmediate(() => { this.#takeAll(); });
  }

  #takeAll(): void {
    let together = this.#waiting;
    this.#waiting = [];
    for (const [i, step] of this.#steps.entries()) {
      together = together.filter((work) => {
        try {
          const isMore = step(work);
          if (typeof isMore === 'boolean') return isMore;
          void this.#goOnAlone(work, i, isMore);
        } catch (error) {
          this.#failed(work, error);
        }
        return false;
      });
    }
  }

  async #goOnAlone(work: Work, step: number, isMore: Promise<boolean>): Promise<void> {
    try {
      if (!(await isMore)) return;
      for (const next of this.#steps.slice(step + 1)) {
        if (!(await next(work))) return;
      }
    } catch (error) {
      this.#failed(work, error);
    }
  }
}
