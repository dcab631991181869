import { createHash } from 'node:crypto';

import { Pacer } from '../codecs/chunks.ts';
import type { KeptTensor, KeptTensors } from './named-tensors.ts';

interface Entry {
  readonly tensor: KeptTensor;
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
  readonly #byDigest = new Map<string, Entry[]>();
  #hashing = Promise.resolve();
  readonly #copies = new Set<Promise<void>>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether a tensor of so many bytes would be kept. */
  takes(bytes: number): boolean {
    return bytes + entryBytes <= this.#maxBytes;
  }

  /** Keeps a tensor, whose bytes nobody changes any more. Its digest is only computed when somebody asks for one. */
  keep(tensor: KeptTensor): void {
    if (!this.takes(tensor.bytes.length)) return;
    this.#entries.add({ tensor });
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
    this.#hashing = this.#hashing.then(() => this.#hashAll());
    await this.#hashing;
    const found = new Map<string, readonly KeptTensor[]>();
    for (const digest of digests) {
      const entries = this.#byDigest.get(digest) ?? [];
      for (const entry of entries) {
        this.#entries.delete(entry);
        this.#entries.add(entry);
      }
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
      if (this.#entries.has(entry)) this.#setDigest(entry, digest);
    }
  }

  /** Sets the digest of an entry, which takes the place of one that is the same. */
  #setDigest(entry: Entry, digest: string): void {
    const { dtype, shape } = entry.tensor;
    const others = this.#byDigest.get(digest) ?? [];
    const same = others.find(({ tensor }) => tensor.dtype === dtype && tensor.shape.join() === shape.join());
    if (same !== undefined) this.#drop(same);
    entry.digest = digest;
    this.#byDigest.set(digest, [...others.filter((other) => other !== same), entry]);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry);
    this.#bytes -= entry.tensor.bytes.length + entryBytes;
    const { digest } = entry;
    if (digest === undefined) return;
    const rest = (this.#byDigest.get(digest) ?? []).filter((other) => other !== entry);
    if (rest.length > 0) this.#byDigest.set(digest, rest);
    else this.#byDigest.delete(digest);
  }
}

/** Bytes that are hashed at once, in tenths of a millisecond. */
const sliceBytes = 2 ** 18;

/** In slices, between which other requests are served: `subtle.digest`, which hashes in a thread, copies all bytes at once first. */
async function digestOf(bytes: Uint8Array, pacer: Pacer): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    hash.update(bytes.subarray(at, at + sliceBytes));
    await pacer.pause();
  }
  return hash.digest('hex');
}
