import type { Kernel, RunKernel } from './kernel-cache.ts';
import type { Values } from '../../jobs.ts';

const pageBytes = 65536;
const alignment = 64;

/**
 * Memory that kernels read and write, shared with the worker threads. A job takes what it needs from the start of it, and
 * everything is given back at once when the next job resets it (or, within a job, with `release`).
 */
export class Arena {
  readonly memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  readonly #run = new WeakMap<Kernel, RunKernel>();
  #top = alignment;
  #float32 = new Float32Array(this.memory.buffer);
  #int32 = new Int32Array(this.memory.buffer);
  #bytes = new Uint8Array(this.memory.buffer);
  #view = new DataView(this.memory.buffer);

  get byteLength(): number {
    return this.memory.buffer.byteLength;
  }

  reset(): void {
    this.#top = alignment;
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
   * Address of `bytes` of memory, not cleared.
   *
   * @throws {RangeError} beyond the 4 GiB that a kernel can address, or when the system has no more.
   */
  allocate(bytes: number): number {
    const address = this.#top;
    this.#top = Math.ceil((address + bytes) / alignment) * alignment;
    if (this.#top > this.byteLength) this.#grow(this.#top);
    return address;
  }

  #grow(bytes: number): void {
    this.memory.grow(Math.ceil((bytes - this.byteLength) / pageBytes));
    const { buffer } = this.memory;
    this.#float32 = new Float32Array(buffer);
    this.#int32 = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Address of a copy of `values` as float32, with zeros up to `length`. */
  putFloats(values: Values, length: number): number {
    const address = this.allocate(4 * length);
    this.#float32.set(values, address / 4);
    this.#float32.fill(0, address / 4 + values.length, address / 4 + length);
    return address;
  }

  /** Address of `length` float32 of the same value. */
  fillFloats(value: number, length: number): number {
    const address = this.allocate(4 * length);
    this.#float32.fill(value, address / 4, address / 4 + length);
    return address;
  }

  floats(address: number, length: number): Float32Array {
    return this.#float32.slice(address / 4, address / 4 + length);
  }

  integers(address: number, length: number): Int32Array {
    return this.#int32.slice(address / 4, address / 4 + length);
  }

  bytes(address: number, length: number): Uint8Array {
    return this.#bytes.slice(address, address + length);
  }

  setIntegers(address: number, values: Int32Array): void {
    this.#int32.set(values, address / 4);
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

  /** The kernel as a function over this memory, in this thread. */
  instance(kernel: Kernel): RunKernel {
    let run = this.#run.get(kernel);
    if (run === undefined) {
      const { exports } = new WebAssembly.Instance(kernel.module, { env: { memory: this.memory } });
      run = exports.run as RunKernel;
      this.#run.set(kernel, run);
    }
    return run;
  }
}
