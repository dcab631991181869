import { randomUUID } from 'node:crypto';

import { Arena } from '../compute/engine/arena.ts';
import { pointerSegment } from '../errors/describe.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { Problem } from '../errors/problems.ts';
import { parseJsonBody, requireUtf8, unexpectedToken, type ToBodyLocation } from './json-body.ts';
import { JsonBudget } from './json-budget.ts';
import { locateJsonError, locationAt, pointerBehind } from './json-error.ts';
import { NumberCodec, type ArrayStop } from './json-numbers/index.ts';
import { NumericArray } from './request-tensors.ts';

/** Shorter arrays are left to JSON.parse: so are all that are no tensor's. */
const minNumbers = 65;
const [minus, openBracket, openBrace] = [0x2d, 0x5b, 0x7b];

/** The key of the object that stands in for an array in what JSON.parse sees. Nobody outside can know it. */
const standIn = randomUUID();

export interface JsonReaderOptions {
  /** Makes an array's values of the numbers in the arena: themselves unless given, or a copy where the memory is soon used again. */
  readonly take?: (view: Float64Array) => Float64Array;
  /** Called with how many numbers there are at most, before memory is taken for them. */
  readonly reserve?: (count: number) => void;
  /** Called between steps; throws to end the reading. */
  readonly checkpoint?: () => void;
}

/** An array that the codec did not read to its end, and that is left to JSON.parse. */
interface UnreadArray {
  /** The outline before the array. */
  readonly before: () => string;
  /** How many arrays and objects are open around it. */
  readonly depth: number;
  readonly stop: ArrayStop;
}

/**
 * Parses JSON as JSON.parse does, but for arrays of numbers, which it reads from the bytes straight into memory that kernels can read and
 * gives as NumericArrays.
 */
export class JsonReader {
  readonly #arena: Arena;
  readonly #options: JsonReaderOptions;
  readonly #codec: NumberCodec;
  #foundNumericArrays = false;

  /** @param arena in which the text lies, and which takes the numbers. */
  constructor(arena: Arena, options: JsonReaderOptions = {}) {
    this.#arena = arena;
    this.#options = options;
    this.#codec = new NumberCodec(arena.memory, arena.allocate(NumberCodec.bytes));
  }

  /** Whether the last text had arrays that were read by the codec; without any, what was parsed is what JSON.parse gives. */
  get foundNumericArrays(): boolean {
    return this.#foundNumericArrays;
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
    const outline = new Outline(bytes);
    const budget = new JsonBudget();
    let unread: UnreadArray | undefined;
    let i = budget.count(bytes, 0, bytes.length, 0);
    while (i < bytes.length && budget.excess === undefined) {
      this.checkpoint();
      const found = this.#codec.readArray(at + i, end, out);
      const next = found.end - at;
      if ('shape' in found && found.count >= minNumbers) {
        outline.replace(i, next, new NumericArray(take(this.#arena.doubles(out, found.count)), found.shape));
        budget.countStandIn();
        out += 8 * found.count;
        i = budget.count(bytes, next, bytes.length, next);
      } else {
        if (unread !== undefined && budget.depth <= unread.depth) unread = undefined;
        if (!('shape' in found) && bytes[next] !== openBrace) unread ??= { before: outline.before(i), depth: budget.depth, stop: found };
        // The codec reads no array of what it has passed over: JSON.parse has to.
        i = budget.count(bytes, i, bytes.length, Math.max(next, i + 1));
      }
    }
    this.#foundNumericArrays = outline.arrays.length > 0;
    if (budget.excess !== undefined) {
      const suspect = unread !== undefined && budget.depth > unread.depth ? unread : { before: outline.before(i) };
      throw excessProblem(budget, budget.excess, bytes, suspect, outline.toBodyLocation);
    }
    return outline.parse();
  }
}

/** Reads JSON from anywhere, in memory of its own that is used again each time. */
export class InlineJsonReader {
  readonly #arena = new Arena();
  readonly #reader = new JsonReader(this.#arena, { take: (view) => view.slice() });
  readonly #start = this.#arena.mark();

  get foundNumericArrays(): boolean {
    return this.#reader.foundNumericArrays;
  }

  /** @throws {Problem} for what is not JSON, not UTF-8, or more than a request may have. */
  parse(json: Uint8Array): unknown {
    this.#arena.release(this.#start);
    const address = this.#arena.allocate(json.length);
    this.#arena.setBytes(address, json);
    return this.#reader.parse(this.#arena.bytes(address, json.length));
  }
}

/** The text that JSON.parse sees: a body's, with an object in the place of each array that the codec has read. */
class Outline {
  readonly arrays: NumericArray[] = [];
  readonly #bytes: Buffer;
  #text = '';
  /** Up to where the body is in the text. */
  #copied = 0;
  /** Where the text goes on behind each array, and where the body does. */
  readonly #seams: { readonly outline: number; readonly body: number }[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  replace(start: number, end: number, array: NumericArray): void {
    this.#text += `${this.#bytes.toString('utf8', this.#copied, start)}{"${standIn}":${this.arrays.length}}`;
    this.#copied = end;
    this.arrays.push(array);
    this.#seams.push({ outline: this.#text.length, body: end });
  }

  /** Makes the text before a byte of the body, which is behind all arrays that were replaced so far. */
  before(start: number): () => string {
    const [text, copied] = [this.#text, this.#copied];
    return () => text + this.#bytes.toString('utf8', copied, start);
  }

  readonly toBodyLocation: ToBodyLocation = ({ position }) => {
    const seam = this.#seams.findLast(({ outline }) => outline <= position) ?? { outline: 0, body: 0 };
    const before = this.#bytes.toString('utf8', 0, seam.body).length;
    return locationAt(this.#bytes.toString(), before + position - seam.outline);
  };

  /** @throws {Problem} for what is not JSON. */
  parse(): unknown {
    const parsed = parseJsonBody(this.before(this.#bytes.length)(), this.toBodyLocation);
    return this.arrays.length === 0 ? parsed : putInPlace(parsed, this.arrays);
  }
}

/** Replaces every object that stands in for an array, without recursion: a body may be nested deeply. */
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

/**
 * What to say of a body that has too much for JSON.parse: that it is no JSON, or where an array stops being one that the codec reads, if
 * that is why.
 */
function excessProblem(
  budget: JsonBudget,
  message: string,
  bytes: Buffer,
  { before, stop }: Pick<UnreadArray, 'before'> & Partial<UnreadArray>,
  toBodyLocation: ToBodyLocation,
): Problem {
  const excess = invalidRequest([{ path: '', message }]);
  if (!budget.hasTooManyValues) return excess;
  const text = before();
  const error = locateJsonError(text);
  if (error.position < text.length) return unexpectedToken(toBodyLocation(error));
  return stop === undefined ? excess : stopProblem(stop, bytes, pointerBehind(text));
}

/** What to say of an array that is too long for JSON.parse, and that the codec does not read to its end. */
function stopProblem({ end, indices, ragged }: ArrayStop, bytes: Buffer, root: string): Problem {
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
  if (!isDigit(last) && !valueStart.test(location.found)) return unexpectedToken(location);
  return invalidRequest([
    { path, message: `must be a finite number within float32's range, in an array as long as those beside it, found ${location.found}` },
  ]);
}

/** The `found` of a location at which a value may begin. */
const valueStart = /^"(?:true|false|null|[-[{\d]|\\")"$/;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

function lastBehindSpace(bytes: Buffer, end: number): number | undefined {
  let i = end - 1;
  while (i > 0 && bytes[i]! <= 0x20) i--;
  return bytes[i];
}
