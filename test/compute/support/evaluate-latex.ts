import { float64Algebra as real } from '../../../src/compute/backends/reference/float64-algebra.ts';
import type { Condition, Expression } from '../../../src/compute/latex/expression.ts';
import { latexAlgebra } from '../../../src/compute/latex/latex-algebra.ts';
import type { SurrogateDefinition } from '../../../src/compute/surrogates/definition.ts';

/** The number that a printed formula stands for, once x and the parameters are put in. */
export function evaluate(
  definition: SurrogateDefinition,
  formula: 'grad' | 'value',
  parameters: Readonly<Record<string, number>>,
  x: number,
): number {
  const n: Record<string, number> = {};
  const p: Record<string, Expression> = {};
  const letters = new Map([
    ['x', x],
    ['\\pi', Math.PI],
    ['10^{-8}', 1e-8],
    ['10^{-5}', 1e-5],
  ]);
  for (const [name, { integer }] of Object.entries(definition.parameters)) {
    if (integer) n[name] = parameters[name]!;
    else p[name] = { kind: 'letter', latex: name };
    letters.set(name, parameters[name]!);
  }
  return numberOf(definition[formula](latexAlgebra, { kind: 'letter', latex: 'x' }, { p, n }), letters);
}

function numberOf(e: Expression, letters: ReadonlyMap<string, number>): number {
  const of = (part: Expression): number => numberOf(part, letters);
  switch (e.kind) {
    case 'letter': {
      const value = letters.get(e.latex) ?? Number(e.latex);
      if (Number.isNaN(value)) throw new Error(`no number for ${e.latex}`);
      return value;
    }
    case 'product':
      return e.factors.reduce((result, { base, power }) => result * of(base) ** power, e.numerator / e.denominator);
    case 'sum':
      return e.terms.map(of).reduce((a, b) => a + b);
    case 'cases':
      return of(holds(e.condition, of) ? e.then : e.otherwise);
    case 'call':
      return functionValue(e.name, e.args, letters);
  }
}

function holds(condition: Condition, of: (e: Expression) => number): boolean {
  return condition.every(({ left, right, strict }) => (strict ? of(left) < of(right) : of(left) <= of(right)));
}

function functionValue(
  name: Extract<Expression, { kind: 'call' }>['name'],
  args: readonly Expression[],
  letters: ReadonlyMap<string, number>,
): number {
  // A sum's angle contains 2i - 1, which has a value only within the sum.
  if (name === 'cosines' || name === 'sines') {
    let sum = 0;
    for (let i = 1; i <= numberOf(args[1]!, letters); i++) {
      const angle = numberOf(args[0]!, new Map([...letters, ['(2i-1)', 2 * i - 1]]));
      sum += name === 'cosines' ? Math.cos(angle) : Math.sin(angle) / (2 * i - 1);
    }
    return sum;
  }
  const [a, b, c] = args.map((arg) => numberOf(arg, letters)) as [number, number, number];
  switch (name) {
    case 'abs':
      return Math.abs(a);
    case 'arctan':
      return Math.atan(a);
    case 'clip':
      return Math.min(Math.max(a, b), c);
    case 'erfc':
      return a < 0 ? 2 - real.erfc(-a) : real.erfc(a);
    case 'exp':
      return Math.exp(a);
    case 'ln':
      return Math.log(a);
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
    case 'power':
      return a ** b;
    case 'sqrt':
      return Math.sqrt(a);
    case 'tanh':
      return Math.tanh(a);
  }
}
