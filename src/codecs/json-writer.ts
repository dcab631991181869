import { Arena } from '../compute/engine/arena.ts';
import type { Dtype } from '../compute/jobs.ts';
import { type Values } from '../compute/numbers.ts';
import type { TensorValues } from './answer-tree.ts';
import { compileNumberCodec, float64Text, maxFloat32TextLength, maxFloat64TextLength, NumberCodec } from './json-numbers/index.ts';

/** Numbers that are written at once, without a look at the capacity. */
const blockNumbers = 4096;
/** Room for a slice of text and the block of numbers that it may end with. */
const initialBytes = 192 * 1024;
/** A writer whose text has needed more gives its memory up when the text is finished. */
const maxIdleBytes = 256 * 1024;
/** Longer texts, and arrays of more numbers, are copied faster by a native call than one by one. */
const minNativeLength = 48;
const needsEscapes = /[^ !#-[\]-~]/;
/** Bytes that any number and a comma may need. */
export const maxNumberLength = Math.max(maxFloat32TextLength, maxFloat64TextLength, NumberCodec.maxNumberLength - 1) + 1;

/**
 * Writes JSON text as bytes, numbers by the number codec, into an arena; for one answer at a time. Long text has to be written in parts:
 * where what was written is not kept, the memory is used again.
 */
export class JsonWriter {
  /** Bytes that a writer takes of an arena for a text of so many bytes. */
  static bytesFor(textBytes: number): number {
    return NumberCodec.bytes + 4 * blockNumbers + Math.max(textBytes + NumberCodec.slack, initialBytes) + 3 * 64;
  }

  readonly #keeps: boolean;
  #arena!: Arena;
  #codec!: NumberCodec;
  #stagedAt!: number;
  #staged!: { readonly float32: Float32Array; readonly int32: Int32Array; readonly uint8: Uint8Array };
  #dtype: Dtype = 'float32';
  #textAt!: number;
  #bytes!: Buffer;
  #length = 0;

  /** @param arena a request's, in which the text stays; without one it is copied when it is finished. */
  constructor(arena?: Arena) {
    this.#keeps = arena !== undefined;
    this.#writeInto(arena ?? new Arena());
  }

  #writeInto(arena: Arena): void {
    this.#arena = arena;
    this.#codec = new NumberCodec(arena.memory, arena.allocate(NumberCodec.bytes));
    this.#stagedAt = arena.allocate(4 * blockNumbers);
    this.#staged = {
      float32: arena.floats(this.#stagedAt, blockNumbers),
      int32: arena.integers(this.#stagedAt, blockNumbers),
      uint8: arena.bytes(this.#stagedAt, blockNumbers),
    };
    this.#textAt = arena.mark();
    this.#bytes = this.#textMemory(initialBytes);
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
    this.text(isFirst ? '{"' : ',"');
    this.text(name);
    this.text('":');
  }

  /** A string in quotes. */
  string(text: string): void {
    this.text(needsEscapes.test(text) ? JSON.stringify(text) : `"${text}"`);
  }

  /** A finite number as JSON.stringify writes it. */
  number(value: number): void {
    this.text(String(value));
  }

  /** @throws {RangeError} when the value is not finite in the answer's precision. */
  float(value: number): void {
    this.numbers(Float64Array.of(value), 0, 1);
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
      this.#length = this.#block(values, from, to);
    }
    // The last comma is one too many.
    if (end > start) this.#length--;
  }

  #block(values: TensorValues, from: number, to: number): number {
    const count = to - from;
    const textAt = this.#textAt;
    const out = textAt + this.#length;
    if (values instanceof Int32Array)
      return this.#codec.writeInt32s(this.#addressOf(values, from, to, this.#staged.int32), count, out) - textAt;
    if (values instanceof Uint8Array)
      return this.#codec.writeUint8s(this.#addressOf(values, from, to, this.#staged.uint8), count, out) - textAt;
    if (this.#dtype === 'float64') return this.#doubles(values, from, to);
    const end = this.#codec.writeFloat32s(this.#addressOf(values, from, to, this.#staged.float32), count, out);
    if (end < 0) throw new RangeError(`${values[from - 1 - end]!} is not finite in float32`);
    return end - textAt;
  }

  /** The address at which the codec finds numbers: theirs, where they are of the type and in the writer's memory, else that of a copy. */
  #addressOf(values: TensorValues, from: number, to: number, staged: TensorValues): number {
    if (values.constructor === staged.constructor && this.#arena.holds(values)) return values.byteOffset + from * values.BYTES_PER_ELEMENT;
    if (to - from >= minNativeLength) staged.set(values.subarray(from, to));
    else for (let i = from; i < to; i++) staged[i - from] = values[i]!;
    return this.#stagedAt;
  }

  #doubles(values: Values, from: number, to: number): number {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = from; i < to; i++) {
      const text = float64Text(values[i]!);
      for (let j = 0; j < text.length; j++) bytes[at++] = text.charCodeAt(j);
      bytes[at++] = 0x2c;
    }
    return at;
  }

  /** Base64, without quotes. */
  base64(bytes: Uint8Array): void {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  /** Begins an answer in a precision, and drops what one that failed half-way has left. */
  begin(dtype: Dtype): void {
    this.#dtype = dtype;
    this.#length = 0;
  }

  /** Writes numbers in another precision from now on, if one is given; returns the one before. */
  setDtype(dtype: Dtype | undefined): Dtype {
    const before = this.#dtype;
    if (dtype !== undefined) this.#dtype = dtype;
    return before;
  }

  /** The bytes written since the last time: a copy, which from now on belongs to the caller, or where they stay. */
  finish(): Buffer {
    const length = this.#length;
    this.#length = 0;
    if (!this.#keeps) {
      const copy = Buffer.allocUnsafe(length);
      this.#bytes.copy(copy, 0, 0, length);
      if (this.capacity > maxIdleBytes) this.#writeInto(new Arena());
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

await compileNumberCodec();

/** Prints the slices of all answers: each from `begin` to `finish` within one tick, so that one writer serves them all. */
export const sliceWriter = new JsonWriter();
