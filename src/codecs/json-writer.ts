import type { Dtype } from '../compute/backend.ts';
import type { Values } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { maxFloat32TextLength, writeFloat32, writeUint } from './float32-text.ts';
import { maxFloat64TextLength, writeFloat64 } from './float64-text.ts';

const initialCapacity = 64 * 1024;
/** Up to here a copy costs less than new memory for the next answer. */
const mostCopied = 256 * 1024;
/** Numbers of a row that are written without a look at the capacity. */
const rowBlock = 4096;

/** Bytes that any number and a comma may need. */
const maxNumberLength = Math.max(maxFloat32TextLength, maxFloat64TextLength) + 1;

/** Writes JSON text as bytes into memory that it reuses; for one answer at a time. */
export class JsonWriter {
  #dtype: Dtype = 'float32';
  #bytes: Buffer = Buffer.allocUnsafeSlow(initialCapacity);
  #length = 0;

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
    // In blocks, so that memory is asked for as it is needed and not for the longest text that so many numbers could have.
    for (let from = start; from < end; from += rowBlock) {
      const to = Math.min(from + rowBlock, end);
      this.#reserve((to - from) * maxNumberLength);
      this.#length = this.#numbers(values, from, to);
    }
    // The last comma is one too many.
    if (end > start) this.#length--;
  }

  #numbers(values: TensorValues, from: number, to: number): number {
    if (values instanceof Int32Array || values instanceof Uint8Array) return writeUints(this.#bytes, this.#length, values, from, to);
    const write = this.#dtype === 'float32' ? writeFloats : writeDoubles;
    return write(this.#bytes, this.#length, values, from, to);
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
    if (length <= mostCopied) return Buffer.from(this.#bytes.subarray(0, length));
    const written = this.#bytes.subarray(0, length);
    this.#bytes = Buffer.allocUnsafeSlow(initialCapacity);
    return written;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
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
