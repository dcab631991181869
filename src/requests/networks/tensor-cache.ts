import { createHash } from 'node:crypto';

import { Pacer } from '../../codecs/chunks.ts';
import { bytesOfElements } from '../../codecs/element-types.ts';
import { sizeOf } from '../../codecs/ndarray.ts';
import type { Values } from '../../compute/numbers.ts';
import type { Network } from '../../compute/jobs.ts';
import type { SentTensor } from '../plan.ts';
import type { KeptTensor, KeptTensors } from './named-tensors.ts';

/** What a tensor takes beside its bytes, about: bounds how many small ones there are. */
const besideBytes = 512;

/** Bytes that are copied or hashed at once, in tenths of a millisecond. */
const sliceBytes = 2 ** 18;

/** Tensors of answered requests by the SHA-256 of their bytes: those that were used last, up to a number of bytes. */
export class TensorCache {
  readonly #maxBytes: number;
  #bytes = 0;
  /** By digest, the least recently used first; several where they differ in type or shape. */
  readonly #tensors = new Map<string, KeptTensor[]>();
  readonly #copies = new Set<Promise<void>>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The tensors with these digests, as far as they are kept; they count as used. */
  async find(digests: readonly string[]): Promise<KeptTensors> {
    // A client that has its answer may name what is still being copied.
    await Promise.allSettled(this.#copies);
    const found = new Map<string, readonly KeptTensor[]>();
    for (const digest of digests) {
      const tensors = this.#tensors.get(digest);
      if (tensors === undefined) continue;
      this.#use(digest, tensors);
      found.set(digest, [...tensors]);
    }
    return found;
  }

  /** Keeps the tensors that a network's request had, as copies: their memory is the request's. Other requests are served between slices of large ones. */
  keepSent(network: Network, sent: readonly SentTensor[]): Promise<void> {
    const copying = this.#keepCopies(network, sent);
    this.#copies.add(copying);
    const end = () => {
      this.#copies.delete(copying);
    };
    copying.then(end, end);
    return copying;
  }

  async #keepCopies(network: Network, sent: readonly SentTensor[]): Promise<void> {
    const pacer = new Pacer();
    for (const { layer, name, shape, dtype, stored } of sent) {
      const byteLength = bytesOfElements(dtype, sizeOf(shape));
      if (!this.#takes(byteLength)) continue;
      const bytes = new Uint8Array(byteLength);
      const from = stored ?? (network.layers[layer]![name] as Values);
      // Numbers of JSON are float64, whatever the type of the request.
      const to = stored !== undefined ? bytes : dtype === 'float64' ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
      const slice = sliceBytes / from.BYTES_PER_ELEMENT;
      for (let at = 0; at < from.length; at += slice) {
        if (at > 0) await pacer.pause();
        to.set(from.subarray(at, at + slice), at);
      }
      await this.keep({ dtype, shape, bytes });
    }
  }

  /** Keeps a tensor, whose bytes nobody changes any more; one that is kept already counts as used. */
  async keep(tensor: KeptTensor): Promise<void> {
    const { dtype, shape, bytes } = tensor;
    if (!this.#takes(bytes.length)) return;
    const digest = await digestOf(bytes);
    const tensors = this.#tensors.get(digest) ?? [];
    this.#use(digest, tensors);
    if (tensors.some((kept) => kept.dtype === dtype && kept.shape.join() === shape.join())) return;
    tensors.push(tensor);
    this.#bytes += bytes.length + besideBytes;
    this.#dropOldest();
  }

  #takes(bytes: number): boolean {
    return bytes + besideBytes <= this.#maxBytes;
  }

  #use(digest: string, tensors: KeptTensor[]): void {
    this.#tensors.delete(digest);
    this.#tensors.set(digest, tensors);
  }

  #dropOldest(): void {
    for (const [digest, tensors] of this.#tensors) {
      while (this.#bytes > this.#maxBytes && tensors.length > 0) this.#bytes -= tensors.shift()!.bytes.length + besideBytes;
      if (tensors.length > 0) return;
      this.#tensors.delete(digest);
    }
  }
}

/** In slices, between which other requests are served: `subtle.digest`, which hashes in a thread, copies all bytes at once first. */
async function digestOf(bytes: Uint8Array): Promise<string> {
  const pacer = new Pacer();
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    if (at > 0) await pacer.pause();
    hash.update(bytes.subarray(at, at + sliceBytes));
  }
  return hash.digest('hex');
}
