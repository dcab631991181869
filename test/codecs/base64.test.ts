import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from '../../src/codecs/base64.ts';
import { numRuns } from '../thorough.ts';

describe('decodeBase64', () => {
  it('decodes what Node encodes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('refuses every text that is not exactly what an encoder writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', 'B', '/', '+', '9', '=', '-', '_', ' ', '\n', ',', 'é') }), (text) => {
        const decoded = decodeBase64(text);
        if (typeof decoded !== 'string') expect(decoded.toString('base64')).toBe(text);
      }),
      { numRuns: numRuns(5000) },
    );
  });

  it.each([
    ['AACAPw', 'multiple of 4'],
    ['AACAP===', '"=" at character 5'],
    ['AACA_w==', '"_" at character 4'],
    ['AAC Pw==', '" " at character 3'],
    ['AACAPx==', 'zero bits'],
    ['AA==AACA', 'at character 2'],
  ])('says what is wrong with %s', (text, message) => {
    expect(decodeBase64(text)).toContain(message);
  });
});
