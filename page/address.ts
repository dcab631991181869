/** What the address bar says: a part of the page, and what is set in it. */
export interface Address {
  readonly part: string;
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * Reads the part of a URL behind its `#`.
 *
 * @example
 * readAddress('#gallery?compare=sigmoid;erf(alpha:2)&x=-1,1');
 */
export function readAddress(hash: string): Address {
  const [part = '', query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s);
  const settings = new Map<string, string>();
  for (const field of query.split('&')) {
    const [name, value = ''] = field.split(/=(.*)/s);
    if (name !== undefined && name !== '') settings.set(decode(name), decode(value));
  }
  return { part: decode(part), settings };
}

/** The other way round, and still to be read by people. */
export function writeAddress({ part, settings }: Address): string {
  const query = [...settings].map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  return `#${encode(part)}${query === '' ? '' : `?${query}`}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(2C|3A|3B|2F)/g, (code) => decodeURIComponent(code));
}

/** A link that someone has cut in the middle of a letter is read as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A surrogate with the parameters that are set. */
export interface PickedSurrogate {
  readonly name: string;
  readonly parameters: Readonly<Record<string, number>>;
}

/**
 * Surrogates as an address has them.
 *
 * @param report is told what is no surrogate, or no parameter, and what would be right.
 * @example
 * readSurrogates('sigmoid;erf(alpha:2)', alert); // [{ name: 'sigmoid', parameters: {} }, { name: 'erf', parameters: { alpha: 2 } }]
 */
export function readSurrogates(text: string, report: (problem: string) => void): PickedSurrogate[] {
  return text
    .split(';')
    .filter((one) => one.trim() !== '')
    .flatMap((one) => {
      const match = /^([\w.]+)(?:\((.*)\))?$/.exec(one.trim());
      if (match === null) {
        report(`"${one}" is not a surrogate; write a name, or a name with parameters: erf(alpha:2)`);
        return [];
      }
      const parameters = (match[2] ?? '').split(',').flatMap((field): [string, number][] => {
        if (field === '') return [];
        const [name = '', value = ''] = field.split(':');
        if (name !== '' && value.trim() !== '' && Number.isFinite(Number(value))) return [[name, Number(value)]];
        report(`${match[1]!}: "${field}" is not a parameter with a number; write it as alpha:2`);
        return [];
      });
      return [{ name: match[1]!, parameters: Object.fromEntries(parameters) }];
    });
}

export function writeSurrogates(surrogates: readonly PickedSurrogate[]): string {
  return surrogates
    .map(({ name, parameters }) => {
      const given = Object.entries(parameters).map(([parameter, value]) => `${parameter}:${value}`);
      return given.length === 0 ? name : `${name}(${given.join(',')})`;
    })
    .join(';');
}

/** Two numbers, the smaller one first, as an address has a range. */
export function readRange(text: string | undefined): [number, number] | undefined {
  const [low, high, ...more] = (text ?? '').split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  return low !== undefined && high !== undefined && more.length === 0 && low < high && Number.isFinite(high - low)
    ? [low, high]
    : undefined;
}
