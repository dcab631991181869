import fc from 'fast-check';
import { distance } from 'fastest-levenshtein';
import { describe, expect, it } from 'vitest';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { alike, closest, didYouMean, nearest, question } from '../../src/errors/did-you-mean.ts';
import { fixedRecords, quantityNames } from '../../src/schemas/lif.ts';
import { numRuns } from '../thorough.ts';

const lists = [
  ['hard', 'soft', 'none'],
  ['euler', 'exponential'],
  [...catalogue.keys()],
  [...neurons.keys()],
  [...fixedRecords],
  [...quantityNames],
];
const words = lists.flat();

/** The letters of a word: case, punctuation and the library in front of it are none. */
const letters = (word: string) => word.toLowerCase().replaceAll(/[^a-z0-9.]/g, '');
const lastPart = (word: string) => word.slice(word.lastIndexOf('.') + 1);
function lettersApart(word: string, other: string): number {
  const [given, known] = [letters(word), letters(other)];
  return Math.min(distance(given, known), distance(given, lastPart(known)), distance(lastPart(given), lastPart(known)));
}

/** A known word with some letters replaced, taken away or added. */
const misspelt = fc
  .tuple(fc.constantFrom(...words), fc.array(fc.tuple(fc.nat(30), fc.constantFrom('', 'x', 'q', 'ab')), { maxLength: 8 }))
  .map(([word, edits]) => edits.reduce((text, [at, letter]) => text.slice(0, at) + letter + text.slice(at + 1), word));

describe('what was meant', () => {
  it('is never farther away than a third of the letters', () => {
    fc.assert(
      fc.property(fc.oneof(misspelt, fc.string({ maxLength: 120 })), fc.constantFrom(...lists), (word, known) => {
        for (const name of nearest(word, known)) {
          // A name that is the same but for a library in front is no letter away.
          const isSame = letters(lastPart(word)) === letters(lastPart(name));
          expect(isSame ? 0 : lettersApart(word, name)).toBeLessThanOrEqual(letters(word.slice(0, 100)).length / 3);
        }
      }),
      { numRuns: numRuns(2000) },
    );
  });

  it.each([
    ['sigmod', ['sigmoid', 'erf'], ['sigmoid']],
    ['ATan', ['snntorch.atan', 'slax.atan', 'erf'], ['snntorch.atan', 'slax.atan']],
    ['taw', ['tau', 'dt'], ['tau']],
    ['v_th', ['tau', 'v_rest'], []],
    ['R', ['tau'], []],
    ['box', ['erf'], []],
    ['super', ['erf', 'tanh'], []],
  ])('of %s among %j is %j', (word, known, expected) => {
    expect(nearest(word, known)).toEqual(expected);
  });

  it('is a list of the valid names where none is near, the first ones of many', () => {
    expect(didYouMean('box', ['sigmoid', 'erf'])).toBe('there are "sigmoid", "erf"');
    expect(didYouMean('u', ['v'])).toBe('there is only "v"');
    expect(didYouMean('u', [])).toBe('there is none to name');
    const many = Array.from({ length: 100 }, (_, i) => `name_${i}`);
    expect(didYouMean('q', many)).toMatch(/^there are "name_0", .*"name_23", \.\.\.$/);
  });

  it('is asked about one name or several, and about none not at all', () => {
    expect(question(['a'])).toBe('did you mean "a"?');
    expect(question(['a', 'b', 'c'])).toBe('did you mean "a", "b" or "c"?');
    expect(question([])).toBeUndefined();
  });

  it('may be the same name in another spelling, or the closest of some that are alike in another way', () => {
    expect(alike('surrogate.ATan', ['slax.atan', 'norse.tanh'])).toEqual(['slax.atan']);
    expect(alike('atam', ['slax.atan'])).toEqual([]);
    expect(closest('/v2/health', ['/v2/health/live', '/v2/health/ready'])).toEqual(['/v2/health/live']);
  });
});
