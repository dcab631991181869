import { OutOfMemoryError } from './backend.ts';
import { isGenerated, writeNumbers, type Numbers } from '../generated-numbers.ts';
import { bytesPerNumber, type Dtype, type Values } from '../jobs.ts';

/** The memories of arenas by their buffers: shared memory that grows gets a new buffer object each time. */
const memories = new WeakMap<ArrayBufferLike, WebAssembly.Memory>();

/** The memory in which an array lies, where that is an arena's. */
export function memoryOf(array: ArrayBufferView): WebAssembly.Memory | undefined {
  return memories.get(array.buffer);
}

/** Runs the bodies of loops over `length` numbers, for [from, to) at a time. */
export interface LoopRunner {
  add(length: number, body: (from: number, to: number) => void): void;
}

const atOnce: LoopRunner = {
  add: (length, body) => {
    body(0, length);
  },
};

const pageBytes = 65536;
/** The 4 GiB that a kernel can address. */
export const maxBytes = 2 ** 32;
const alignment = 64;

/**
 * Memory that kernels read and write, shared with the worker threads. A job takes what it needs from the start of it, and
 * everything is given back at once when the next job resets it (or, within a job, with `release`).
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #knownFloats = new Map<number, Float32Array>();
  #top = alignment;
  #buffer!: ArrayBufferLike;
  #float32!: Float32Array;
  #float64!: Float64Array;
  #int32!: Int32Array;
  #bytes!: Uint8Array;
  #asBuffer!: Buffer;
  #view!: DataView;

  /**
   * @param memory another thread's arena's; its own unless given.
   * @throws {OutOfMemoryError} when the system has none.
   */
  constructor(memory = newMemory()) {
    this.memory = memory;
    this.#viewMemory();
  }

  get byteLength(): number {
    return this.#buffer.byteLength;
  }

  reset(): void {
    this.#top = alignment;
    // Clearing one that is empty takes a microsecond.
    if (this.#knownFloats.size > 0) this.#knownFloats.clear();
  }

  /** How far the memory is taken: what is allocated from here on goes with `release`. */
  mark(): number {
    return this.#top;
  }

  /** Gives back everything allocated since the mark. */
  release(mark: number): void {
    this.#top = mark;
  }

  /**
   * Address of `bytes` of memory, not cleared, at a multiple of 64.
   *
   * @throws {OutOfMemoryError} beyond the 4 GiB that a kernel can address, or when the system has no more. What is allocated stays as it was.
   */
  allocate(bytes: number): number {
    const address = this.#top;
    this.extend(address + bytes);
    return address;
  }

  /** Takes the memory up to an address, so that what was allocated last can go on. */
  extend(end: number): void {
    const top = Math.ceil(end / alignment) * alignment;
    if (!(top <= this.byteLength)) this.#grow(top);
    this.#top = top;
  }

  #grow(bytes: number): void {
    if (!(bytes <= maxBytes)) throw new OutOfMemoryError('a job has no more than 4 GiB of memory');
    // Another thread may have made it larger.
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) orOutOfMemory(() => this.memory.grow(Math.ceil(missing / pageBytes)));
    this.#viewMemory();
  }

  #viewMemory(): void {
    const { buffer } = this.memory;
    memories.set(buffer, this.memory);
    this.#buffer = buffer;
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#asBuffer = Buffer.from(buffer);
    this.#view = new DataView(buffer);
  }

  /** Whether an array lies in this memory. */
  holds(values: ArrayBufferView): boolean {
    return memoryOf(values) === this.memory;
  }

  /**
   * Address of `values` in a type, with at least `length` numbers that can be read from there; those beyond the values are
   * arbitrary. Numbers of the type that lie in this memory already are left where they are, anything else is written.
   *
   * @param loops runs the loop that writes them.
   */
  put(dtype: Dtype, values: Numbers, length: number, loops = atOnce): number {
    const present = this.#presentAs(dtype, values);
    if (present !== undefined) {
      // What lies behind them is read as well.
      const end = present.byteOffset + bytesPerNumber[dtype] * length;
      if (end > this.byteLength) this.#grow(end);
      return present.byteOffset;
    }
    const address = this.allocate(bytesPerNumber[dtype] * length);
    const at = address / bytesPerNumber[dtype];
    const all = this.#allAs(dtype);
    const given = values.length;
    loops.add(length, (start, end) => {
      if (start < given) writeNumbers(values, all, at + start, start, Math.min(end, given));
      if (end > given) all.fill(0, at + Math.max(start, given), at + end);
    });
    return address;
  }

  #presentAs(dtype: Dtype, values: Numbers): Values | undefined {
    if (isGenerated(values) || !this.holds(values)) return undefined;
    if (values instanceof Float32Array === (dtype === 'float32')) return values;
    const known = dtype === 'float32' ? this.#knownFloats.get(values.byteOffset) : undefined;
    return known?.length === values.length ? known : undefined;
  }

  /** Address of `length` numbers of a type, all of the same value. */
  fill(dtype: Dtype, value: number, length: number, loops = atOnce): number {
    const address = this.allocate(bytesPerNumber[dtype] * length);
    const at = address / bytesPerNumber[dtype];
    const all = this.#allAs(dtype);
    loops.add(length, (from, to) => {
      all.fill(value, at + from, at + to);
    });
    return address;
  }

  #allAs(dtype: Dtype): Values {
    return dtype === 'float32' ? this.#float32 : this.#float64;
  }

  /**
   * Says where the float32 of float64 in this memory lie already, good until the arena is reset: another thread has made them, so that this one
   * is not kept.
   */
  cacheFloat32View(doubles: Float64Array, floats: Float32Array): void {
    this.#knownFloats.set(doubles.byteOffset, floats);
  }

  /** An array that lies in this memory, seen from another thread, as a view of this one. */
  view<Array extends Float32Array | Float64Array>(array: Array): Array {
    const { byteOffset, length } = array;
    return (array instanceof Float32Array ? this.floats(byteOffset, length) : this.doubles(byteOffset, length)) as Array;
  }

  /** The numbers of a type at an address: a view, good until the memory is given back. */
  numbers(dtype: Dtype, address: number, length: number): Values {
    return dtype === 'float32' ? this.floats(address, length) : this.doubles(address, length);
  }

  /** The float32 at an address: a view. */
  floats(address: number, length: number): Float32Array {
    return this.#float32.subarray(address / 4, address / 4 + length);
  }

  /** The float64 at an address: a view. */
  doubles(address: number, length: number): Float64Array {
    return this.#float64.subarray(address / 8, address / 8 + length);
  }

  /** The 32-bit integers at an address: a view. */
  integers(address: number, length: number): Int32Array {
    return this.#int32.subarray(address / 4, address / 4 + length);
  }

  /** The bytes at an address: a view. */
  bytes(address: number, length: number): Uint8Array {
    return this.#bytes.subarray(address, address + length);
  }

  /**
   * Copies bytes to an address. `TypedArray.set` copies into shared memory word by word, and byte by byte where the two sides do not begin at
   * the same place of a word; `Buffer.fill` is one call of memcpy.
   */
  setBytes(address: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#asBuffer.fill(bytes, address, address + bytes.length);
  }

  setInteger(address: number, value: number): void {
    this.#view.setInt32(address, value, true);
  }

  setFloat32(address: number, value: number): void {
    this.#view.setFloat32(address, value, true);
  }

  setFloat64(address: number, value: number): void {
    this.#view.setFloat64(address, value, true);
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
