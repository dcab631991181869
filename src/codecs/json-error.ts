/** Where a text stops being JSON, and what stands there. */
export interface JsonErrorLocation {
  /** In UTF-16 code units from the start, as V8 counts. */
  readonly position: number;
  readonly line: number;
  readonly column: number;
  /** What was found: a word, a character, or the end of the text. */
  readonly found: string;
}

/** One token of JSON, white space before it included. */
const token = /[ \t\n\r]*(?:[{}[\]:,]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const word = /[ \t\n\r]*([-+]?[A-Za-z_]\w*|.)?/suy;

/**
 * Finds the first token that cannot stand where it does. JSON.parse is quick but says where it failed only in some cases and in
 * words that change between versions, so this runs after it failed.
 *
 * @example
 * locateJsonError('{"x": NaN}'); // { position: 6, line: 1, column: 7, found: 'NaN' }
 */
export function locateJsonError(text: string): JsonErrorLocation {
  const open: ('{' | '[')[] = [];
  // What may come next: the start of a value, a key, the colon behind it, or what follows a value.
  let expected: 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'next' = 'value';
  let at = 0;
  for (;;) {
    token.lastIndex = at;
    const found = token.exec(text)?.[0].trimStart();
    if (found === undefined) return locationAt(text, at);
    const kind = found[0]!;
    const isValue = !'{}[]:,'.includes(kind);
    const container = open.at(-1);
    if (kind === '}' && container === '{' && (expected === 'first key' || expected === 'next')) {
      open.pop();
      expected = 'next';
    } else if (kind === ']' && container === '[' && (expected === 'first value' || expected === 'next')) {
      open.pop();
      expected = 'next';
    } else if ((kind === '{' || kind === '[') && (expected === 'value' || expected === 'first value')) {
      open.push(kind);
      expected = kind === '{' ? 'first key' : 'first value';
    } else if (isValue && (expected === 'value' || expected === 'first value')) {
      expected = 'next';
    } else if (kind === '"' && (expected === 'key' || expected === 'first key')) {
      expected = 'colon';
    } else if (kind === ':' && expected === 'colon') {
      expected = 'value';
    } else if (kind === ',' && expected === 'next' && container !== undefined) {
      expected = container === '{' ? 'key' : 'value';
    } else {
      return locationAt(text, at);
    }
    at = token.lastIndex;
  }
}

/** Describes what stands at an offset, behind white space. */
function locationAt(text: string, offset: number): JsonErrorLocation {
  word.lastIndex = offset;
  const match = word.exec(text);
  const found = match?.[1];
  const position = match === null ? offset : offset + match[0].length - (found?.length ?? 0);
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  return {
    position,
    line,
    column: position - before.lastIndexOf('\n'),
    found: found === undefined ? 'the end of the text' : JSON.stringify(found.slice(0, 40)),
  };
}
