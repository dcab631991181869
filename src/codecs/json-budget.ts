/** More than any request needs: a tensor has at most 64 dimensions. */
const maxDepth = 100;
/** More than any request needs: a thousand surrogates with all their parameters have half as many. */
const maxMembers = 20_000;
/** Arrays and values for JSON.parse to make, each of which takes it up to 64 bytes: 32 MiB. Rectangular arrays of numbers are read without it. */
const maxValues = 500_000;

const backslash = 0x5c;
const quote = 0x22;
const kinds = { other: 0, comma: 1, quote: 2, openBracket: 3, openBrace: 4, close: 5 } as const;
const kindOf = new Uint8Array(256);
for (const [characters, kind] of [
  [',', kinds.comma],
  ['"', kinds.quote],
  ['[', kinds.openBracket],
  ['{', kinds.openBrace],
  [']}', kinds.close],
] as const) {
  for (const character of characters) kindOf[character.charCodeAt(0)] = kind;
}

/** Counts what costs JSON.parse many times its bytes, before it parses anything. */
export class JsonBudget {
  #depth = 0;
  #members = 0;
  #values = 0;

  /** How many arrays and objects are open. */
  get depth(): number {
    return this.#depth;
  }

  /** A message that says what there is too much of, if anything. */
  get excess(): string | undefined {
    if (this.#depth > maxDepth) return `is nested more than ${maxDepth} levels deep; a tensor has at most 64 dimensions`;
    if (this.#members > maxMembers) return `has more than ${maxMembers} objects, keys and strings; no request needs as many`;
    if (this.#values > maxValues)
      return `has more than ${maxValues} values that belong to no rectangular array of numbers; no request needs as many`;
    return undefined;
  }

  /**
   * Counts the bytes [from, to), which begin and end outside of strings, until there is too much of something.
   *
   * @param arraysFrom counting stops at an array that opens here or later.
   * @returns where counting has stopped.
   */
  count(json: Uint8Array, from: number, to: number, arraysFrom = to): number {
    for (let i = from; i < to; i++) {
      const kind = kindOf[json[i]!]!;
      if (kind === kinds.other) continue;
      if (kind === kinds.openBracket && i >= arraysFrom) return i;
      if (kind === kinds.close) {
        this.#depth--;
        continue;
      }
      if (kind === kinds.quote) {
        this.#members++;
        i = closingQuote(json, i);
      } else {
        this.#values++;
        if (kind !== kinds.comma) this.#depth++;
        if (kind === kinds.openBrace) this.#members++;
      }
      if (this.#depth > maxDepth || this.#members > maxMembers || this.#values > maxValues) return i;
    }
    return to;
  }

  /** Whether there are too many values. */
  get hasTooManyValues(): boolean {
    return this.#values > maxValues;
  }

  /** Counts what stands in for an array that JSON.parse does not see: a view, its shape, and the object in its place take half a kilobyte. */
  countStandIn(): void {
    this.#values += 8;
  }
}

/** A message that says what a request's JSON has too much of, if anything. */
export function jsonExcess(json: Uint8Array): string | undefined {
  // A short text has too much of nothing but brackets.
  if (json.length <= maxMembers && hasFewBrackets(json)) return undefined;
  const budget = new JsonBudget();
  budget.count(json, 0, json.length);
  return budget.excess;
}

/** Whether at most `maxDepth` arrays and objects open, or what looks like it in strings. */
function hasFewBrackets(json: Uint8Array): boolean {
  let opened = 0;
  // `[` and `{` differ in this bit alone.
  for (const byte of json) if ((byte | 0x20) === 0x7b) opened++;
  return opened <= maxDepth;
}

/** Where the string that opens at `i` closes, or the end of the text. */
function closingQuote(json: Uint8Array, i: number): number {
  const end = json.indexOf(quote, i + 1);
  if (end < 0) return json.length;
  if (json[end - 1] !== backslash) return end;
  // A string with an escaped quote may have millions, and each call of indexOf costs as much as many bytes.
  for (i++; i < json.length && json[i] !== quote; i++) {
    if (json[i] === backslash) i++;
  }
  return i;
}
