import { randomUUID } from 'node:crypto';

import type { Arena } from '../compute/engine/arena.ts';
import { pointerSegment } from '../errors/describe.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { Problem } from '../errors/problems.ts';
import { parseJsonBody, requireUtf8, unexpected, type InBody } from './json-body.ts';
import { locateJsonError, locationAt, pointerBehind } from './json-error.ts';
import { JsonBudget } from './json-outline.ts';
import { NumberCodec, type ArrayStop } from './json-numbers/number-codec.ts';
import { NumericArray } from './packed-numbers.ts';

/** Shorter arrays are left to JSON.parse: so are all that are no tensor's. */
const minNumbers = 65;
const [minus, openBracket, openBrace] = [0x2d, 0x5b, 0x7b];

/**
 * The key of the object that stands for an array in what JSON.parse gets to see. Nobody outside can know it, and an object may
 * stand wherever an array may.
 */
const standIn = randomUUID();

export interface NumbersOptions {
  /** What to make of the numbers as they lie in the arena: themselves, or a copy where it is soon used again. */
  readonly take?: (view: Float64Array) => Float64Array;
  /** Called with how many numbers there are at most, before memory is taken for them. */
  readonly reserve?: (count: number) => void;
  /** Called between steps; throws to end the reading. */
  readonly checkpoint?: () => void;
}

/** The text before a byte of the body, as JSON.parse gets to see it: the outline, and behind it the body from `copied` to `start`. */
interface TextBefore {
  readonly outline: string;
  readonly copied: number;
  readonly start: number;
}

/** An array that the codec did not read to its end, and that is left to JSON.parse. */
interface UnreadArray extends TextBefore {
  /** How many arrays and objects are open around it. */
  readonly depth: number;
  readonly stop: ArrayStop;
}

/**
 * Parses JSON as JSON.parse does, but for arrays of numbers, which it reads from the bytes straight into memory that kernels can read and
 * gives as PackedNumbers.
 */
export class JsonNumbersReader {
  readonly #arena: Arena;
  readonly #options: NumbersOptions;
  readonly #codec: NumberCodec;
  #hasPacked = false;

  /** @param arena in which the text lies, and which takes the numbers. */
  constructor(module: WebAssembly.Module, arena: Arena, options: NumbersOptions = {}) {
    this.#arena = arena;
    this.#options = options;
    this.#codec = new NumberCodec(module, arena.memory, arena.allocate(NumberCodec.bytes));
  }

  /** Whether the last text had numbers that were packed: what was parsed is what JSON.parse gives where it had none. */
  get hasPacked(): boolean {
    return this.#hasPacked;
  }

  checkpoint(): void {
    this.#options.checkpoint?.();
  }

  /** Numbers of the arena as float32, in it too. */
  round(doubles: Float64Array): Float32Array {
    const address = this.#arena.allocate(4 * doubles.length);
    this.#codec.roundDoubles(doubles.byteOffset, doubles.length, address);
    return this.#arena.floats(address, doubles.length);
  }

  /**
   * @param text bytes in the arena.
   * @throws {Problem} for what is not JSON, not UTF-8, or more than a request may have.
   */
  parse(text: Uint8Array): unknown {
    const { take = (view: Float64Array) => view, reserve } = this.#options;
    const at = text.byteOffset;
    const end = at + text.length;
    const { commas, isAscii } = this.#codec.prescan(at, end);
    if (!isAscii) requireUtf8(text);
    reserve?.(commas + 1);
    let out = this.#arena.allocate(8 * (commas + 1));
    const bytes = Buffer.from(text.buffer, at, text.length);
    const arrays: NumericArray[] = [];
    this.#hasPacked = false;
    /** Where the text continues in the outline behind each array, and in the body. */
    const seams: { readonly outline: number; readonly body: number }[] = [];
    let outline = '';
    let copied = 0;
    let unread: UnreadArray | undefined;
    const budget = new JsonBudget();
    let i = budget.count(bytes, 0, bytes.length, 0);
    while (i < bytes.length && budget.excess === undefined) {
      this.checkpoint();
      const found = this.#codec.readArray(at + i, end, out);
      const next = found.end - at;
      if ('shape' in found && found.count >= minNumbers) {
        outline += `${bytes.toString('utf8', copied, i)}{"${standIn}":${arrays.length}}`;
        arrays.push(new NumericArray(take(this.#arena.doubles(out, found.count)), found.shape));
        seams.push({ outline: outline.length, body: next });
        budget.countStandIn();
        this.#hasPacked = true;
        out += 8 * found.count;
        copied = next;
        i = budget.count(bytes, next, bytes.length, next);
      } else {
        if (unread !== undefined && budget.depth <= unread.depth) unread = undefined;
        if (!('shape' in found) && bytes[next] !== openBrace) unread ??= { outline, copied, start: i, depth: budget.depth, stop: found };
        // What the codec has looked at holds no array that it would read: JSON.parse has to.
        i = budget.count(bytes, i, bytes.length, Math.max(next, i + 1));
      }
    }
    const inBody: InBody = ({ position }) => {
      const seam = seams.findLast((one) => one.outline <= position) ?? { outline: 0, body: 0 };
      const before = bytes.toString('utf8', 0, seam.body).length;
      return locationAt(bytes.toString(), before + position - seam.outline);
    };
    if (budget.excess !== undefined) {
      const isSuspect = unread !== undefined && budget.depth > unread.depth;
      throw tooMuch(budget, bytes, isSuspect ? unread! : { outline, copied, start: i }, inBody);
    }
    outline += bytes.toString('utf8', copied);
    const parsed = parseJsonBody(outline, inBody);
    return arrays.length === 0 ? parsed : putInPlace(parsed, arrays);
  }
}

/**
 * What to say of a body that has too much for JSON.parse: that it is no JSON, or where an array stops being one that is read without it, if
 * that is why.
 */
function tooMuch(
  budget: JsonBudget,
  bytes: Buffer,
  { outline, copied, start, stop }: TextBefore & { readonly stop?: ArrayStop },
  inBody: InBody,
): Problem {
  const excess = invalidRequest([{ path: '', message: budget.excess! }]);
  if (!budget.hasTooManyValues) return excess;
  const before = outline + bytes.toString('utf8', copied, start);
  const error = locateJsonError(before);
  if (error.position < before.length) return unexpected(inBody(error));
  if (stop === undefined) return excess;
  const { end, indices, ragged } = stop;
  const root = pointerBehind(before);
  const path = root + indices.map(pointerSegment).join('');
  if (ragged !== undefined) {
    const model = root + '/0'.repeat(indices.length);
    return invalidRequest([
      { path, message: `ragged: has length ${ragged.length}, but ${model} has length ${ragged.expected}; all must have the same` },
    ]);
  }
  // The codec stops behind a sign.
  const stopped = end - bytes.byteOffset - Number(bytes[end - bytes.byteOffset - 1] === minus);
  const location = locationAt(bytes.toString('utf8', 0, stopped + 100), bytes.toString('utf8', 0, stopped).length);
  const last = lastBehindSpace(bytes, stopped);
  if (location.found === '"]"' && last === openBracket)
    return invalidRequest([{ path, message: 'is an empty array, and a tensor has no more than 65536 rows of none' }]);
  if (!isDigit(last) && !valueStart.test(location.found)) return unexpected(location);
  return invalidRequest([
    { path, message: `must be a finite number within float32's range, in an array as long as those beside it, found ${location.found}` },
  ]);
}

/** What an error's location says of what may begin a value. */
const valueStart = /^"(?:true|false|null|[-[{\d]|\\")"$/;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

function lastBehindSpace(bytes: Buffer, end: number): number | undefined {
  let i = end - 1;
  while (i > 0 && bytes[i]! <= 0x20) i--;
  return bytes[i];
}

/** Replaces every object that stands for an array, without recursion: a body may be nested deeply. */
function putInPlace(parsed: unknown, arrays: readonly NumericArray[]): unknown {
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
