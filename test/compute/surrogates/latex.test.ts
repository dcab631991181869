import katex from 'katex';
import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { catalogue, flatParameters, numericParameters } from '../../../src/compute/surrogates/catalogue.ts';
import { defineFormula, steepness } from '../../../src/compute/surrogates/define.ts';
import { evaluateLatex } from '../support/evaluate-latex.ts';
import { surrogateWith } from '../support/parameter-sets.ts';

const definitions = [...catalogue.values()];

describe('the LaTeX of a surrogate', () => {
  it.each(definitions)('$name is printed by KaTeX', ({ latex }) => {
    for (const text of [latex.grad, latex.value]) {
      expect(katex.renderToString(text, { displayMode: true, throwOnError: true, strict: 'error' })).toContain('katex');
    }
  });

  it.each(definitions)('$name says what is computed', (definition) => {
    // Different from each other, so that no name can stand in another's place, and never 0.
    let count = 0;
    const varied = (number: number): number => {
      count++;
      return (number === 0 ? 0.3 : number) * (1 + count / 10);
    };
    const surrogate = surrogateWith(definition, ({ default: usual, integer }) => {
      if (integer) return 3;
      return typeof usual === 'number' ? varied(usual) : usual.map(varied);
    });
    const functions = surrogateFunctions(surrogate);
    const numbers = flatParameters(surrogate.parameters);
    const { lists } = numericParameters(definition, surrogate.parameters);
    for (const formula of ['grad', 'value'] as const) {
      for (const x of [-2.3, -1.1, -0.4, -0.05, 0, 0.07, 0.6, 1, 1.3, 2.9]) {
        const threshold = definition.scalesWithThreshold ? 1.7 : 1;
        const says = evaluateLatex(definition.latex[formula], { ...numbers, x, theta: threshold }, { lists, g: functions.grad });
        const computed = functions[formula](x, threshold);
        expect(says, `latex.${formula} and ${formula} differ at ${JSON.stringify({ x, ...surrogate.parameters })}`).toBeCloseTo(
          computed,
          12,
        );
      }
    }
  });
});

describe('a formula under a library’s names', () => {
  const exponential = defineFormula({
    family: 'a family',
    summary: 'Falls with #rate.',
    parameters: { rate: steepness('1 / #rate is the width') },
    grad: (ops, x, { p }) => ops.exp(ops.mul(ops.neg(p.rate), ops.abs(x))),
    value: (_, x) => x,
    latex: { grad: 'e^{-#rate \\, |x|}', value: '#rate' },
  });

  it.each([
    ['alpha', '\\alpha'],
    ['w', 'w'],
    ['t_period', 't_{\\text{period}}'],
    ['T_period', 'T_{\\text{period}}'],
    ['slope', '\\text{slope}'],
    ['grad_scale', '\\text{grad\\_scale}'],
  ])('writes %s as %s', (name, symbol) => {
    const { latex, summary, parameters } = exponential({ rate: [name, 2] });
    expect(latex).toEqual({ grad: `e^{-${symbol} \\, |x|}`, value: symbol });
    expect(summary).toBe(`Falls with ${name}.`);
    expect(parameters).toMatchObject({ [name]: { default: 2, meaning: `1 / ${name} is the width`, formulaName: 'rate' } });
  });

  it('keeps its own names where only defaults are given', () => {
    expect(Object.keys(exponential({ rate: 3 }).parameters)).toEqual(['rate']);
  });

  it('may name its parameters only', () => {
    const wrong = defineFormula({
      family: 'a family',
      summary: 'Nothing.',
      parameters: {},
      grad: (ops) => ops.constant(0),
      value: (_, x) => x,
      latex: { grad: '#alpha', value: '0' },
    });
    expect(() => wrong({})).toThrow('#alpha in "#alpha" is no parameter of the formula');
  });
});

describe('the evaluator of LaTeX', () => {
  it.each([
    ['\\frac{1}{2} x^2 - -x', Number.NaN],
    ['\\frac{1}{2} \\, x^2 + 2 x', 16],
    ['\\left|1 - x\\right| + |2 - x|', 5],
    ['e^{-|x|/4} \\sqrt{4 x}', 4 / Math.E],
    ['\\sum_{i=1}^{3} \\left(2 i - 1\\right) x', 36],
    ['\\begin{cases} 1 & x < 4 \\\\ x^{3/2} & x \\ge 4 \\end{cases}', 8],
    ['\\begin{cases} y_{i+1} & y_i \\le x \\le y_{i+1} \\\\ 0 & \\text{otherwise} \\end{cases}', 5],
    ['\\int_0^x g\\left(t\\right) \\, dt', 8],
  ])('reads %s', (latex, expected) => {
    if (Number.isNaN(expected)) expect(() => evaluateLatex(latex, { x: 4 })).toThrow('no value for "-"');
    else expect(evaluateLatex(latex, { x: 4 }, { lists: { y: [1, 3, 5, 7] }, g: (t) => t })).toBeCloseTo(expected, 14);
  });
});
