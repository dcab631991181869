import type { Arena } from '../../engine/arena.ts';
import type { Dtype, Values } from '../../jobs.ts';
import type { Kept, KernelContext } from './launch.ts';

/** A copy of a part of an arena, for results that must outlive what lies there. */
class CopiedPart implements Kept {
  readonly #buffer: ArrayBufferLike;
  /** From an address in the arena to the place in the buffer. */
  readonly #shift: number;

  constructor(arena: Arena, from: number, to: number) {
    // Small copies share Node's pool, in which each begins at a multiple of 8.
    const bytes = Buffer.allocUnsafe(to - from);
    bytes.set(arena.bytes(from, to - from));
    this.#buffer = bytes.buffer;
    this.#shift = bytes.byteOffset - from;
  }

  numbers(dtype: Dtype, address: number, length: number): Values {
    return dtype === 'float32'
      ? new Float32Array(this.#buffer, address + this.#shift, length)
      : new Float64Array(this.#buffer, address + this.#shift, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.#buffer, address + this.#shift, length);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, address + this.#shift, length);
  }
}

export const copyResults: KernelContext['readBack'] = (arena, from, to) => new CopiedPart(arena, from, to);
