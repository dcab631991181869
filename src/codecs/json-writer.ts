import type { Dtype } from '../compute/backend.ts';
import type { Values } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { maxFloat32TextLength, writeFloat32, writeUint } from './float32-text.ts';
import { maxFloat64TextLength, writeFloat64 } from './float64-text.ts';
import { numberCodec } from './json-numbers/compiled.ts';
import { NumberCodec } from './json-numbers/number-codec.ts';

/** Numbers that are written at once, without a look at the capacity. */
const blockNumbers = 4096;
/** Of fewer numbers each is written by itself. */
const fewestInBlock = 12;
/** Bytes that any number and a comma may need. */
const maxNumberLength = Math.max(maxFloat32TextLength, maxFloat64TextLength, NumberCodec.maxNumberLength - 1) + 1;

/** What is handed over is cut from slabs: many buffers of some 10 kB each cost as much again as printing what is in them. */
const slabBytes = 1024 * 1024;
const fewestInSlab = 2048;

const codecAt = 64;
const stagedAt = codecAt + Math.ceil(NumberCodec.bytes / 64) * 64;
const textAt = stagedAt + 4 * blockNumbers;
const pageBytes = 65_536;

/**
 * Writes JSON text as bytes, numbers by the number codec, into memory that it reuses; for one answer at a time. That memory grows to the
 * longest text and stays so: what is long has to be written in parts.
 */
export class JsonWriter {
  readonly #memory = new WebAssembly.Memory({ initial: 4, maximum: 65536, shared: true });
  readonly #codec: NumberCodec;
  readonly #staged: { readonly float32: Float32Array; readonly int32: Int32Array; readonly uint8: Uint8Array };
  #dtype: Dtype = 'float32';
  #bytes: Buffer;
  #length = 0;
  #slab = Buffer.alloc(0);
  #slabUsed = 0;

  constructor() {
    this.#codec = new NumberCodec(numberCodec, this.#memory, codecAt);
    const { buffer } = this.#memory;
    this.#staged = {
      float32: new Float32Array(buffer, stagedAt, blockNumbers),
      int32: new Int32Array(buffer, stagedAt, blockNumbers),
      uint8: new Uint8Array(buffer, stagedAt, blockNumbers),
    };
    this.#bytes = Buffer.from(buffer, textAt);
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = at + bytes.write(text.slice(i), at);
        return;
      }
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** @throws {RangeError} when the value is not finite in the answer's precision. */
  float(value: number): void {
    this.#reserve(maxNumberLength);
    const write = this.#dtype === 'float32' ? writeFloat32 : writeFloat64;
    this.#length = write(this.#bytes, this.#length, value);
  }

  /**
   * `[values[start], ..., values[end - 1]]`, floating-point ones in the answer's precision.
   *
   * @throws {RangeError} when a value is not finite in it.
   */
  row(values: TensorValues, start: number, end: number): void {
    this.text('[');
    this.numbers(values, start, end);
    this.text(']');
  }

  /**
   * The same without the brackets.
   *
   * @throws {RangeError} when a value is not finite in the answer's precision.
   */
  numbers(values: TensorValues, start: number, end: number): void {
    for (let from = start; from < end; from += blockNumbers) {
      const to = Math.min(from + blockNumbers, end);
      this.#reserve((to - from) * maxNumberLength + NumberCodec.slack);
      this.#length = this.#numbers(values, from, to);
    }
    // The last comma is one too many.
    if (end > start) this.#length--;
  }

  #numbers(values: TensorValues, from: number, to: number): number {
    const isWhole = values instanceof Int32Array || values instanceof Uint8Array;
    if (!isWhole && this.#dtype === 'float64') return writeDoubles(this.#bytes, this.#length, values, from, to);
    if (to - from < fewestInBlock) {
      return isWhole ? writeUints(this.#bytes, this.#length, values, from, to) : writeFloats(this.#bytes, this.#length, values, from, to);
    }
    const out = textAt + this.#length;
    const part = values.subarray(from, to);
    if (part instanceof Int32Array) {
      this.#staged.int32.set(part);
      return this.#codec.writeInt32s(stagedAt, part.length, out) - textAt;
    }
    if (part instanceof Uint8Array) {
      this.#staged.uint8.set(part);
      return this.#codec.writeUint8s(stagedAt, part.length, out) - textAt;
    }
    this.#staged.float32.set(part);
    const end = this.#codec.writeFloat32s(stagedAt, part.length, out);
    if (end < 0) throw new RangeError(`${part[-1 - end]!} is not finite in float32`);
    return end - textAt;
  }

  /** Base64, without quotes. */
  base64(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  /** Begins an answer in a precision, and forgets what one that failed half-way has left. */
  begin(dtype: Dtype): void {
    this.#dtype = dtype;
    this.#length = 0;
  }

  /** The bytes written since the last time, which from now on belong to the caller. */
  finish(): Buffer {
    const length = this.#length;
    this.#length = 0;
    const bytes = length < fewestInSlab ? Buffer.allocUnsafe(length) : this.#takeFromSlab(length);
    bytes.set(this.#bytes.subarray(0, length));
    return bytes;
  }

  #takeFromSlab(length: number): Buffer {
    // At a multiple of 8, as the text is: bytes of shared memory are copied one by one to any other address.
    const end = this.#slabUsed + Math.ceil(length / 8) * 8;
    if (end > this.#slab.length) {
      if (length > slabBytes / 4) return Buffer.allocUnsafeSlow(length);
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#slabUsed = 0;
      return this.#takeFromSlab(length);
    }
    const taken = this.#slab.subarray(this.#slabUsed, this.#slabUsed + length);
    this.#slabUsed = end;
    return taken;
  }

  #reserve(more: number): void {
    const missing = this.#length + more - this.#bytes.length;
    if (missing <= 0) return;
    this.#memory.grow(Math.ceil(missing / pageBytes));
    this.#bytes = Buffer.from(this.#memory.buffer, textAt);
  }
}

/** Writes numbers as float32, each with a comma behind it. */
function writeFloats(bytes: Uint8Array, at: number, values: Values, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    at = writeFloat32(bytes, at, values[i]!);
    bytes[at++] = 0x2c;
  }
  return at;
}

/** Writes numbers as float64, each with a comma behind it. */
function writeDoubles(bytes: Uint8Array, at: number, values: Values, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    at = writeFloat64(bytes, at, values[i]!);
    bytes[at++] = 0x2c;
  }
  return at;
}

/** Writes whole numbers, each with a comma behind it. */
function writeUints(bytes: Uint8Array, at: number, values: Int32Array | Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    at = writeUint(bytes, at, values[i]!);
    bytes[at++] = 0x2c;
  }
  return at;
}
