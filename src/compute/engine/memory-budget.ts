import { OverloadError } from './overload.ts';

/** How long it is worth waiting for memory, in milliseconds: about as long as a large job takes. */
const retryAfterMs = 1000;

/** A request needs more memory than all requests together may have. */
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
   * @param held how many bytes the same request has reserved already.
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

  /** Reserves bytes where the budget has them: whether it has. */
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
