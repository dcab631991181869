import type { Arena } from '../../arena.ts';
import type { Dtype, Values } from '../../jobs.ts';
import { placeFor } from '../../slab.ts';
import type { Kept, Surroundings } from './launch.ts';

/** A copy of a part of an arena, for results that must outlive what lies there. */
class CopiedPart implements Kept {
  readonly #buffer: ArrayBuffer;
  /** From an address in the arena to the place in the buffer. */
  readonly #shift: number;

  constructor(arena: Arena, from: number, to: number) {
    const { buffer, offset } = placeFor(to - from);
    new Uint8Array(buffer, offset, to - from).set(arena.bytes(from, to - from));
    this.#buffer = buffer;
    this.#shift = offset - from;
  }

  numbers(dtype: Dtype, address: number, length: number): Values {
    return dtype === 'float32' ? new Float32Array(this.#buffer, address + this.#shift, length) : new Float64Array(this.#buffer, address + this.#shift, length);
  }

  integers(address: number, length: number): Int32Array {
    return new Int32Array(this.#buffer, address + this.#shift, length);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#buffer, address + this.#shift, length);
  }
}

export const copied: Surroundings['keep'] = (arena, from, to) => new CopiedPart(arena, from, to);
