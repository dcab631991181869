import { OverloadError } from './overload.ts';

/** How long it is worth waiting for memory, in milliseconds: large jobs take about so long. */
const retryAfterMs = 1000;

/** Bytes that may be taken by all that runs at the same time. */
export class MemoryBudget {
  readonly limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes = Infinity) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Takes bytes until they are given back. What alone is more than there is gets it when nobody else has any.
   *
   * @param held how many of the used bytes the same taker holds already.
   * @throws {OverloadError} when others hold too many.
   */
  take(bytes: number, held: number): void {
    const others = this.#usedBytes - held;
    if (others > 0 && this.#usedBytes + bytes > this.limitBytes) {
      throw new OverloadError('memory', `other requests hold ${megabytes(others)} of the ${megabytes(this.limitBytes)} that there are, and this one needs ${megabytes(held + bytes)}`, retryAfterMs);
    }
    this.#usedBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
