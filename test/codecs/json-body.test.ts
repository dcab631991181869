import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstNotUtf8 } from '../../src/codecs/json-body.ts';
import { numRuns } from '../thorough.ts';

describe('firstNotUtf8', () => {
  it.each([
    ['', -1],
    ['61c3a9f09fa7a0', -1],
    ['ff', 0],
    ['61ff61', 1],
    ['61e282', 1],
    ['8080', 0],
    ['c0af', 0],
    ['eda080', 0],
    ['61f09fa7', 1],
    ['c3a9c3', 2],
    ['f4908080', 0],
  ])('of %s is %d', (hex, at) => {
    expect(firstNotUtf8(Buffer.from(hex, 'hex'))).toBe(at);
  });

  it('is where the longest prefix that is UTF-8 ends', () => {
    const bytes = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 3 }).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 2 }),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(bytes, (parts) => {
        const all = Buffer.concat(parts);
        let longest = all.length;
        while (!isUtf8(all.subarray(0, longest))) longest--;
        expect(firstNotUtf8(all)).toBe(longest === all.length ? -1 : longest);
      }),
      { numRuns: numRuns(2000) },
    );
  });
});
