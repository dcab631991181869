/** More than any request needs: a tensor has at most 64 dimensions. */
const deepest = 100;
/** More than any request needs: a thousand surrogates with all their parameters have half as many. */
const mostMembers = 20_000;

/** What a request's JSON may have of what costs JSON.parse many times its bytes: nested brackets, objects and strings. */
export class JsonBudget {
  #depth = 0;
  #members = 0;

  /** Counts one byte outside of strings, or a string by the quote that opens it; whether there is still no more than a request may have. */
  take(byte: number): boolean {
    if (byte === openBrace) {
      this.#depth++;
      this.#members++;
    } else if (byte === openBracket) {
      this.#depth++;
    } else if (byte === closeBrace || byte === closeBracket) {
      this.#depth--;
    } else if (byte === quote) {
      this.#members++;
    }
    return this.#depth <= deepest && this.#members <= mostMembers;
  }

  /** What there was too much of. */
  get message(): string {
    if (this.#depth > deepest) return `is nested more than ${deepest} levels deep; a tensor has at most 64 dimensions`;
    return `has more than ${mostMembers} objects, keys and strings; no request needs as many`;
  }
}

/** What a request's JSON has too much of, if anything. */
export function jsonExcess(json: Uint8Array): string | undefined {
  const budget = new JsonBudget();
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]!;
    if (counts[byte] === 0) continue;
    if (!budget.take(byte)) return budget.message;
    if (byte === quote) i = closingQuote(json, i);
  }
  return undefined;
}

export const backslash = 0x5c;
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
export const quote = 0x22;
/** Whether a byte outside of strings counts: most of a body does not. */
const counts = Uint8Array.from({ length: 256 }, (_, byte) => Number([quote, openBracket, closeBracket, openBrace, closeBrace].includes(byte)));

/** Where the string that opens at `i` closes, or the end of the text. */
export function closingQuote(json: Uint8Array, i: number): number {
  for (;;) {
    i = json.indexOf(quote, i + 1);
    if (i < 0) return json.length;
    let before = i - 1;
    while (json[before] === backslash) before--;
    if ((i - before) % 2 === 1) return i;
  }
}
