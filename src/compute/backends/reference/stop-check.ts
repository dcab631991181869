const stepsBetweenLooks = 4096;

/** Looks every few thousand steps at whether another thread has stopped the job. */
export class StopCheck {
  readonly #flag: Int32Array | undefined;
  #left = stepsBetweenLooks;

  /** @param flag a word of shared memory, other than 0 once the job is stopped; none of a job that runs to its end. */
  constructor(flag?: Int32Array) {
    this.#flag = flag;
  }

  /** Counts a step. @throws when the job is stopped. */
  step(): void {
    if (--this.#left > 0) return;
    this.#left = stepsBetweenLooks;
    if (this.#flag !== undefined && Atomics.load(this.#flag, 0) !== 0) throw new Error('the job was stopped');
  }
}
