import { pointerSegment } from '../errors/describe.ts';

/** Where a text stops being JSON, and what was found there. */
export interface JsonErrorLocation {
  /** UTF-16 code units from the start, as V8 counts. */
  readonly position: number;
  readonly line: number;
  readonly column: number;
  /** What was found: a word, a character, or the end of the text. */
  readonly found: string;
}

const space = /[ \t\n\r]*/y;
/** Any token but a string. */
const token = /[{}[\]:,]|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const unicodeEscape = /u[0-9a-fA-F]{4}/y;
const word = /[ \t\n\r]*([-+]?[A-Za-z_]\w*|.)?/suy;

/**
 * Finds the first unexpected token. JSON.parse says where it failed only in some cases, and in words that change between versions, so this
 * runs after it failed.
 *
 * @example
 * locateJsonError('{"x": NaN}'); // { position: 6, line: 1, column: 7, found: '"NaN"' }
 */
export function locateJsonError(text: string): JsonErrorLocation {
  return locationAt(text, firstError(text).offset);
}

/**
 * The JSON pointer of the value that comes next after a text.
 *
 * @example
 * pointerBehind('{"x": [1, 2, '); // '/x/2'
 */
export function pointerBehind(text: string): string {
  return firstError(text)
    .open.map(({ key }) => pointerSegment(key))
    .join('');
}

/** An array or object that is open, and the key or index of its value that is read. */
interface Open {
  readonly kind: '{' | '[';
  key: string | number;
}

/** The offset of the first unexpected token, white space before it included, and what is open there. */
function firstError(text: string): { readonly offset: number; readonly open: readonly Open[] } {
  const open: Open[] = [];
  // What may come next: the start of a value, a key, the colon behind it, or what follows a value.
  let expected: 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'next' = 'value';
  let at = 0;
  for (;;) {
    const start = endOf(space, text, at);
    const end = tokenEnd(text, start);
    if (end < 0) return { offset: at, open };
    const kind = text[start]!;
    const isValue = !'{}[]:,'.includes(kind);
    const container = open.at(-1);
    if (kind === '}' && container?.kind === '{' && (expected === 'first key' || expected === 'next')) {
      open.pop();
      expected = 'next';
    } else if (kind === ']' && container?.kind === '[' && (expected === 'first value' || expected === 'next')) {
      open.pop();
      expected = 'next';
    } else if ((kind === '{' || kind === '[') && (expected === 'value' || expected === 'first value')) {
      open.push(kind === '{' ? { kind, key: '' } : { kind, key: 0 });
      expected = kind === '{' ? 'first key' : 'first value';
    } else if (isValue && (expected === 'value' || expected === 'first value')) {
      expected = 'next';
    } else if (kind === '"' && (expected === 'key' || expected === 'first key')) {
      container!.key = JSON.parse(text.slice(start, end)) as string;
      expected = 'colon';
    } else if (kind === ':' && expected === 'colon') {
      expected = 'value';
    } else if (kind === ',' && expected === 'next' && container !== undefined) {
      if (typeof container.key === 'number') container.key++;
      expected = container.kind === '{' ? 'key' : 'value';
    } else {
      return { offset: at, open };
    }
    at = end;
  }
}

/** The end of the token that starts at an offset; -1 when there is none. */
function tokenEnd(text: string, at: number): number {
  return text[at] === '"' ? stringEnd(text, at + 1) : endOf(token, text, at);
}

/** The end of the string whose first character is at an offset. By hand, since a pattern for it runs out of stack on long ones. */
function stringEnd(text: string, at: number): number {
  for (let i = at; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) return i + 1;
    if (unit < 0x20) return -1;
    if (unit === 0x5c && !'"\\/bfnrt'.includes(text[++i] ?? ' ')) {
      const end = endOf(unicodeEscape, text, i);
      if (end < 0) return -1;
      i = end - 1;
    }
  }
  return -1;
}

function endOf(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : -1;
}

/** Describes what stands at an offset, behind white space. */
export function locationAt(text: string, offset: number): JsonErrorLocation {
  word.lastIndex = offset;
  const match = word.exec(text);
  const found = match?.[1];
  const position = match === null ? offset : offset + match[0].length - (found?.length ?? 0);
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < position; i++) {
    if (text.charCodeAt(i) !== 0x0a) continue;
    line++;
    lineStart = i + 1;
  }
  return {
    position,
    line,
    column: position - lineStart + 1,
    found: found === undefined ? 'the end of the text' : JSON.stringify(found.slice(0, 40)),
  };
}
