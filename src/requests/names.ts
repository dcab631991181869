import { describe, pointerSegment, quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/**
 * Reads an array of names out of a fixed set, each at most once. What is wrong goes to `errors`; the answer is then null.
 *
 * @example
 * distinctNames(['v', 'spikes'], recordable, '/record', errors); // Set { 'v', 'spikes' }
 */
export function distinctNames<Name extends string>(
  given: unknown,
  known: readonly Name[],
  path: string,
  errors: InputErrors,
): ReadonlySet<Name> | null {
  if (!Array.isArray(given)) return errors.add(path, `must be an array of ${known.map(quote).join(', ')}; got ${describe(given)}`);
  if (given.length === 0) return errors.add(path, `must name at least one of ${known.map(quote).join(', ')}`);
  const names = new Set<Name>();
  for (let i = 0; i < given.length; i++) {
    const name = given[i] as unknown;
    if (!isOneOf(name, known)) {
      const hint = typeof name === 'string' ? `; ${didYouMean(name, known)}` : '';
      errors.add(path + pointerSegment(i), `must be one of ${known.map(quote).join(', ')}, got ${describe(name)}${hint}`);
    } else if (names.has(name)) {
      errors.add(path + pointerSegment(i), `${quote(name)} is there already`);
    } else {
      names.add(name);
    }
  }
  return names;
}

function isOneOf<Name extends string>(value: unknown, known: readonly Name[]): value is Name {
  return (known as readonly unknown[]).includes(value);
}
