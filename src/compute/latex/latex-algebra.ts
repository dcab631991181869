import type { Algebra } from '../algebra.ts';
import { add, call, cases, multiply, negate, number, one, pi, reciprocal, type Condition, type Expression } from './expression.ts';

/** Stands for the parameter n in a number of terms: a formula may add to it and subtract from it. */
export const symbolicTerms = 2 ** 20;

const two = number(2);
const harmonic: Expression = { kind: 'letter', latex: '(2i-1)' };

/** A number of terms, in terms of n where it comes from there. */
function bound(terms: number): Expression {
  const distance = terms - symbolicTerms;
  return Math.abs(distance) > 64 ? number(terms) : add({ kind: 'letter', latex: 'n' }, number(distance));
}

function angle(turns: Expression): Expression {
  return multiply(multiply(multiply(two, pi), harmonic), turns);
}

/**
 * The algebra whose values are formulas for a reader, to be printed as LaTeX. `select` on a sign resolves absolute values, and
 * becomes one formula where both branches then agree.
 */
export const latexAlgebra: Algebra<Expression, Condition> = {
  constant: number,
  add,
  sub: (a, b) => add(a, negate(b)),
  mul: multiply,
  div: (a, b) => multiply(a, reciprocal(b)),
  neg: negate,
  abs: (a) => call('abs', a),
  min: (a, b) => call('min', a, b),
  max: (a, b) => call('max', a, b),
  sqrt: (a) => call('sqrt', a),
  exp: (a) => call('exp', a),
  log1p: (a) => call('ln', add(one, a)),
  exprel: (a) => multiply(add(call('exp', a), negate(one)), reciprocal(a)),
  atan: (a) => call('arctan', a),
  erfc: (a) => call('erfc', a),
  oddCosines: (turns, terms) => call('cosines', angle(turns), bound(terms)),
  oddSines: (turns, terms) => call('sines', angle(turns), bound(terms)),
  lt: (left, right) => [{ left, right, strict: true }],
  le: (left, right) => [{ left, right, strict: false }],
  select: cases,
  and: (a, b) => [...a, ...b],
  not: ([comparison, ...more]) => {
    if (!comparison || more.length > 0) throw new RangeError('only a single comparison can be negated');
    return [{ left: comparison.right, right: comparison.left, strict: !comparison.strict }];
  },
};
