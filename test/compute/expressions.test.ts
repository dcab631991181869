import { describe, expect, it } from 'vitest';
import { evaluator, ExpressionGraph, reachable } from '../../src/compute/expressions.ts';
import { float64Algebra } from '../../src/compute/float64-algebra.ts';

const graph = new ExpressionGraph();
const [a, b, zero, one] = [graph.leaf('a'), graph.leaf('b'), graph.constant(0), graph.constant(1)];
const mask = graph.lt(a, b);

describe('an expression graph', () => {
  it('has equal expressions once', () => {
    expect(graph.mul(graph.add(a, b), a)).toBe(graph.mul(graph.add(a, b), a));
    expect(graph.leaf('a')).toBe(a);
    expect(graph.constant(-0)).toBe(zero);
    expect(graph.oddSines(a, 2)).not.toBe(graph.oddSines(a, 3));
  });

  it.each([
    ['a + 0', graph.add(a, zero), a],
    ['0 + a', graph.add(zero, a), a],
    ['a - 0', graph.sub(a, zero), a],
    ['a - a', graph.sub(a, a), zero],
    ['0 - a', graph.sub(zero, a), graph.neg(a)],
    ['a 1', graph.mul(a, one), a],
    ['1 a', graph.mul(one, a), a],
    ['a 0', graph.mul(a, zero), zero],
    ['0 a', graph.mul(zero, a), zero],
    ['a / 1', graph.div(a, one), a],
    ['0 / a', graph.div(zero, a), zero],
    ['a / a', graph.div(a, a), one],
    ['(a b) / a', graph.div(graph.mul(a, b), a), b],
    ['((b a) b) / a', graph.div(graph.mul(graph.mul(b, a), b), a), graph.mul(b, b)],
    ['-(-a)', graph.neg(graph.neg(a)), a],
    ['-(3)', graph.neg(graph.constant(3)), graph.constant(-3)],
    ['not not', graph.not(graph.not(mask)), mask],
    ['select(m, a, a)', graph.select(mask, a, a), a],
    ['select(not m, a, b)', graph.select(graph.not(mask), a, b), graph.select(mask, b, a)],
    ['select(m, a, 0) + select(m, 0, a)', graph.add(graph.select(mask, a, zero), graph.select(mask, zero, a)), a],
    ['select(m, 0, a) + select(m, a, 0)', graph.add(graph.select(mask, zero, a), graph.select(mask, a, zero)), a],
  ])('folds %s', (_, folded, expected) => {
    expect(folded).toBe(expected);
  });

  it('keeps what is a sum of two values', () => {
    expect(graph.add(graph.select(mask, a, zero), graph.select(mask, zero, b)).op).toBe('add');
  });

  it('lists what is reachable, arguments first', () => {
    const root = graph.add(graph.mul(a, b), graph.exp(a));
    const found = reachable([root]);
    expect(found.at(-1)).toBe(root);
    for (const { id, args } of found) for (const argument of args) expect(argument.id).toBeLessThan(id);
    expect(found).toEqual(expect.arrayContaining([a, b]));
  });
});

describe('an evaluator', () => {
  it('computes each expression once, and marks as what they mark', () => {
    let leaves = 0;
    const evaluate = evaluator({
      ops: float64Algebra,
      leaf: (name) => {
        leaves++;
        return name === 'a' ? 3 : 5;
      },
      surrogate: { grad: (x, threshold) => x / threshold, value: (x) => x, slope: (parameter, x) => x + parameter.length },
    });
    const spike = graph.spike(mask, a, b);
    expect(evaluate(graph.select(spike, graph.mul(a, b), a))).toBe(15);
    expect(evaluate(graph.detach(graph.substitute(a, b)))).toBe(3);
    expect(evaluate(graph.surrogateGrad(a, b))).toBe(0.6);
    expect(evaluate(graph.surrogateSlope('alpha', a, b))).toBe(8);
    expect(leaves).toBe(2);
  });
});
