import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { alike, didYouMean, nearest, question } from '../../errors/did-you-mean.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import { termsOf, type Meaning, type Term } from './vocabulary.ts';

/** Where an unknown name stands in a request, and what the request has in its stead. */
export interface Place {
  /** The valid names there. */
  readonly names: Iterable<string>;
  /** The library of the request's neuron as its model names it, '' for one of no library. */
  readonly library: string;
  /** How the field at a JSON pointer is named from there; undefined where the request has no such field. */
  readonly spell: (path: string) => string | undefined;
}

/**
 * What an unknown field was meant to be: the vocabulary's meaning of it, else the name with nearly the same letters, else the valid names.
 *
 * @example
 * suggestField('v_th', lifPlace); // 'did you mean "v_threshold"?'
 */
export function suggestField(name: string, place: Place): string {
  return meaningOf(name, place) ?? didYouMean(name, place.names);
}

/** The inside of an object of a request, with the names that it takes. */
export function insideOf(path: string, names: readonly string[]): Place {
  const start = `${path}/`;
  const spell = (field: string) => {
    const name = field.slice(start.length);
    return field.startsWith(start) && names.includes(name) ? quote(name) : undefined;
  };
  return { names, library: '', spell };
}

/** Of an object without a field that it needs, the one that was meant to be it: its name, and what the vocabulary says of it. */
export function misnamed(field: string, path: string, given: object): { readonly name: string; readonly hint: string } | undefined {
  const place = insideOf(path, [field]);
  for (const name of Object.keys(given)) {
    const hint = meaningOf(name, place);
    if (hint !== undefined) return { name, hint };
  }
  return undefined;
}

/** The message for a field that is not known. */
export function unknownField(name: string, hint: string): string {
  return `unknown field ${quote(name)}; ${hint}`;
}

/** Checks that an object of a request has no other fields than these; any other goes to `errors`. */
export function checkFields(given: object, known: readonly string[], path: string, errors: InputErrors): void {
  for (const name of Object.keys(given))
    if (!known.includes(name)) errors.add(path + pointerSegment(name), unknownField(name, didYouMean(name, known)));
}

/** What the vocabulary says of a field; undefined where it says nothing that the request could have. */
export function meaningOf(name: string, { library, spell }: Place, given?: Term['given']): string | undefined {
  for (const term of termsOf(name)) {
    if (term.role !== 'field' || term.given !== given) continue;
    for (const meaning of term.meanings) {
      if (meaning.library !== undefined && meaning.library !== library) continue;
      const spelled = spell(meaning.path);
      if (spelled === undefined) continue;
      const value = meaning.value === undefined ? '' : `: ${JSON.stringify(meaning.value)}`;
      return `did you mean ${spelled}${value}?${remarkOf(meaning, name)}`;
    }
  }
  return undefined;
}

/**
 * What an unknown value of the field at a JSON pointer was meant to be; undefined where nothing is near.
 *
 * @example
 * suggestValue('exp', '/neuron/integration', ['euler', 'exponential']); // 'did you mean "exponential"?'
 */
export function suggestValue(value: string, path: string, allowed: Iterable<string>): string | undefined {
  return question(valuesNear(value, path, allowed));
}

/** The allowed values of the field at a JSON pointer that an unknown one may stand for. */
export function valuesNear(value: string, path: string, allowed: Iterable<string>): readonly string[] {
  const known = new Set(allowed);
  const named = meaningsOf(value, 'value').flatMap((meaning) => {
    const { value: meant } = meaning;
    return meaning.path === path && typeof meant === 'string' && known.has(meant) ? [meant] : [];
  });
  return named.length > 0 ? [...new Set(named)] : nearest(value, known);
}

/**
 * Which name of a list, such as that of `wrt` or `record`, an unknown one was meant to be; undefined where nothing is near.
 *
 * @example
 * suggestName('thresh', ['current', 'tau', 'v_threshold']); // 'did you mean "v_threshold"?'
 */
export function suggestName(name: string, names: Iterable<string>): string | undefined {
  const known = new Set(names);
  const same = question(alike(name, known));
  if (same !== undefined) return same;
  for (const { path, value } of [...meaningsOf(name, 'value'), ...meaningsOf(name, 'field')]) {
    const meant = value === undefined ? listName(path) : value;
    if (typeof meant === 'string' && known.has(meant)) return question([meant]);
  }
  return question(nearest(name, known));
}

/** The name by which lists such as `wrt` have the field at a JSON pointer. */
function listName(path: string): string {
  const [field = '', ...inner] = path.slice(1).split('/');
  return field === 'surrogate' ? [field, ...inner].join('.') : inner.join('.') || field;
}

/** The message for a value of the field at a JSON pointer that is none of the allowed ones. */
export function notAllowed(given: unknown, path: string, allowed: readonly (string | number)[]): string {
  const names = allowed.filter((value) => typeof value === 'string');
  const hint = typeof given === 'string' && names.length > 0 ? suggestValue(given, path, names) : undefined;
  return withHint(`must be one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}, got ${describe(given)}`, hint);
}

export function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/** The message for a state that a neuron does not have. */
export function unknownState(name: string, states: readonly string[]): string {
  return `the neuron has no state ${quote(name)}; ${suggestName(name, states) ?? didYouMean(name, states)}`;
}

function meaningsOf(name: string, role: Term['role']): readonly Meaning[] {
  return termsOf(name).flatMap((term) => (term.role === role && term.given === undefined ? term.meanings : []));
}

/** The remark on a meaning as the end of a message. */
function remarkOf({ remark }: Meaning, term: string): string {
  return remark === undefined ? '' : ` ${remark.replaceAll('{term}', term.slice(0, 60))}`;
}
