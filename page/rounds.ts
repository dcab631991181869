export interface RoundsOptions {
  /** One round; it is expected to settle soon after its signal is aborted, and not to reject. */
  readonly round: (signal: AbortSignal) => Promise<void>;
  /** Is told when rounds begin or end to follow each other. */
  readonly onRunning: (isRunning: boolean) => void;
  /** Ends all. */
  readonly left: AbortSignal;
}

/** Runs rounds, one at a time: over and over once started, and once more whenever something has changed. */
export class Rounds {
  readonly #options: RoundsOptions;
  #isRunning = false;
  #isStale = false;
  #isWorking = false;
  #current = new AbortController();

  constructor(options: RoundsOptions) {
    this.#options = options;
    options.left.addEventListener('abort', () => {
      this.#current.abort();
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  start(): void {
    this.#setRunning(true);
    void this.#work();
  }

  /** No round follows the one under way. */
  stop(): void {
    this.#setRunning(false);
  }

  /** Stops, gives up the round under way, and runs one more to show where that has led. */
  pause(): void {
    this.stop();
    this.restart();
  }

  /** Runs a round, or one more after the one under way. */
  refresh(): void {
    this.#isStale = true;
    void this.#work();
  }

  /** Gives up the round under way for a new one. */
  restart(): void {
    this.#current.abort();
    this.refresh();
  }

  #setRunning(isRunning: boolean): void {
    this.#isRunning = isRunning;
    this.#options.onRunning(isRunning);
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (!this.#options.left.aborted && (this.#isRunning || this.#isStale)) {
      this.#isStale = false;
      this.#current = new AbortController();
      await this.#options.round(this.#current.signal);
    }
    this.#isWorking = false;
  }
}
