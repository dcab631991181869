import { OutOfMemoryError } from './errors.ts';
import { isGenerated, writeNumbers, type Numbers, type Values } from '../numbers.ts';
import { atOnce } from '../loops.ts';
import { bytesPerNumber, type Dtype } from '../jobs.ts';

/** The memories of arenas by their buffers: shared memory that grows gets a new buffer each time. */
const memories = new WeakMap<ArrayBufferLike, WebAssembly.Memory>();

/** The arena's memory that holds an array; undefined for any other array. */
export function memoryOf(array: ArrayBufferView): WebAssembly.Memory | undefined {
  return memories.get(array.buffer);
}

const pageBytes = 65536;
/** The 4 GiB that a kernel can address. */
export const maxBytes = 2 ** 32;
const alignment = 64;

/** The whole memory as arrays of each type. */
interface Views {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int32: Int32Array;
  readonly bytes: Uint8Array;
  readonly buffer: Buffer;
  readonly data: DataView;
}

function viewsOf(memory: WebAssembly.Memory): Views {
  const { buffer } = memory;
  memories.set(buffer, memory);
  return {
    float32: new Float32Array(buffer),
    float64: new Float64Array(buffer),
    int32: new Int32Array(buffer),
    bytes: new Uint8Array(buffer),
    buffer: Buffer.from(buffer),
    data: new DataView(buffer),
  };
}

/**
 * Memory that kernels read and write, shared with the worker threads. Allocation only moves the top up: everything is freed at once when the
 * next job resets the arena (or, within a job, with `release`).
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** Float32 copies of float64 arrays, by the address of these. */
  readonly #float32Copies = new Map<number, Float32Array>();
  #top = alignment;
  #views: Views;

  /**
   * @param memory of another thread's arena; by default a new one.
   * @throws {OutOfMemoryError} when the system has none.
   */
  constructor(memory = newMemory()) {
    this.memory = memory;
    this.#views = viewsOf(memory);
  }

  get byteLength(): number {
    return this.#views.bytes.byteLength;
  }

  /** Frees everything. */
  reset(): void {
    this.#top = alignment;
    // Clearing an empty map takes a microsecond.
    if (this.#float32Copies.size > 0) this.#float32Copies.clear();
  }

  /** The top of the allocated memory, for `release`. */
  mark(): number {
    return this.#top;
  }

  /** Frees everything allocated since the mark. */
  release(mark: number): void {
    this.#top = mark;
  }

  /**
   * The address of `bytes` of memory, not cleared, at a multiple of 64.
   *
   * @throws {OutOfMemoryError} beyond the 4 GiB that a kernel can address, or when the system has no more; the arena is unchanged then.
   */
  allocate(bytes: number): number {
    const address = this.#top;
    this.extend(address + bytes);
    return address;
  }

  /** Allocates the memory up to an address, to extend the last allocation. */
  extend(end: number): void {
    const top = Math.ceil(end / alignment) * alignment;
    if (!(top <= this.byteLength)) this.#grow(top);
    this.#top = top;
  }

  #grow(bytes: number): void {
    if (!(bytes <= maxBytes)) throw new OutOfMemoryError('a job has no more than 4 GiB of memory');
    // Another thread may have grown it.
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) orOutOfMemory(() => this.memory.grow(Math.ceil(missing / pageBytes)));
    this.#views = viewsOf(this.memory);
  }

  /** Whether this memory holds an array. */
  holds(values: ArrayBufferView): boolean {
    return memoryOf(values) === this.memory;
  }

  /**
   * The address of `values` as numbers of a type, followed by padding up to `length` numbers. Values of that type that this memory holds
   * already stay where they are, with arbitrary numbers after them; others are written, with zeros after them.
   *
   * @param loops runs the loop that writes them.
   */
  put(dtype: Dtype, values: Numbers, length: number, loops = atOnce): number {
    const existing = this.#existing(dtype, values);
    if (existing !== undefined) {
      // The padding is read as well.
      const end = existing.byteOffset + bytesPerNumber[dtype] * length;
      if (end > this.byteLength) this.#grow(end);
      return existing.byteOffset;
    }
    const address = this.allocate(bytesPerNumber[dtype] * length);
    const at = address / bytesPerNumber[dtype];
    const view = this.#viewAs(dtype);
    const given = values.length;
    loops.add(length, (start, end) => {
      if (start < given) writeNumbers(values, view, at + start, start, Math.min(end, given));
      if (end > given) view.fill(0, at + Math.max(start, given), at + end);
    });
    return address;
  }

  #existing(dtype: Dtype, values: Numbers): Values | undefined {
    if (isGenerated(values) || !this.holds(values)) return undefined;
    if (values instanceof Float32Array === (dtype === 'float32')) return values;
    const copy = dtype === 'float32' ? this.#float32Copies.get(values.byteOffset) : undefined;
    return copy?.length === values.length ? copy : undefined;
  }

  /** The address of `length` numbers of a type, all of the same value. */
  fill(dtype: Dtype, value: number, length: number, loops = atOnce): number {
    const address = this.allocate(bytesPerNumber[dtype] * length);
    const at = address / bytesPerNumber[dtype];
    const view = this.#viewAs(dtype);
    loops.add(length, (from, to) => {
      view.fill(value, at + from, at + to);
    });
    return address;
  }

  #viewAs(dtype: Dtype): Values {
    return dtype === 'float32' ? this.#views.float32 : this.#views.float64;
  }

  /** Registers the float32 copy of float64 in this memory that another thread has made, until the arena is reset. */
  cacheFloat32View(doubles: Float64Array, floats: Float32Array): void {
    this.#float32Copies.set(doubles.byteOffset, floats);
  }

  /** Another thread's view of this memory as a view of this thread. */
  view<Array extends Float32Array | Float64Array>(array: Array): Array {
    const { byteOffset, length } = array;
    return (array instanceof Float32Array ? this.floats(byteOffset, length) : this.doubles(byteOffset, length)) as Array;
  }

  /** The numbers of a type at an address: a view, valid until the memory is freed. */
  numbers(dtype: Dtype, address: number, length: number): Values {
    return dtype === 'float32' ? this.floats(address, length) : this.doubles(address, length);
  }

  /** The float32 at an address: a view. */
  floats(address: number, length: number): Float32Array {
    return this.#views.float32.subarray(address / 4, address / 4 + length);
  }

  /** The float64 at an address: a view. */
  doubles(address: number, length: number): Float64Array {
    return this.#views.float64.subarray(address / 8, address / 8 + length);
  }

  /** The 32-bit integers at an address: a view. */
  integers(address: number, length: number): Int32Array {
    return this.#views.int32.subarray(address / 4, address / 4 + length);
  }

  /** The bytes at an address: a view. */
  bytes(address: number, length: number): Uint8Array {
    return this.#views.bytes.subarray(address, address + length);
  }

  /**
   * Copies bytes to an address. `TypedArray.set` copies into shared memory word by word, and byte by byte where the two sides do not begin at
   * the same place of a word; `Buffer.fill` is one call of memcpy.
   */
  setBytes(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#views.buffer.fill(bytes, address, address + bytes.length);
  }

  setInteger(address: number, value: number): void {
    this.#views.data.setInt32(address, value, true);
  }

  setFloat32(address: number, value: number): void {
    this.#views.data.setFloat32(address, value, true);
  }

  setFloat64(address: number, value: number): void {
    this.#views.data.setFloat64(address, value, true);
  }
}

function newMemory(): WebAssembly.Memory {
  return orOutOfMemory(() => new WebAssembly.Memory({ initial: 16, maximum: maxBytes / pageBytes, shared: true }));
}

function orOutOfMemory<R>(make: () => R): R {
  try {
    return make();
  } catch (error) {
    throw error instanceof RangeError ? new OutOfMemoryError('the system has no more memory', { cause: error }) : error;
  }
}
