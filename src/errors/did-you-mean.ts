import { distance } from 'fastest-levenshtein';

import { quote } from './describe.ts';

/**
 * The known names nearest to an unknown one: all that differ only in case, punctuation and library prefix, else the one with the smallest edit
 * distance.
 *
 * @example
 * nearest('sigmod', ['sigmoid', 'erf']);              // ['sigmoid']
 * nearest('ATan', ['snntorch.atan', 'slax.atan']);    // ['snntorch.atan', 'slax.atan']
 */
export function nearest(name: string, known: Iterable<string>): string[] {
  const wanted = fold(name.slice(0, 100));
  const wantedTail = fold(tail(name.slice(0, 100)));
  let best: string[] = [];
  let fewest = Infinity;
  for (const candidate of known) {
    const folded = fold(candidate);
    const edits =
      folded === wanted
        ? 0
        : fold(tail(candidate)) === wantedTail
          ? 0.5
          : Math.max(1, Math.min(distance(folded, wanted), distance(fold(tail(candidate)), wanted) + 0.5));
    if (edits < fewest) {
      fewest = edits;
      best = [candidate];
    } else if (edits === fewest && edits < 1) {
      best.push(candidate);
    }
  }
  return best.slice(0, 4);
}

/**
 * A question naming the nearest of the known names.
 *
 * @example
 * didYouMean('sigmod', ['sigmoid', 'erf']); // 'did you mean "sigmoid"?'
 */
export function didYouMean(name: string, known: Iterable<string>): string {
  const names = nearest(name, known).map(quote);
  if (names.length === 0) return 'there is none to name';
  const last = names.pop()!;
  return `did you mean ${names.length > 0 ? `${names.join(', ')} or ${last}` : last}?`;
}

function fold(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.]/g, '');
}

/** The name without its library. */
function tail(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
