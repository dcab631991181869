import secureJson from 'secure-json-parse';

import { Problem } from '../errors/problems.ts';
import { locateJsonError } from './json-error.ts';

/**
 * Parses a body's text, and says where it stops being JSON.
 *
 * @throws {Problem} `invalid_json`, `empty_body`, or `forbidden_key` for keys that reach into prototypes.
 */
export function parseJsonBody(text: string): unknown {
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' }) as unknown;
  } catch (error) {
    throw jsonProblem(text, error);
  }
}

function jsonProblem(text: string, cause: unknown): Problem {
  if (text.trim() === '') return emptyBody();
  try {
    JSON.parse(text);
  } catch {
    const { position, line, column, found } = locateJsonError(text);
    const hint = /^"[-+]?(?:NaN|Infinity|None|True|False)"$/.test(found) ? '; that is Python or JavaScript, not JSON' : '';
    return new Problem('invalid_json', `Unexpected ${found} at position ${position} (line ${line}, column ${column})${hint}.`, { cause });
  }
  return new Problem('forbidden_key', 'The body has a key "__proto__" or "constructor", which no request needs.', { cause });
}

/** What to say when nothing came where a body has to be. */
export function emptyBody(): Problem {
  return new Problem('empty_body', 'The route takes a request as body, and none came.');
}
