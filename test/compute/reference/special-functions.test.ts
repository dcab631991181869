import { describe, expect, it } from 'vitest';
import { float64Algebra } from '../../../src/compute/backends/reference/float64-algebra.ts';

function expectRelative(actual: number, expected: number, tolerance: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

describe('erfc', () => {
  // 40 digits of mpmath, rounded to float64.
  it.each([
    [0, 1.0],
    [1e-10, 0.999999999887162],
    [0.1, 0.887537083981715],
    [0.3, 0.6713732405408726],
    [0.5, 0.4795001221869535],
    [0.7, 0.32219880616258156],
    [0.79, 0.2638965461793089],
    [0.8, 0.2578990352923395],
    [0.81, 0.2519967194022104],
    [1, 0.15729920705028513],
    [1.5, 0.033894853524689274],
    [2, 0.004677734981047266],
    [2.5, 0.0004069520174449589],
    [3, 2.209049699858544e-5],
    [4, 1.541725790028002e-8],
    [5, 1.537459794428035e-12],
    [6.5, 3.8421483271206475e-20],
    [8, 1.1224297172982926e-29],
    [10, 2.088487583762545e-45],
    [12.7, 3.9712599756985404e-72],
    [15, 7.212994172451207e-100],
    [20, 5.395865611607901e-176],
    [25, 8.300172571196523e-274],
    [26, 5.663192408856143e-296],
  ])('is accurate at %s', (a, expected) => {
    expectRelative(float64Algebra.erfc(a), expected, 5e-15);
  });

  it('underflows to 0', () => {
    expect(float64Algebra.erfc(28.5)).toBe(0);
    expect(float64Algebra.erfc(Infinity)).toBe(0);
  });

  it('decreases everywhere, across the boundary of its two methods too', () => {
    for (let a = 0; a < 6; a += 0.001) expect(float64Algebra.erfc(a + 0.001)).toBeLessThan(float64Algebra.erfc(a));
  });
});

describe('odd harmonics', () => {
  const direct = (terms: number, term: (harmonic: number) => number): number =>
    Array.from({ length: terms }, (_, i) => term(2 * i + 1)).reduce((sum, value) => sum + value, 0);

  it.each([1, 2, 5, 64])('%i terms equal the direct sums', (terms) => {
    for (let turns = -1.3; turns <= 1.3; turns += 0.0371) {
      const angle = 2 * Math.PI * turns;
      expect(float64Algebra.oddCosines(turns, terms)).toBeCloseTo(
        direct(terms, (harmonic) => Math.cos(harmonic * angle)),
        11,
      );
      expect(float64Algebra.oddSines(turns, terms)).toBeCloseTo(
        direct(terms, (harmonic) => Math.sin(harmonic * angle) / harmonic),
        11,
      );
    }
  });

  it('do not lose the period far out', () => {
    for (const whole of [1e6, -4096, 2 ** 40]) {
      expect(float64Algebra.oddCosines(whole + 0.125, 7)).toBe(float64Algebra.oddCosines(0.125, 7));
      expect(float64Algebra.oddSines(whole + 0.125, 7)).toBe(float64Algebra.oddSines(0.125, 7));
    }
  });

  it('are finite for any number of turns', () => {
    expect(Math.abs(float64Algebra.oddCosines(3.4e41, 64))).toBeLessThanOrEqual(64);
    expect(Math.abs(float64Algebra.oddSines(-3.4e41, 64))).toBeLessThan(1);
  });
});

describe('exprel', () => {
  it('is continuous through 0 and keeps its digits', () => {
    expect(float64Algebra.exprel(0)).toBe(1);
    expectRelative(float64Algebra.exprel(1e-9), 1 + 5e-10, 1e-15);
    expectRelative(float64Algebra.exprel(1), Math.E - 1, 1e-15);
    expectRelative(float64Algebra.exprel(-800), 1 / 800, 1e-15);
  });
});
