import { createHash } from 'node:crypto';

import { Pacer } from '../../codecs/chunks.ts';
import type { KeptTensor, KeptTensors } from './named-tensors.ts';

interface Entry {
  readonly tensor: KeptTensor;
  /** What equal tensors have in common. */
  readonly kind: string;
  /** Known once somebody has asked for a tensor. */
  digest?: string;
}

/** What an entry takes beside its bytes, about: bounds how many small ones there are. */
const entryBytes = 512;

/** Tensors of answered requests by the SHA-256 of their bytes: those that were used last, up to a number of bytes. */
export class TensorCache {
  readonly #maxBytes: number;
  #bytes = 0;
  /** The least recently used first. */
  readonly #entries = new Set<Entry>();
  readonly #byKind = new Map<string, Set<Entry>>();
  readonly #byDigest = new Map<string, Entry[]>();
  #keeping = Promise.resolve();
  #hashing = Promise.resolve();
  readonly #copies = new Set<Promise<void>>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a tensor of so many bytes would be kept. */
  takes(bytes: number): boolean {
    return bytes + entryBytes <= this.#maxBytes;
  }

  /**
   * Keeps a tensor, whose bytes nobody changes any more; one that is kept already only counts as used, so that a client that sends the same weights again
   * drops nobody else's. Its digest is only computed when somebody asks for one.
   */
  async keep(tensor: KeptTensor): Promise<void> {
    if (!this.takes(tensor.bytes.length)) return;
    // One after another: of two that are equal the second has to see the first.
    const kept = this.#keeping.then(() => this.#keepNew(tensor));
    this.#keeping = kept.catch(() => undefined);
    await kept;
  }

  async #keepNew(tensor: KeptTensor): Promise<void> {
    const kind = kindOf(tensor);
    const alike = this.#byKind.get(kind) ?? new Set();
    const same = await findEqual(alike, tensor.bytes);
    if (same !== undefined) {
      this.#use(same);
      return;
    }
    const entry = { tensor, kind };
    this.#entries.add(entry);
    this.#byKind.set(kind, alike.add(entry));
    this.#bytes += tensor.bytes.length + entryBytes;
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest);
    }
  }

  /** Has `find` wait for tensors that are being copied to be kept: a client that has its answer may name them. */
  waitFor(copy: Promise<void>): void {
    this.#copies.add(copy);
    const end = () => {
      this.#copies.delete(copy);
    };
    copy.then(end, end);
  }

  /** The tensors with these digests, as far as they are kept; they count as used. */
  async find(digests: readonly string[]): Promise<KeptTensors> {
    await Promise.allSettled(this.#copies);
    // Always: one that is not hashed yet may have the bytes of another that is found, in another type.
    const hashed = this.#hashing.then(() => this.#hashAll());
    this.#hashing = hashed.catch(() => undefined);
    await hashed;
    const found = new Map<string, readonly KeptTensor[]>();
    for (const digest of digests) {
      const entries = this.#byDigest.get(digest) ?? [];
      for (const entry of entries) this.#use(entry);
      if (entries.length > 0)
        found.set(
          digest,
          entries.map(({ tensor }) => tensor),
        );
    }
    return found;
  }

  async #hashAll(): Promise<void> {
    const pacer = new Pacer();
    for (const entry of [...this.#entries]) {
      if (entry.digest !== undefined) continue;
      const digest = await digestOf(entry.tensor.bytes, pacer);
      // It may have been dropped meanwhile.
      if (!this.#entries.has(entry)) continue;
      entry.digest = digest;
      this.#byDigest.set(digest, [...(this.#byDigest.get(digest) ?? []), entry]);
    }
  }

  #use(entry: Entry): void {
    this.#entries.delete(entry);
    this.#entries.add(entry);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.tensor.bytes.length + entryBytes;
    const { digest, kind } = entry;
    const alike = this.#byKind.get(kind)!;
    alike.delete(entry);
    if (alike.size === 0) this.#byKind.delete(kind);
    if (digest === undefined) return;
    const rest = (this.#byDigest.get(digest) ?? []).filter((other) => other !== entry);
    if (rest.length > 0) this.#byDigest.set(digest, rest);
    else this.#byDigest.delete(digest);
  }
}

/** Bytes that are hashed or compared at once, in tenths of a millisecond. */
const sliceBytes = 2 ** 18;

/** Bytes at either end of a tensor that tell it from others: few of one type and shape, such as the weights of a training, have to be compared whole. */
const endBytes = 32;

/** Type, shape and both ends: equal for equal tensors. */
function kindOf({ dtype, shape, bytes }: KeptTensor): string {
  const ends = [bytes.subarray(0, endBytes), bytes.subarray(-endBytes)];
  return [dtype, shape.join(), ...ends.map((end) => Buffer.from(end).toString('latin1'))].join(' ');
}

/** The entry whose bytes, of the same length, are these. Compared in slices, between which other requests are served. */
async function findEqual(entries: Iterable<Entry>, bytes: Uint8Array): Promise<Entry | undefined> {
  const pacer = new Pacer();
  for (const entry of entries) {
    let at = 0;
    while (at < bytes.length && Buffer.compare(slice(entry.tensor.bytes, at), slice(bytes, at)) === 0) {
      at += sliceBytes;
      await pacer.pause();
    }
    if (at >= bytes.length) return entry;
  }
  return undefined;
}

function slice(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.subarray(at, at + sliceBytes);
}

/** In slices, between which other requests are served: `subtle.digest`, which hashes in a thread, copies all bytes at once first. */
async function digestOf(bytes: Uint8Array, pacer: Pacer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    hash.update(slice(bytes, at));
    await pacer.pause();
  }
  return hash.digest('hex');
}
