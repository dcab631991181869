import type { Readable } from 'node:stream';

import type { ArenaLease } from './arena-lease.ts';

/** From here on a body gets memory of its own that kernels can read; below, a copy costs less. */
export const largeBytes = 256 * 1024;

/** So many pieces are put together: one of a byte takes hundreds. */
const mostChunks = 256;

/** More bytes came than a body may have. */
export class BodyTooLargeError extends RangeError {
  override readonly name = 'BodyTooLargeError';
}

export interface CollectOptions {
  readonly limit: number;
  /** What `Content-Length` says, where it does and the bytes are not compressed. */
  readonly announced: number | undefined;
  /** Bytes before those that are to lie at a multiple of 64, as a kernel likes its numbers. */
  readonly lead: number;
  /** Called once, when the body turns out to be large: the memory to put it in. */
  readonly lease: () => ArenaLease;
}

/**
 * Collects a body's bytes: small ones in one piece, large ones at once where kernels can read them, in memory that is asked for only
 * as it is filled.
 */
export class BodyCollector {
  readonly #options: CollectOptions;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #lease: ArenaLease | undefined;
  #address = 0;

  /**
   * @throws {BodyTooLargeError} when the announced length is beyond the limit.
   * @throws {OverloadError} when there is no memory for it beside others.
   */
  constructor(options: CollectOptions) {
    this.#options = options;
    if ((options.announced ?? 0) > options.limit) throw new BodyTooLargeError();
    if ((options.announced ?? 0) >= largeBytes) this.#moveToArena();
  }

  /**
   * @throws {BodyTooLargeError} when the body is beyond the limit with this chunk.
   * @throws {OverloadError} when there is no memory for it beside others.
   */
  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#options.limit) throw new BodyTooLargeError();
    if (this.#lease === undefined && length >= largeBytes) this.#moveToArena();
    if (this.#lease === undefined) {
      this.#chunks.push(chunk);
      if (this.#chunks.length === mostChunks) this.#chunks = [Buffer.concat(this.#chunks)];
    } else {
      this.#lease.reserve(this.#address + length);
      const { arena } = this.#lease;
      arena.extend(this.#address + length);
      arena.setBytes(this.#address + this.#length, chunk);
    }
    this.#length = length;
  }

  /** The body, and whether it lies in the arena. */
  finish(): { readonly bytes: Uint8Array; readonly isLarge: boolean } {
    if (this.#lease !== undefined) return { bytes: this.#lease.arena.bytes(this.#address, this.#length), isLarge: true };
    return { bytes: this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks), isLarge: false };
  }

  #moveToArena(): void {
    const lease = this.#options.lease();
    lease.reserve(this.#options.announced ?? largeBytes);
    const { arena } = lease;
    const lead = this.#options.lead % 64;
    this.#address = arena.allocate(64) + (64 - lead) % 64;
    arena.extend(this.#address + (this.#options.announced ?? 0));
    let at = this.#address;
    for (const chunk of this.#chunks) {
      arena.extend(at + chunk.length);
      arena.setBytes(at, chunk);
      at += chunk.length;
    }
    this.#chunks = [];
    this.#lease = lease;
  }
}

/**
 * Calls `done` once, with what went wrong or when the collector has the whole stream.
 *
 * @param signal ends the collecting with its reason.
 */
export function collect(stream: Readable, collector: BodyCollector, done: (error: Error | null) => void, signal?: AbortSignal): void {
  const finish = (error: Error | null) => {
    stream.off('data', onData);
    stream.off('end', onEnd);
    stream.off('error', finish);
    stream.off('close', onClose);
    signal?.removeEventListener('abort', onAbort);
    // Whoever destroys a stream twice still wants to hear of no error.
    if (error !== null) stream.on('error', () => undefined);
    done(error);
  };
  const onData = (chunk: Uint8Array) => {
    try {
      collector.push(chunk);
    } catch (error) {
      finish(error as Error);
    }
  };
  const onEnd = () => { finish(null); };
  const onClose = () => { finish(new Error('the stream ended early')); };
  const onAbort = () => { finish(signal?.reason as Error); };
  signal?.addEventListener('abort', onAbort);
  stream.on('data', onData);
  stream.on('end', onEnd);
  stream.on('error', finish);
  stream.on('close', onClose);
}
