import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32Text, float64Text, maxFloat32TextLength, maxFloat64TextLength } from '../../../src/codecs/json-numbers/index.ts';
import { numRuns } from '../../thorough.ts';

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

function fromBits(bits: number): number {
  word[0] = bits;
  return float[0]!;
}

/** A decimal as digits * 10^exponent. */
function decimal(printed: string): { digits: bigint; exponent: number } {
  const [mantissa, power = '0'] = printed.replace('-', '').split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  let digits = BigInt(whole + fraction);
  let exponent = Number(power) - fraction.length;
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n;
    exponent++;
  }
  return { digits, exponent };
}

/** |digits * 10^exponent - x| as a whole number of 2^-160 * 10^-60, which every decimal and float32 here is a multiple of. */
function distance({ digits, exponent }: { digits: bigint; exponent: number }, x: number): bigint {
  const scaledDecimal = digits * 10n ** BigInt(exponent + 60) * 2n ** 160n;
  // x * 2^160 may pass float64's range of exact integers, not its range of exponents.
  const scaledFloat = BigInt(Math.abs(x) * 2 ** 160) * 10n ** 60n;
  const difference = scaledDecimal - scaledFloat;
  return difference < 0n ? -difference : difference;
}

function readsBack(digits: bigint, exponent: number, x: number): boolean {
  return Math.fround(Number(`${digits}e${exponent}`)) === Math.abs(x);
}

function expectShortestNearest(x: number): void {
  const printed = float32Text(x);
  expect(Object.is(Math.fround(Number(printed)), x), `${printed} reads back as ${x}`).toBe(true);
  expect(printed.length).toBeLessThanOrEqual(maxFloat32TextLength);
  expect(printed).toBe(Object.is(x, -0) ? '-0' : String(Number(printed)));
  if (x === 0) return;

  const { digits, exponent } = decimal(printed);
  for (const other of [digits - 1n, digits + 1n]) {
    if (other > 0n && readsBack(other, exponent, x)) {
      const [farther, as] = [distance({ digits: other, exponent }, x), distance({ digits, exponent }, x)];
      expect(
        farther > as || (farther === as && digits % 2n === 0n),
        `${other}e${exponent} is nearer to ${x} than ${printed}, or as near and even`,
      ).toBe(true);
    }
  }
  // One digit less: only the two neighbours on the coarser grid can lie in the interval.
  for (const shorter of [digits / 10n, digits / 10n + 1n]) {
    expect(
      shorter > 0n && digits >= 10n && readsBack(shorter, exponent + 1, x),
      `${shorter}e${exponent + 1} is shorter than ${printed}`,
    ).toBe(false);
  }
}

describe('float32Text', () => {
  it('prints the shortest decimal, and the nearest such, for any float32', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }).map(fromBits).filter(Number.isFinite), expectShortestNearest), {
      numRuns: numRuns(20_000),
    });
  });

  it('does so at every power of two, and beside it', () => {
    for (let biased = 0; biased < 255; biased++) {
      for (const bits of [(biased << 23) - 1, biased << 23, (biased << 23) + 1]) {
        if (bits >= 0) expectShortestNearest(fromBits(bits));
      }
    }
  });

  it('does so for subnormals', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 0x7fffff }).map(fromBits), expectShortestNearest), { numRuns: numRuns(2000) });
  });

  it('does so for decimals with few digits, and beside them', () => {
    const few = fc.tuple(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: -44, max: 31 }));
    fc.assert(
      fc.property(few, fc.constantFrom(-1, 0, 1), ([digits, exponent], beside) => {
        float[0] = Number(`${digits}e${exponent}`);
        word[0] = word[0]! + beside;
        if (Number.isFinite(float[0]) && float[0] > 0) expectShortestNearest(float[0]);
      }),
      { numRuns: numRuns(20_000) },
    );
  });

  it.each([
    [0, '0'],
    [-0, '-0'],
    [1, '1'],
    [-2.5, '-2.5'],
    [0.1, '0.1'],
    [1e-6, '0.000001'],
    [1e-7, '1e-7'],
    [1.5e-7, '1.5e-7'],
    [1e20, '100000000000000000000'],
    [1e21, '1e+21'],
    [3.4028234663852886e38, '3.4028235e+38'],
    [1.401298464324817e-45, '1e-45'],
    [16777216, '16777216'],
    [2 ** 31, '2147483600'],
  ])('prints %d as %s', (x, expected) => {
    expect(float32Text(x)).toBe(expected);
  });

  it('rounds a float64 to float32 first', () => {
    expect(float32Text(0.1 + 0.2)).toBe('0.3');
    expect(float32Text(3.0740246999)).toBe(String(Number(float32Text(Math.fround(3.0740246999)))));
  });

  it.each([NaN, Infinity, -Infinity, 1e39])('refuses %d', (x) => {
    expect(() => float32Text(x)).toThrow(RangeError);
  });
});

describe('float64Text', () => {
  it('writes what reads back as the same float64, as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(float64Text(value)).toBe(Object.is(value, -0) ? '-0' : JSON.stringify(value));
        expect(JSON.parse(float64Text(value))).toBe(value);
      }),
    );
  });

  it('never needs more room than it says', () => {
    for (const value of [
      -1.2345678901234567e-300,
      -0.0000012345678901234567,
      -123456789012345680000,
      -Number.MAX_VALUE,
      -Number.MIN_VALUE,
    ]) {
      expect(float64Text(value).length).toBeLessThanOrEqual(maxFloat64TextLength);
    }
  });

  it.each([NaN, Infinity, -Infinity])('refuses %s', (value) => {
    expect(() => float64Text(value)).toThrow(RangeError);
  });
});
