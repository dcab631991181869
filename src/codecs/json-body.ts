import secureJson from 'secure-json-parse';

import { Problem } from '../errors/problems.ts';
import { locateJsonError, type JsonErrorLocation } from './json-error.ts';
import { firstNotUtf8 } from './utf8.ts';

/** The location in the body of an error in the text that was parsed for it. */
export type InBody = (location: JsonErrorLocation) => JsonErrorLocation;

/**
 * Parses a body's text, and says where it stops being JSON.
 *
 * @param inBody where the text is not all of the body.
 * @throws {Problem} `invalid_json`, `empty_body`, or `forbidden_key` for keys that reach into prototypes.
 */
export function parseJsonBody(text: string, inBody: InBody = (location) => location): unknown {
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch (error) {
    throw jsonProblem(text, inBody, error);
  }
}

function jsonProblem(text: string, inBody: InBody, cause: unknown): Problem {
  if (text.trim() === '') return emptyBody();
  try {
    JSON.parse(text);
  } catch {
    return unexpected(inBody(locateJsonError(text)), cause);
  }
  return new Problem('forbidden_key', 'The body has a key "__proto__" or "constructor", which no request needs.', { cause });
}

/** What to say where the body stops being JSON. */
export function unexpected({ position, line, column, found }: JsonErrorLocation, cause?: unknown): Problem {
  const hint = /^"[-+]?(?:NaN|Infinity|None|True|False)"$/.test(found) ? '; that is Python or JavaScript, not JSON' : '';
  return new Problem('invalid_json', `Unexpected ${found} at position ${position} (line ${line}, column ${column})${hint}.`, { cause });
}

/** @throws {Problem} `invalid_json`; decoding would put other characters in the place of what is wrong. */
export function requireUtf8(json: Uint8Array): void {
  const at = firstNotUtf8(json);
  if (at >= 0) throw new Problem('invalid_json', `The bytes from ${at} on are not UTF-8, which JSON has to be in.`);
}

/** What to say when nothing came where a body has to be. */
export function emptyBody(): Problem {
  return new Problem('empty_body', 'The route takes a request as body, and none came.');
}
