import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

import { Cache, memoize } from '../../compute/cache.ts';
import { float32Text } from './float-text.ts';
import { boundsCheckBytes, layout, outcomes, writeTables } from './layout.ts';

/** A nested array of numbers that was read. */
export interface ReadArray {
  /** Address behind its last bracket. */
  readonly end: number;
  /** How many numbers it has. */
  readonly count: number;
  readonly shape: readonly number[];
}

/** Where an array stops being a nested, rectangular one of numbers that float32 can hold. */
export interface ArrayStop {
  /** Address up to which it was read. */
  readonly end: number;
  /** The index of the element at each depth. */
  readonly indices: readonly number[];
  /** Where a row is not as long as those before it: its length, and theirs. */
  readonly ragged?: { readonly length: number; readonly expected: number };
}

interface CodecExports extends Readonly<Record<string, unknown>> {
  readArray(at: number, end: number, out: number): number;
  prescan(at: number, end: number): number;
  roundDoubles(from: number, end: number, to: number): void;
  allBelow32(at: number, end: number, bound: number): number;
  allBelow64(at: number, end: number, bound: number): number;
  writeFloat32s(values: number, count: number, out: number): number;
  writeInt32s(values: number, count: number, out: number): number;
  writeUint8s(values: number, count: number, out: number): number;
}

interface CodecImports {
  readonly memory: WebAssembly.Memory;
  readonly base: number;
  /** Reads the number whose text begins and ends at two addresses. */
  readonly number: (start: number, end: number) => number;
  /** Writes the text of a float32's bits to an address, and gives the address behind it. */
  readonly print: (bits: number, out: number) => number;
}

/** Threads inherit the module by this key from the one that has started them. */
const environmentKey = 'json-numbers';

/** Compiles the codec, once for a process and all threads that it starts later: to be awaited before the first codec is made. */
export async function compileNumberCodec(): Promise<void> {
  if (codecModule() !== undefined) return;
  // Threads need neither the assembler nor the text.
  const { compileCodec } = await import('./compile.ts');
  setEnvironmentData(environmentKey, await compileCodec());
}

function codecModule(): WebAssembly.Module | undefined {
  return getEnvironmentData(environmentKey);
}

function instantiate(env: CodecImports): CodecExports {
  const module = codecModule();
  if (module === undefined) throw new Error('compileNumberCodec() has to be awaited first');
  return new WebAssembly.Instance(module, { env }).exports as CodecExports;
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
  readonly #exports: CodecExports;

  /**
   * @param memory shared, and large enough for the codec's bytes from `base` on.
   * @param base a multiple of 64; the bytes from there on belong to the codec.
   */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.#memory = memory;
    this.#base = base;
    writeTables(memory, base);
    this.#exports = instantiate({
      memory,
      base,
      number: (start, end) => this.#numberAt(start >>> 0, end >>> 0),
      print: (bits, out) => this.#print(bits, out >>> 0),
    });
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
  readArray(at: number, end: number, out: number): ReadArray | ArrayStop {
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
   * Writes float32 as the shortest decimals that read back the same, as `float32Text` does, each with a comma behind it.
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
    const text = searchedText(bits);
    new Uint8Array(this.#memory.buffer).set(text, out);
    return out + text.length;
  }
}

/** The words of a table for depths from 1 on. */
function byDepth(state: DataView, at: number, depth: number): number[] {
  return Array.from({ length: depth }, (_, i) => state.getInt32(at + 4 * (i + 1), true));
}

// Powers of two and subnormals come again and again, in data that has them, and a search takes microseconds.
const searchedTexts = new Cache<number, Uint8Array>(4096);
const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The text of a positive float32 that takes a search. */
function searchedText(bits: number): Uint8Array {
  return searchedTexts.get(bits, () => {
    word[0] = bits;
    return Buffer.from(float32Text(float[0]!));
  });
}

/** Fewer numbers are checked in less time than a call takes to prepare. */
const minCheckedNumbers = 1024;
const none = () => 0;
// The check needs neither state nor tables.
const checkIn = memoize((memory: WebAssembly.Memory) => instantiate({ memory, base: 0, number: none, print: none }));

/**
 * Length of the prefix of an array in a memory whose magnitudes are known to be below a bound, as NaN's never is: the whole scanned block,
 * or 0.
 */
export function countBelow(values: Float32Array | Float64Array, memory: WebAssembly.Memory, bound: number): number {
  if (values.length < minCheckedNumbers) return 0;
  const functions = checkIn(memory);
  const { byteOffset, byteLength, BYTES_PER_ELEMENT } = values;
  const bytes = byteLength - (byteLength % boundsCheckBytes);
  const end = byteOffset + bytes;
  const areBelow =
    values instanceof Float32Array
      ? functions.allBelow32(byteOffset, end, Math.fround(bound))
      : functions.allBelow64(byteOffset, end, bound);
  return areBelow === 1 ? bytes / BYTES_PER_ELEMENT : 0;
}
