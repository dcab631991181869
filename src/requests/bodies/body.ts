import type { Readable } from 'node:stream';

import type { RequestScope, ScopeMemory } from '../../compute/engine/request-scope.ts';

/**
 * The forms that a body can have: JSON; JSON followed by the tensors' bytes; one tensor as `numpy.save` writes it; a request of the
 * Open Inference Protocol, with or without bytes behind its JSON.
 */
export type BodyForm = 'json' | 'framed' | 'npy' | 'inference';

/** A body that has arrived whole, as bytes. */
export interface RequestBody {
  readonly form: BodyForm;
  readonly bytes: Uint8Array;
  /** How many of its bytes are JSON, where others follow. */
  readonly jsonBytes: number;
  /** Of the URL: what an npy body has no room for. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** Bodies of at least so many bytes lie in an arena, which kernels can read; a copy of smaller ones costs less. */
const largeBytes = 256 * 1024;

/** Memory of a request beside its body: its connection, its parser, the objects of both. */
const requestBytes = 64 * 1024;

/** Chunks of a small body that are kept before they are joined: one of a byte takes hundreds. */
const maxChunks = 256;

/** More bytes came than a body may have. */
export class BodyTooLargeError extends RangeError {
  override readonly name = 'BodyTooLargeError';
}

/** The stream ended before the body did. */
export class IncompleteBodyError extends Error {
  override readonly name = 'IncompleteBodyError';
}

export interface CollectOptions {
  /** The most bytes that a body may have. */
  readonly limit: number;
  /** What `Content-Length` says, where it does and the bytes are not compressed. */
  readonly announced: number | undefined;
  /** Bytes before those that are to lie at a multiple of 64, where kernels read numbers fastest. */
  readonly lead: number;
}

/**
 * Collects a body's bytes: a small one in one piece, a large one in the request's arena. Memory is reserved as the bytes arrive, however many
 * were announced.
 */
class BodyCollector {
  readonly #options: CollectOptions;
  readonly #memory: ScopeMemory;
  #chunks: Uint8Array[] = [];
  #length = 0;
  #reserved = 0;
  #address = 0;
  #isLarge = false;

  constructor(options: CollectOptions, memory: ScopeMemory) {
    this.#options = options;
    this.#memory = memory;
    if ((options.announced ?? 0) > options.limit) throw new BodyTooLargeError();
    memory.reserve(requestBytes);
  }

  push(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#options.limit) throw new BodyTooLargeError();
    this.#reserveUpTo(length);
    if (!this.#isLarge && length >= largeBytes) this.#moveToArena();
    if (this.#isLarge) {
      this.#append(chunk);
    } else {
      this.#chunks.push(chunk);
      this.#length = length;
      if (this.#chunks.length === maxChunks) this.#chunks = [Buffer.concat(this.#chunks)];
    }
  }

  finish(): Uint8Array {
    if (this.#isLarge) {
      const { arena } = this.#memory;
      arena.extend(this.#address + this.#length);
      return arena.bytes(this.#address, this.#length);
    }
    const [first, ...more] = this.#chunks;
    return first !== undefined && more.length === 0 ? first : Buffer.concat(this.#chunks);
  }

  /** A large body's reservation doubles where there is enough memory, up to what was announced: an arena grows in few steps. */
  #reserveUpTo(length: number): void {
    if (length <= this.#reserved) return;
    const doubled = Math.min(2 * length, this.#options.announced ?? this.#options.limit);
    if (length >= largeBytes && doubled > length && this.#memory.tryReserve(doubled - this.#reserved)) {
      this.#reserved = doubled;
    } else {
      this.#memory.reserve(length - this.#reserved);
      this.#reserved = length;
    }
  }

  #moveToArena(): void {
    const lead = this.#options.lead % 64;
    this.#address = this.#memory.arena.allocate(64) + ((64 - lead) % 64);
    this.#isLarge = true;
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#length = 0;
    for (const chunk of chunks) this.#append(chunk);
  }

  #append(chunk: Uint8Array): void {
    const { arena } = this.#memory;
    arena.extend(this.#address + this.#reserved);
    arena.setBytes(this.#address + this.#length, chunk);
    this.#length += chunk.length;
  }
}

/**
 * Collects a stream's bytes and calls `done` once: with them, or with what went wrong, which is the scope's reason when that ends first. From
 * then on nothing of the stream is read, and nothing is written to the scope's memory.
 */
export function collectBody(
  stream: Readable,
  options: CollectOptions,
  scope: RequestScope,
  done: (error: Error | null, bytes?: Uint8Array) => void,
): void {
  const finish = (error: Error | null) => {
    stream.off('data', onData).off('end', onEnd).off('error', finish).off('close', onClose);
    scope.offEnd(finish);
    // A stream that is destroyed later may still report an error, which would be thrown if nobody listened.
    if (error !== null) stream.on('error', () => undefined);
    done(error, error === null ? collector.finish() : undefined);
  };
  const onData = (chunk: Uint8Array) => {
    try {
      collector.push(chunk);
    } catch (error) {
      finish(error as Error);
    }
  };
  const onEnd = () => {
    finish(null);
  };
  const onClose = () => {
    finish(new IncompleteBodyError('the stream ended early'));
  };
  const collector = new BodyCollector(options, scope.memory);
  stream.on('data', onData).on('end', onEnd).on('error', finish).on('close', onClose);
  scope.onEnd(finish);
}
