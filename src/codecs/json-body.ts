import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';

import { Problem } from '../errors/problems.ts';
import { locateJsonError, type JsonErrorLocation } from './json-error.ts';

/** Maps the location of an error in the text that was parsed to its location in the body. */
export type ToBodyLocation = (location: JsonErrorLocation) => JsonErrorLocation;

/**
 * Parses a body's text, and says where it stops being JSON.
 *
 * @param toBodyLocation where the text is not all of the body.
 * @throws {Problem} `invalid_json`, `empty_body`, or `forbidden_key` for keys that reach into prototypes.
 */
export function parseJsonBody(text: string, toBodyLocation: ToBodyLocation = (location) => location): unknown {
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch (cause) {
    if (text.trim() === '') throw emptyBody();
    if (isJson(text))
      throw new Problem('forbidden_key', 'The body has a key "__proto__" or "constructor", which no request needs.', { cause });
    throw unexpectedToken(toBodyLocation(locateJsonError(text)), cause);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What to say where the body stops being JSON. */
export function unexpectedToken({ position, line, column, found }: JsonErrorLocation, cause?: unknown): Problem {
  const hint = /^"[-+]?(?:NaN|Infinity|None|True|False)"$/.test(found) ? '; that is Python or JavaScript, not JSON' : '';
  return new Problem('invalid_json', `Unexpected ${found} at position ${position} (line ${line}, column ${column})${hint}.`, { cause });
}

/** What to say when nothing came where a body has to be. */
export function emptyBody(): Problem {
  return new Problem('empty_body', 'The route needs a request body, and none came.');
}

/** @throws {Problem} `invalid_json`; decoding would put other characters in the place of what is wrong. */
export function requireUtf8(json: Uint8Array): void {
  const at = firstNotUtf8(json);
  if (at >= 0) throw new Problem('invalid_json', `The bytes from ${at} on are not UTF-8, as JSON must be.`);
}

/**
 * The offset of the first bytes that are no UTF-8 character; -1 when all are.
 *
 * @example
 * firstNotUtf8(Uint8Array.of(0x61, 0xff)); // 1
 */
export function firstNotUtf8(bytes: Uint8Array): number {
  if (isUtf8(bytes)) return -1;
  let good = 0;
  let bad = bytes.length;
  for (;;) {
    const middle = characterStart(bytes, good, bad);
    if (middle === good) return good + firstCharacterLength(bytes.subarray(good, bad));
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
}

/** Where a character starts near the middle of a range; the range's start when nowhere else. */
function characterStart(bytes: Uint8Array, from: number, to: number): number {
  const middle = from + ((to - from) >> 1);
  let after = middle;
  while (after < to && isContinuation(bytes[after]!)) after++;
  if (after < to && after > from) return after;
  let before = middle;
  while (before > from && isContinuation(bytes[before]!)) before--;
  return before;
}

/** How many bytes at the start of a few are one character. */
function firstCharacterLength(bytes: Uint8Array): number {
  return [4, 3, 2, 1].find((length) => length <= bytes.length && isUtf8(bytes.subarray(0, length))) ?? 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
