import { Arena } from '../compute/engine/arena.ts';
import type { Dtype, Values } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { maxFloat32TextLength, writeDecimal, writeFloat32, writeUint } from './float32-text.ts';
import { maxFloat64TextLength, writeFloat64 } from './float64-text.ts';
import { backslash, quote } from './json-outline.ts';
import { NumberCodec } from './json-numbers/number-codec.ts';

/** Numbers that are written at once, without a look at the capacity. */
const blockNumbers = 4096;
/** Room for a slice of text and the block of numbers that it may end with. */
const initialBytes = 192 * 1024;
/** A writer whose text has needed more gives its memory up when the text is finished. */
const maxIdleBytes = 256 * 1024;
/** Of fewer numbers each is written by itself. */
const minInBlock = 12;
/** Longer texts are written faster by a native call than byte by byte. */
const minNativeLength = 48;
/** Bytes that any number and a comma may need. */
export const maxNumberLength = Math.max(maxFloat32TextLength, maxFloat64TextLength, NumberCodec.maxNumberLength - 1) + 1;

/**
 * Writes JSON text as bytes, numbers by the number codec, into an arena; for one answer at a time. What is long
 * has to be written in parts: where what was written is not kept, the memory is used again.
 */
export class JsonWriter {
  /** What a writer takes of an arena for a text of so many bytes. */
  static bytesFor(textBytes: number): number {
    return NumberCodec.bytes + 4 * blockNumbers + Math.max(textBytes + NumberCodec.slack, initialBytes) + 3 * 64;
  }

  readonly #module: WebAssembly.Module;
  readonly #keeps: boolean;
  #arena!: Arena;
  #codec!: NumberCodec;
  #stagedAt!: number;
  #staged!: { readonly float32: Float32Array; readonly int32: Int32Array; readonly uint8: Uint8Array };
  #dtype: Dtype = 'float32';
  #textAt!: number;
  #bytes!: Buffer;
  #length = 0;

  /**
   * @param module the number codec's.
   * @param arena that of an exchange, in which what is written stays; without one it is copied when it is finished.
   * @param textBytes the longest text to come: no more of the arena is taken before it is longer.
   */
  constructor(module: WebAssembly.Module, arena?: Arena, textBytes = initialBytes) {
    this.#module = module;
    this.#keeps = arena !== undefined;
    this.#writeInto(arena ?? new Arena(), textBytes);
  }

  #writeInto(arena: Arena, textBytes: number): void {
    this.#arena = arena;
    this.#codec = new NumberCodec(this.#module, arena.memory, arena.allocate(NumberCodec.bytes));
    this.#stagedAt = arena.allocate(4 * blockNumbers);
    this.#staged = {
      float32: arena.floats(this.#stagedAt, blockNumbers),
      int32: arena.integers(this.#stagedAt, blockNumbers),
      uint8: arena.bytes(this.#stagedAt, blockNumbers),
    };
    this.#textAt = arena.mark();
    this.#bytes = this.#textMemory(textBytes + NumberCodec.slack);
  }

  /** Bytes written since the text began. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that the text may have before the writer takes more memory. */
  get capacity(): number {
    return this.#bytes.length;
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    const bytes = this.#bytes;
    let at = this.#length;
    if (text.length >= minNativeLength) {
      this.#length = at + bytes.write(text, at);
      return;
    }
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

  /** A field's name, which needs no escapes, and what stands around it: the first begins its object. */
  key(name: string, isFirst: boolean): void {
    this.#reserve(name.length + 4);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = isFirst ? 0x7b : 0x2c;
    bytes[at++] = quote;
    for (let i = 0; i < name.length; i++) bytes[at++] = name.charCodeAt(i);
    bytes[at++] = quote;
    bytes[at++] = 0x3a;
    this.#length = at;
  }

  /** A string in quotes. */
  string(text: string): void {
    this.#reserve(text.length + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = quote;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === quote || code === backslash) {
        this.text(JSON.stringify(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = quote;
    this.#length = at;
  }

  /** A number as JSON.stringify writes it. */
  number(value: number): void {
    if (value >= 0 && value === (value | 0)) {
      this.#reserve(maxNumberLength);
      this.#length = writeUint(this.#bytes, this.#length, value);
      return;
    }
    // As milliseconds and most parameters are: JSON.stringify takes seven times as long.
    const thousandths = Math.round(1000 * value);
    if (thousandths > 0 && thousandths < 2 ** 31 && thousandths / 1000 === value) {
      this.#reserve(maxNumberLength);
      this.#length = writeDecimal(this.#bytes, this.#length, thousandths, -3);
    } else {
      this.text(JSON.stringify(value));
    }
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
    if (to - from < minInBlock) {
      return isWhole ? writeUints(this.#bytes, this.#length, values, from, to) : writeFloats(this.#bytes, this.#length, values, from, to);
    }
    const out = this.#textAt + this.#length;
    const part = from === 0 && to === values.length ? values : values.subarray(from, to);
    if (part instanceof Int32Array)
      return this.#codec.writeInt32s(this.#addressOf(part, this.#staged.int32), part.length, out) - this.#textAt;
    if (part instanceof Uint8Array)
      return this.#codec.writeUint8s(this.#addressOf(part, this.#staged.uint8), part.length, out) - this.#textAt;
    const address = part instanceof Float32Array ? this.#addressOf(part, this.#staged.float32) : this.#stage(part, this.#staged.float32);
    const end = this.#codec.writeFloat32s(address, part.length, out);
    if (end < 0) throw new RangeError(`${part[-1 - end]!} is not finite in float32`);
    return end - this.#textAt;
  }

  /** Where the codec finds an array: where it is, if that is the writer's memory. */
  #addressOf<Array extends TensorValues>(part: Array, staged: Array): number {
    return this.#arena.holds(part) ? part.byteOffset : this.#stage(part, staged);
  }

  #stage(part: TensorValues, staged: TensorValues): number {
    staged.set(part);
    return this.#stagedAt;
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

  /** The bytes written since the last time: a copy, which from now on belongs to the caller, or where they stay. */
  finish(): Buffer {
    const length = this.#length;
    this.#length = 0;
    if (!this.#keeps) {
      const copy = Buffer.allocUnsafe(length);
      this.#bytes.copy(copy, 0, 0, length);
      if (this.capacity > maxIdleBytes) this.#writeInto(new Arena(), initialBytes);
      return copy;
    }
    const written = this.#bytes.subarray(0, length);
    this.#arena.release(this.#textAt);
    this.#arena.extend(this.#textAt + written.length);
    this.#textAt = this.#arena.mark();
    this.#bytes = this.#textMemory(0);
    return written;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#bytes.length) this.#bytes = this.#textMemory(Math.max(needed, 2 * this.#bytes.length));
  }

  /** The arena from the text's start on, for as many bytes. */
  #textMemory(bytes: number): Buffer {
    this.#arena.release(this.#textAt);
    this.#arena.extend(this.#textAt + Math.max(bytes, initialBytes));
    const { buffer, byteOffset, byteLength } = this.#arena.bytes(this.#textAt, this.#arena.mark() - this.#textAt);
    return Buffer.from(buffer, byteOffset, byteLength);
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
