import type { Algebra, ParameterAlgebra } from './algebra.ts';

/** An algebra over plain numbers. */
export type NumberAlgebra = Algebra<number, boolean>;

/** The algebra over plain float64 numbers, which every other implementation is compared with. */
export const float64Algebra: ParameterAlgebra<number, boolean> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  sqrt: Math.sqrt,
  floor: Math.floor,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  exprel: (a) => (a === 0 ? 1 : Math.expm1(a) / a),
  atan: Math.atan,
  erfc,
  oddCosines: (turns, terms) => sumOddHarmonics(turns, terms, (angle) => Math.cos(angle)),
  oddSines: (turns, terms) => sumOddHarmonics(turns, terms, (angle, harmonic) => Math.sin(angle) / harmonic),
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  select: (mask, a, b) => (mask ? a : b),
  and: (a, b) => a && b,
  or: (a, b) => a || b,
  not: (a) => !a,
  widen: (a) => a,
  narrow: (a) => a,
};

/** Sum over the odd harmonics i = 1..terms of term(angle of harmonic i in radians, 2i - 1). */
function sumOddHarmonics(turns: number, terms: number, term: (angle: number, harmonic: number) => number): number {
  let sum = 0;
  for (let i = 1; i <= terms; i++) {
    const harmonic = 2 * i - 1;
    sum += term(2 * Math.PI * fraction(harmonic * fraction(turns)), harmonic);
  }
  return sum;
}

/** The rest of a number of turns after whole ones, in [-1/2, 1/2]; the subtraction is exact. */
function fraction(turns: number): number {
  return turns - Math.round(turns);
}

/**
 * 1 - erf(a) for `a >= 0`, to a few units in the last place, in the tail too; 0 where it underflows.
 *
 * Near 0 the confluent series of erf (Abramowitz and Stegun 7.1.6), whose terms are all positive; elsewhere Laplace's continued
 * fraction (7.1.14), from its end.
 */
function erfc(a: number): number {
  if (a > 28) return 0;
  return a < 0.8 ? 1 - erfSeries(a) : gaussian(a) * erfcFraction(a);
}

function erfSeries(a: number): number {
  const square = 2 * a * a;
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= square / (2 * n + 1);
    sum += term;
  }
  return ((2 * sum) / Math.sqrt(Math.PI)) * gaussian(a);
}

/** e^(a^2) erfc(a). The smaller a, the more levels the fraction needs. */
function erfcFraction(a: number): number {
  const levels = Math.ceil(20 + 150 / (a * a));
  let denominator = a;
  for (let n = levels; n >= 1; n--) denominator = a + n / 2 / denominator;
  return 1 / (Math.sqrt(Math.PI) * denominator);
}

/** e^(-a^2), with a^2 in two parts: rounded to one float64 it would cost the result a^2 units in its last place. */
function gaussian(a: number): number {
  const head = Math.fround(a);
  return Math.exp(-head * head) * Math.exp(-(a - head) * (a + head));
}
