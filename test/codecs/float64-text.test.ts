import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maxFloat64TextLength, writeFloat64 } from '../../src/codecs/float64-text.ts';

function text(value: number): string {
  const bytes = new Uint8Array(maxFloat64TextLength + 4);
  return Buffer.from(bytes.subarray(2, writeFloat64(bytes, 2, value))).toString();
}

it('writes what reads back as the same float64, as JSON.stringify does', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(text(value)).toBe(Object.is(value, -0) ? '-0' : JSON.stringify(value));
      expect(JSON.parse(text(value))).toBe(value);
    }),
  );
});

it('never needs more room than it says', () => {
  for (const value of [-1.2345678901234567e-300, -0.0000012345678901234567, -123456789012345680000, -Number.MAX_VALUE, -Number.MIN_VALUE]) {
    expect(text(value).length).toBeLessThanOrEqual(maxFloat64TextLength);
  }
});

it.each([NaN, Infinity, -Infinity])('refuses %s', (value) => {
  expect(() => text(value)).toThrow(RangeError);
});
