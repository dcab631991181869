const maxQuoted = 60;

/** A short description of a value, for an error message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    return keys.length === 0
      ? 'an empty object'
      : `an object with ${keys.slice(0, 4).map(quote).join(', ')}${keys.length > 4 ? ', ...' : ''}`;
  }
  if (value === Infinity || value === -Infinity) return 'a number beyond float64 (such as 1e999)';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}

/** A text in double quotes, cut when it is long. */
export function quote(text: string): string {
  return JSON.stringify(shorten(text));
}

/** A shape in brackets. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

/** One segment of a JSON pointer (RFC 6901); a long key is cut. */
export function pointerSegment(key: string | number): string {
  return typeof key === 'number' ? `/${key}` : `/${shorten(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A text, cut when it is long, so that a refusal is not as large as the request. */
function shorten(text: string): string {
  return text.length > maxQuoted ? `${text.slice(0, maxQuoted)}...` : text;
}
