import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';

import secureJson from 'secure-json-parse';

import type { Arena } from '../compute/arena.ts';
import { closingQuote, JsonBudget, quote } from './json-outline.ts';
import { joinParts, NumberCodec, type PackedArray } from './json-numbers/number-codec.ts';
import { PackedNumbers } from './packed-numbers.ts';
import type { SecondReader } from './text-halves.ts';

/** Shorter arrays are left to JSON.parse: so are all that are no tensor's. */
const fewestNumbers = 65;
const openBracket = 0x5b;
/** An array that has no string within so many bytes is long. */
const longBytes = 4096;
const mostBrackets = 256;

/**
 * The key of the object that stands for an array in what JSON.parse gets to see. Nobody outside can know it, and an object may
 * stand wherever an array may.
 */
const standIn = randomUUID();

/**
 * Parses JSON as JSON.parse does, but for arrays of numbers, which it reads from the bytes straight into memory that kernels can read and
 * gives as PackedNumbers.
 */
export class JsonNumbersReader {
  readonly #arena: Arena;
  readonly #codec: NumberCodec;
  readonly #take: (view: Float64Array) => Float64Array;

  /**
   * @param arena in which the text lies, and which takes the numbers.
   * @param take what to make of the numbers as they lie in the arena: themselves, or a copy where it is soon used again.
   */
  constructor(module: WebAssembly.Module, arena: Arena, take: (view: Float64Array) => Float64Array = (view) => view) {
    this.#arena = arena;
    this.#take = take;
    this.#codec = new NumberCodec(module, arena.memory, arena.allocate(NumberCodec.bytes));
  }

  /** Numbers of the arena as float32, in it too. */
  round(doubles: Float64Array): Float32Array {
    const address = this.#arena.allocate(4 * doubles.length);
    this.#codec.roundDoubles(doubles.byteOffset, doubles.length, address);
    return this.#arena.floats(address, doubles.length);
  }

  /**
   * @param text bytes in the arena.
   * @param other may read what is behind its cut at the same time.
   * @throws {SyntaxError} where JSON.parse would, in other words, and for more than a request may have.
   * @throws {Error} when the other is lost.
   */
  parse(text: Uint8Array, other?: SecondReader): unknown {
    const at = text.byteOffset;
    const end = at + text.length;
    const middle = at + (other?.cut ?? text.length);
    const first = this.#codec.lookThrough(at, middle);
    const others = other?.secondLook();
    const second = others ?? this.#codec.lookThrough(middle, end);
    if (!(first.isAscii && second.isAscii) && !isUtf8(text)) throw new SyntaxError('not UTF-8');
    let out = this.#arena.allocate(8 * (first.commas + second.commas + 1));
    const numbersBefore = (address: number) => first.commas - this.#codec.lookThrough(at, address).commas;
    const half = other !== undefined && others !== undefined ? { reader: other, middle, numbersBefore } : undefined;
    const bytes = Buffer.from(text.buffer, at, text.length);
    const arrays: PackedNumbers[] = [];
    let outline = '';
    let copied = 0;
    const budget = new JsonBudget();
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i]!;
      // The brackets of arrays that the codec looks at are not all counted: this is what JSON.parse can be given, and no exact measure.
      if (!budget.take(byte)) throw new SyntaxError(budget.message);
      if (byte === quote) {
        i = closingQuote(bytes, i);
      } else if (byte === openBracket) {
        const found = this.#readArray(bytes, i, out, half);
        if (typeof found === 'number') {
          // What it has looked at holds no array of numbers from here on, but may hold strings' quotes: go on behind it.
          i = Math.max(found - at - 1, i);
        } else if (found.count < fewestNumbers) {
          i = found.end - at - 1;
        } else {
          outline += `${bytes.toString('utf8', copied, i)}{"${standIn}":${arrays.length}}`;
          arrays.push(new PackedNumbers(this.#take(this.#arena.doubles(out, found.count)), found.shape));
          out += 8 * found.count;
          copied = found.end - at;
          i = copied - 1;
        }
      }
    }
    outline += bytes.toString('utf8', copied);
    const parsed = secureJson.parse(outline, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
    return arrays.length === 0 ? parsed : putInPlace(parsed, arrays);
  }

  /** Reads the array that begins at a byte of the text, a long one together with the thread that has the second half. */
  #readArray(bytes: Buffer, i: number, out: number, half: OtherHalf | undefined): PackedArray | number {
    const [start, end] = [bytes.byteOffset + i, bytes.byteOffset + bytes.length];
    const depth = half !== undefined && start < half.middle ? depthOfLong(bytes, i) : undefined;
    if (half === undefined || depth === undefined || !half.reader.ask(out + 8 * half.numbersBefore(start), depth)) {
      return this.#codec.readArray(start, end, out);
    }
    const first = this.#codec.readUpTo(start, end, out, half.middle);
    const second = half.reader.awaitAnswer();
    if (typeof first === 'number' || 'shape' in first) return first;
    return (second && joinParts(first, second)) ?? first.end;
  }
}

interface OtherHalf {
  readonly reader: SecondReader;
  /** Where the second half begins. */
  readonly middle: number;
  /** Numbers from an address in the first half on, where it is an array up to the middle. */
  numbersBefore(address: number): number;
}

/** How deep the numbers of an array lie that is long, by its beginning; undefined where it is short, or none of numbers. */
function depthOfLong(bytes: Buffer, i: number): number | undefined {
  const beginning = bytes.subarray(i, i + longBytes);
  if (beginning.length < longBytes || beginning.includes(quote)) return undefined;
  const brackets = /^\[[[ \t\r\n]*(?=[-0-9])/.exec(beginning.toString('latin1', 0, mostBrackets));
  return brackets === null ? undefined : brackets[0].replace(/[^[]/g, '').length;
}

/** Replaces every object that stands for an array, without recursion: a body may be nested deeply. */
function putInPlace(parsed: unknown, arrays: readonly PackedNumbers[]): unknown {
  const root = { parsed };
  const waiting: object[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const key in node) {
      const child = (node as Record<string, unknown>)[key];
      if (typeof child !== 'object' || child === null) continue;
      const index = (child as Record<string, unknown>)[standIn];
      if (index === undefined) waiting.push(child);
      else (node as Record<string, unknown>)[key] = arrays[index as number];
    }
  }
  return root.parsed;
}
