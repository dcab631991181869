import { OverloadError } from './errors.ts';

/** About as long as a large job holds its memory, in milliseconds. */
const retryAfterMs = 1000;

/** A request needs more memory than the whole budget. */
export class MemoryLimitError extends Error {
  override readonly name = 'MemoryLimitError';
  readonly neededBytes: number;
  readonly limitBytes: number;

  constructor(neededBytes: number, limitBytes: number) {
    super(`needs an estimated ${megabytes(neededBytes)} of memory; the limit is ${megabytes(limitBytes)}`);
    this.neededBytes = neededBytes;
    this.limitBytes = limitBytes;
  }
}

/** The memory that all requests of a process may have reserved at the same time. */
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
   * Reserves bytes until they are released.
   *
   * @param held bytes that the same request has reserved already.
   * @throws {MemoryLimitError} when the request needs more than the whole budget.
   * @throws {OverloadError} when other requests hold too much of it.
   */
  reserve(bytes: number, held: number): void {
    if (this.tryReserve(bytes)) return;
    if (held + bytes > this.limitBytes) throw new MemoryLimitError(held + bytes, this.limitBytes);
    throw new OverloadError(
      'memory',
      `other requests hold ${megabytes(this.#usedBytes - held)} of the ${megabytes(this.limitBytes)} that there are, and this one needs ${megabytes(held + bytes)}`,
      retryAfterMs,
    );
  }

  /** Reserves bytes if the budget has them; returns whether it had. */
  tryReserve(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
