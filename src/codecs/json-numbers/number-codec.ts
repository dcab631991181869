import { writeFloat32 } from '../float32-text.ts';
import { layout, outcomes } from './layout.ts';
import { writeTables } from './tables.ts';

/** A nested array of numbers that was read. */
export interface PackedArray {
  /** Address behind its last bracket. */
  readonly end: number;
  /** How many numbers it has. */
  readonly count: number;
  readonly shape: readonly number[];
}

/** Where an array stops being a nested, rectangular one of numbers that float32 can hold. */
export interface ArrayStop {
  /** Address up to which it was looked at. */
  readonly end: number;
  /** The index of the element at each depth. */
  readonly indices: readonly number[];
  /** Where a row is not as long as those before it: its length, and theirs. */
  readonly ragged?: { readonly length: number; readonly expected: number };
}

interface Exports {
  readArray(at: number, end: number, out: number): number;
  prescan(at: number, end: number): number;
  roundDoubles(from: number, end: number, to: number): void;
  writeFloat32s(values: number, count: number, out: number): number;
  writeInt32s(values: number, count: number, out: number): number;
  writeUint8s(values: number, count: number, out: number): number;
}

/**
 * Reads and writes the numbers of JSON where they lie in a memory: text to float64 and float32 to text, both correctly rounded. Addresses
 * are bytes from the start of the memory, at any alignment.
 */
export class NumberCodec {
  /** Bytes that a codec needs for its state and its tables. */
  static readonly bytes = layout.bytes;
  /** Bytes behind a text that must be part of the memory, whatever they hold. */
  static readonly slack = 64;
  /** Bytes that any number and the comma behind it may need. */
  static readonly maxNumberLength = 24;

  readonly #memory: WebAssembly.Memory;
  readonly #base: number;
  readonly #exports: Exports;

  /**
   * @param module made by `compileNumberCodec`.
   * @param memory shared, and large enough for the codec's bytes from `base` on.
   * @param base a multiple of 64; the bytes from there on belong to the codec.
   */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#base = base;
    writeTables(memory, base);
    const env = {
      memory,
      base,
      number: (start: number, end: number) => this.#numberAt(start >>> 0, end >>> 0),
      print: (bits: number, out: number) => this.#print(bits, out >>> 0),
    };
    this.#exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
  }

  /** How many commas are in the bytes [at, end), than which a text has at most one number more, and whether all bytes are ASCII. */
  prescan(at: number, end: number): { readonly commas: number; readonly isAscii: boolean } {
    const found = this.#exports.prescan(at, end);
    return found < 0 ? { commas: ~found, isAscii: false } : { commas: found, isAscii: true };
  }

  /**
   * Reads the array of numbers, nested and rectangular, whose bracket stands at `at`, as float64.
   *
   * @param end of the text; `slack` bytes behind it must be there.
   * @param out where the numbers go, in order: room for one more than the text has commas.
   * @returns the array; or, where it is ragged, empty, deeper than 64, holds anything but numbers that float32 can hold, or is no JSON,
   * where that is: an ordinary parser has to see to it.
   */
  readArray(at: number, end: number, out: number): PackedArray | ArrayStop {
    const stopped = this.#exports.readArray(at, end, out) >>> 0;
    const state = new DataView(this.#memory.buffer, this.#base, layout.exactPowers);
    const depth = state.getInt32(layout.depth, true);
    if (state.getInt32(layout.outcome, true) === outcomes.read) {
      return { end: stopped, count: state.getInt32(layout.count, true), shape: byDepth(state, layout.lengths, depth) };
    }
    const indices = byDepth(state, layout.counts, depth);
    const length = state.getInt32(layout.ragged, true);
    if (length === 0) return { end: stopped, indices };
    return { end: stopped, indices: indices.slice(0, -1), ragged: { length, expected: state.getInt32(layout.lengths + 4 * depth, true) } };
  }

  /** Writes float64 as float32, rounded to nearest. */
  roundDoubles(values: number, count: number, out: number): void {
    this.#exports.roundDoubles(values, values + 8 * count, out);
  }

  /**
   * Writes float32 as the shortest decimals that read back the same, as `writeFloat32` does, each with a comma behind it.
   *
   * @param out room for `maxNumberLength` bytes a number, and `slack` more.
   * @returns the address behind the last comma; or -1 - i when number i is not finite.
   */
  writeFloat32s(values: number, count: number, out: number): number {
    const end = this.#exports.writeFloat32s(values, count, out) >>> 0;
    if (end !== 0) return end;
    const failedAt = new DataView(this.#memory.buffer).getUint32(this.#base + layout.failedAt, true);
    return -1 - (failedAt - values) / 4;
  }

  /** Writes int32 of at least 0, each with a comma behind it; room for 11 bytes a number, and 8 more. Returns the address behind. */
  writeInt32s(values: number, count: number, out: number): number {
    return this.#exports.writeInt32s(values, count, out) >>> 0;
  }

  /** Writes bytes as numbers, each with a comma behind it; room for 4 bytes a number, and 8 more. Returns the address behind. */
  writeUint8s(values: number, count: number, out: number): number {
    return this.#exports.writeUint8s(values, count, out) >>> 0;
  }

  /** A number that the algorithm could not decide, without its sign. */
  #numberAt(start: number, end: number): number {
    return Number(Buffer.from(this.#memory.buffer, start, end - start).toString('latin1'));
  }

  #print(bits: number, out: number): number {
    const text = hardText(bits);
    new Uint8Array(this.#memory.buffer).set(text, out);
    return out + text.length;
  }
}

/** The words of a table for depths from 1 on. */
function byDepth(state: DataView, at: number, depth: number): number[] {
  return Array.from({ length: depth }, (_, i) => state.getInt32(at + 4 * (i + 1), true));
}

// Powers of two and subnormals come again and again, in data that has them, and a search takes a microsecond.
const hardTexts = new Map<number, Uint8Array>();
const maxHardTexts = 4096;
const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The text of a positive float32 that takes a search. */
function hardText(bits: number): Uint8Array {
  const known = hardTexts.get(bits);
  if (known !== undefined) return known;
  const text = new Uint8Array(24);
  word[0] = bits;
  const written = text.subarray(0, writeFloat32(text, 0, float[0]!));
  if (hardTexts.size === maxHardTexts) hardTexts.clear();
  hardTexts.set(bits, written);
  return written;
}
