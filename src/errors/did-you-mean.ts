import { distance } from 'fastest-levenshtein';

import { quote } from './describe.ts';

/** The most names that an error lists. */
const maxListed = 24;

/** Known names by how near they are to an unknown one. */
interface Ranking {
  readonly names: readonly string[];
  /** The letters to change, case, punctuation and library prefix aside. */
  readonly letters: number;
}

function rank(name: string, known: Iterable<string>): Ranking {
  const wanted = fold(name.slice(0, 100));
  const wantedTail = fold(tail(name.slice(0, 100)));
  let names: string[] = [];
  let fewest = Infinity;
  let letters = Infinity;
  for (const candidate of known) {
    const folded = fold(candidate);
    const foldedTail = fold(tail(candidate));
    // A name that differs in its library alone comes after one that differs in nothing but spelling, and before any other.
    const ownLetters = distance(folded, wanted);
    const tailLetters = foldedTail === wantedTail ? 0 : distance(foldedTail, wanted);
    const edits = ownLetters === 0 ? 0 : tailLetters === 0 ? 0.5 : Math.max(1, Math.min(ownLetters, tailLetters + 0.5));
    if (edits < fewest) {
      fewest = edits;
      letters = Math.min(ownLetters, tailLetters);
      names = [candidate];
    } else if (edits === fewest && edits < 1) {
      names.push(candidate);
    }
  }
  return { names: names.slice(0, 4), letters };
}

/**
 * The known names nearest to an unknown one: all that differ only in case, punctuation and library prefix, else the one with the smallest edit
 * distance. None where more than a third of the name's letters would change: what has so little in common was not meant.
 *
 * @example
 * nearest('sigmod', ['sigmoid', 'erf']);              // ['sigmoid']
 * nearest('ATan', ['snntorch.atan', 'slax.atan']);    // ['snntorch.atan', 'slax.atan']
 * nearest('box', ['sigmoid', 'erf']);                 // []
 */
export function nearest(name: string, known: Iterable<string>): readonly string[] {
  const { names, letters } = rank(name, known);
  return letters <= fold(name.slice(0, 100)).length / 3 ? names : [];
}

/** The known names that differ from an unknown one only in case, punctuation and library prefix. */
export function alike(name: string, known: Iterable<string>): readonly string[] {
  const { names, letters } = rank(name, known);
  return letters === 0 ? names : [];
}

/** The known name nearest to an unknown one, however far it is: for names that are known to be alike in another way. */
export function closest(name: string, known: Iterable<string>): readonly string[] {
  return rank(name, known).names;
}

/**
 * A question that names what may have been meant; undefined for no names.
 *
 * @example
 * question(['sigmoid', 'erf']); // 'did you mean "sigmoid" or "erf"?'
 */
export function question(names: readonly string[]): string | undefined {
  const quoted = names.map(quote);
  const last = quoted.pop();
  if (last === undefined) return undefined;
  return `did you mean ${quoted.length > 0 ? `${quoted.join(', ')} or ${last}` : last}?`;
}

/**
 * A question that names the nearest of the known names, or, where none is near, a list of them.
 *
 * @example
 * didYouMean('sigmod', ['sigmoid', 'erf']); // 'did you mean "sigmoid"?'
 * didYouMean('box', ['sigmoid', 'erf']);    // 'there are "sigmoid", "erf"'
 */
export function didYouMean(name: string, known: Iterable<string>): string {
  const names = [...known];
  return question(nearest(name, names)) ?? listOf(names);
}

/** A list of the valid names; of many the first. */
function listOf(names: readonly string[]): string {
  const [only] = names;
  if (only === undefined) return 'there is none to name';
  if (names.length === 1) return `there is only ${quote(only)}`;
  return `there are ${names.slice(0, maxListed).map(quote).join(', ')}${names.length > maxListed ? ', ...' : ''}`;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.]/g, '');
}

/** The name without its library. */
function tail(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
