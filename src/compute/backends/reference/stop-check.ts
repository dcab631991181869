const stepsBetweenLooks = 4096;

/** Looks every few thousand steps at whether another thread has stopped the job. */
export class StopCheck {
  readonly #checkpoint: (() => void) | undefined;
  #left = stepsBetweenLooks;

  /** @param checkpoint throws once the job is stopped; none of a job that runs to its end. */
  constructor(checkpoint?: () => void) {
    this.#checkpoint = checkpoint;
  }

  /** Counts a step. @throws when the job is stopped. */
  step(): void {
    if (--this.#left > 0) return;
    this.#left = stepsBetweenLooks;
    this.#checkpoint?.();
  }
}
