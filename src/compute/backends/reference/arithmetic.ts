import type { NumberAlgebra } from '../../float64-algebra.ts';

const stepsBetweenChecks = 4096;

/** The algebra in which a job computes, and the check of whether it was stopped. */
export class Arithmetic {
  readonly ops: NumberAlgebra;
  readonly #checkpoint: (() => void) | undefined;
  #left = stepsBetweenChecks;

  /** @param checkpoint throws once another thread has stopped the job. */
  constructor(ops: NumberAlgebra, checkpoint?: () => void) {
    this.ops = ops;
    this.#checkpoint = checkpoint;
  }

  /** Counts a step, of which every few thousandth calls the checkpoint. @throws what the checkpoint throws. */
  step(): void {
    if (--this.#left > 0) return;
    this.#left = stepsBetweenChecks;
    this.#checkpoint?.();
  }
}
