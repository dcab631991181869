import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';

import secureJson from 'secure-json-parse';

import type { Arena } from '../compute/arena.ts';
import { closingQuote, JsonBudget, quote } from './json-outline.ts';
import { NumberCodec } from './json-numbers/number-codec.ts';
import { PackedNumbers } from './packed-numbers.ts';

/** Shorter arrays are left to JSON.parse: so are all that are no tensor's. */
const fewestNumbers = 65;
const openBracket = 0x5b;

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
   * @throws {SyntaxError} where JSON.parse would, in other words, and for more than a request may have.
   */
  parse(text: Uint8Array): unknown {
    const at = text.byteOffset;
    const end = at + text.length;
    const { commas, isAscii } = this.#codec.lookThrough(at, end);
    if (!isAscii && !isUtf8(text)) throw new SyntaxError('not UTF-8');
    let out = this.#arena.allocate(8 * (commas + 1));
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
        const found = this.#codec.readArray(at + i, end, out);
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
