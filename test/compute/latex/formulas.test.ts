import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { formulas, parameterLatex } from '../../../src/compute/latex/formulas.ts';
import { latexAlgebra as ops } from '../../../src/compute/latex/latex-algebra.ts';
import { print } from '../../../src/compute/latex/print.ts';
import type { Expression } from '../../../src/compute/latex/expression.ts';
import { catalogue, surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import { evaluate } from '../support/evaluate-latex.ts';

const names = [...catalogue.keys()];
const letter = (latex: string): Expression => ({ kind: 'letter', latex });

describe('the LaTeX of a surrogate', () => {
  it.each(names)('%s is well formed', (name) => {
    const { grad, value } = formulas(surrogateDefinition(name));
    for (const text of [grad, value]) {
      let depth = 0;
      for (const brace of text.replaceAll(/\\[{}\\]/g, '').match(/[{}]/g) ?? []) {
        depth += brace === '{' ? 1 : -1;
        expect(depth).toBeGreaterThanOrEqual(0);
      }
      expect(depth).toBe(0);
      const count = (pattern: RegExp): number => (text.match(pattern) ?? []).length;
      expect(count(/\\left[(|]/g)).toBe(count(/\\right[)|]/g));
      expect(count(/\\begin\{cases\}/g)).toBe(count(/\\end\{cases\}/g));
      expect(text).not.toMatch(/--|\+ -|NaN|undefined|\\frac\{[^{}]*\}\{1\}|(?<![\d.{])1 \\(left|alpha|beta)/);
    }
  });

  // What is printed is a simplified tree, which has to say the same as the formula that back-ends evaluate.
  it.each(names)('%s says what is computed', (name) => {
    const definition = surrogateDefinition(name);
    const parameters = Object.fromEntries(
      Object.entries(definition.parameters).map(([parameter, { default: value, integer }], i) => [
        parameter,
        integer ? 3 : value === 0 ? 0.3 : value * (1 + 0.1 * (i + 1)),
      ]),
    );
    const { grad, value } = surrogateFunctions({ name, parameters });
    for (const x of [-2.3, -1.1, -0.4, -0.05, 0.07, 0.6, 1.3, 2.9]) {
      expect(evaluate(definition, 'grad', parameters, x)).toBeCloseTo(grad(x), 12);
      expect(evaluate(definition, 'value', parameters, x)).toBeCloseTo(value(x), 12);
    }
  });

  it.each([
    ['sigmoid', '\\frac{1}{1 + e^{-\\alpha x}}'],
    ['arctan', '\\frac{1}{2} + \\frac{1}{\\pi} \\arctan\\left(\\frac{\\pi \\alpha x}{2}\\right)'],
    ['erf', '\\frac{1}{2} \\operatorname{erfc}\\left(-\\alpha x\\right)'],
    ['norse.tanh', '\\frac{1}{2} + \\frac{1}{\\alpha} \\tanh\\left(\\alpha x\\right)'],
    ['snntorch.fast_sigmoid', '\\frac{x}{1 + \\text{slope} \\, \\left|x\\right|}'],
    ['piecewise_exp', '\\begin{cases} \\frac{1}{2} e^{\\alpha x} & x < 0 \\\\ 1 - \\frac{1}{2} e^{-\\alpha x} & x \\ge 0 \\end{cases}'],
  ])('value of %s', (name, expected) => {
    expect(formulas(surrogateDefinition(name)).value).toBe(expected);
  });

  it.each([
    ['sigmoid', '\\frac{\\alpha e^{-\\alpha \\left|x\\right|}}{\\left(1 + e^{-\\alpha \\left|x\\right|}\\right)^2}'],
    ['piecewise_quadratic', '\\alpha^2 \\max\\left(\\frac{1}{\\alpha} - \\left|x\\right|,\\, 0\\right)'],
    ['q_pseudo_spike', '\\left(1 + \\frac{2 \\left|x\\right|}{\\alpha + 1}\\right)^{-\\alpha}'],
    ['gaussian_grad', '\\frac{\\alpha}{\\sigma \\sqrt{2 \\pi}} e^{-\\frac{x^2}{2 \\sigma^2}}'],
    ['norse.circ', '\\frac{\\alpha^3}{\\left(\\alpha^2 + x^2\\right)^{3/2}}'],
    [
      'spikingjelly.Rect',
      '\\begin{cases} \\alpha & \\left|x\\right| < \\frac{1}{2 \\alpha} \\\\ 0 & \\left|x\\right| \\ge \\frac{1}{2 \\alpha} \\end{cases}',
    ],
    [
      'spikingjelly.SquarewaveFourierSeries',
      '\\frac{4}{T_{\\text{period}}} \\sum_{i=1}^{n - 1} \\cos\\left(\\frac{2 \\pi (2i-1) x}{T_{\\text{period}}}\\right)',
    ],
    ['snntorch.straight_through_estimator', '1'],
  ])('grad of %s', (name, expected) => {
    expect(formulas(surrogateDefinition(name)).grad).toBe(expected);
  });
});

describe('the LaTeX algebra', () => {
  const [x, a] = [letter('x'), letter('a')];

  it('leaves out what adds nothing', () => {
    expect(print(ops.mul(ops.constant(1), x))).toBe('x');
    expect(print(ops.add(x, ops.constant(0)))).toBe('x');
    expect(print(ops.neg(ops.neg(x)))).toBe('x');
    expect(print(ops.mul(ops.constant(0), x))).toBe('0');
    expect(print(ops.sub(x, x))).toBe('0');
    expect(print(ops.div(ops.mul(a, x), a))).toBe('x');
  });

  it('collects fractions and powers', () => {
    expect(print(ops.mul(x, ops.mul(x, x)))).toBe('x^3');
    expect(print(ops.div(ops.constant(1), ops.mul(ops.constant(0.5), x)))).toBe('\\frac{2}{x}');
    expect(print(ops.add(ops.div(x, ops.constant(2)), ops.div(x, ops.constant(3))))).toBe('\\frac{5 x}{6}');
    expect(print(ops.sub(a, ops.sub(x, ops.constant(1))))).toBe('a - x + 1');
  });

  it('prints numbers as a reader writes them', () => {
    expect([0.5, 0.25, 3, -2, 1e-8, 0.3, Math.PI].map((value) => print(ops.constant(value)))).toEqual([
      '\\frac{1}{2}',
      '\\frac{1}{4}',
      '3',
      '-2',
      '10^{-8}',
      '0.3',
      '\\pi',
    ]);
  });

  it('resolves absolute values by the sign of their argument, and joins what then agrees', () => {
    const negative = ops.lt(x, ops.constant(0));
    expect(print(ops.select(negative, ops.neg(ops.abs(x)), ops.abs(x)))).toBe('x');
    expect(print(ops.select(negative, ops.abs(x), ops.constant(0)))).toBe('\\begin{cases} -x & x < 0 \\\\ 0 & x \\ge 0 \\end{cases}');
  });

  it('combines comparisons', () => {
    expect(print(ops.select(ops.not(ops.le(a, x)), a, x))).toBe('\\begin{cases} a & x < a \\\\ x & x \\ge a \\end{cases}');
    expect(print(ops.select(ops.and(ops.lt(a, x), ops.le(x, ops.constant(1))), a, x))).toBe(
      '\\begin{cases} a & a < x \\text{ and } x \\le 1 \\\\ x & \\text{otherwise} \\end{cases}',
    );
    expect(() => ops.not(ops.and(ops.lt(a, x), ops.lt(x, a)))).toThrow(RangeError);
  });
});

describe('parameter names', () => {
  it.each([
    ['alpha', '\\alpha'],
    ['w', 'w'],
    ['t_period', 't_{\\text{period}}'],
    ['T_period', 'T_{\\text{period}}'],
    ['slope', '\\text{slope}'],
    ['grad_scale', '\\text{grad\\_scale}'],
  ])('%s is %s', (name, expected) => {
    expect(parameterLatex(name)).toBe(expected);
  });
});
