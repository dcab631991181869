const stepsBetweenChecks = 4096;

/** Checks every few thousand steps whether another thread has stopped the job. */
export class StopCheck {
  readonly #checkpoint: (() => void) | undefined;
  #left = stepsBetweenChecks;

  /** @param checkpoint throws once the job is stopped; without it the job runs to its end. */
  constructor(checkpoint?: () => void) {
    this.#checkpoint = checkpoint;
  }

  /** Counts a step. @throws what the checkpoint throws. */
  step(): void {
    if (--this.#left > 0) return;
    this.#left = stepsBetweenChecks;
    this.#checkpoint?.();
  }
}
