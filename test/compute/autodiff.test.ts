import { describe, expect, it } from 'vitest';
import { jvp, vjp } from '../../src/compute/autodiff.ts';
import { ExpressionGraph, type Expression, type SurrogateFunctions } from '../../src/compute/expressions.ts';
import { float64Algebra } from '../../src/compute/float64-algebra.ts';
import { NumberProgram } from '../../src/compute/number-program.ts';

/** A smooth step with a parameter `alpha` of 2, and its own width for each threshold. */
const surrogate: SurrogateFunctions<number> = {
  value: (x, threshold) => Math.tanh((2 * x) / threshold),
  grad: (x, threshold) => 2 / threshold / Math.cosh((2 * x) / threshold) ** 2,
  slope: (parameter, x, threshold) => (parameter === 'alpha' ? x / threshold / Math.cosh((2 * x) / threshold) ** 2 : NaN),
};

type Values = Readonly<Record<string, number>>;

function evaluate(roots: readonly Expression[], values: Values): number[] {
  const program = new NumberProgram(roots, float64Algebra, surrogate);
  const results = new Array<number>(roots.length).fill(NaN);
  program.run(
    program.leaves.map((leaf) => values[leaf]!),
    results,
  );
  return results;
}

type Build = (graph: ExpressionGraph, a: Expression, b: Expression) => Expression;

const operations: Readonly<Record<string, Build>> = {
  add: (graph, a, b) => graph.add(a, b),
  sub: (graph, a, b) => graph.sub(a, b),
  mul: (graph, a, b) => graph.mul(a, b),
  div: (graph, a, b) => graph.div(a, b),
  neg: (graph, a) => graph.neg(a),
  abs: (graph, a) => graph.abs(graph.neg(a)),
  min: (graph, a, b) => graph.min(a, b),
  max: (graph, a, b) => graph.max(a, b),
  sqrt: (graph, a) => graph.sqrt(a),
  floor: (graph, a, b) => graph.add(graph.floor(a), b),
  exp: (graph, a) => graph.exp(graph.neg(a)),
  expm1: (graph, a) => graph.expm1(a),
  log: (graph, a) => graph.log(a),
  log1p: (graph, a) => graph.log1p(a),
  exprel: (graph, a, b) => graph.exprel(graph.sub(a, b)),
  'exprel near 0': (graph, a) => graph.exprel(graph.mul(a, graph.constant(1e-3))),
  atan: (graph, a) => graph.atan(a),
  erfc: (graph, a) => graph.erfc(a),
  oddSines: (graph, a) => graph.oddSines(graph.mul(a, graph.constant(0.1)), 4),
  widen: (graph, a) => graph.widen(a),
  narrow: (graph, a) => graph.narrow(a),
  select: (graph, a, b) => graph.select(graph.lt(a, b), graph.mul(a, a), b),
  'select by le, and, or, not': (graph, a, b) =>
    graph.select(graph.and(graph.le(b, a), graph.or(graph.not(graph.lt(b, a)), graph.lt(b, a))), graph.mul(a, b), a),
  surrogateValue: (graph, a, b) => graph.surrogateValue(graph.sub(a, b), graph.constant(1.5)),
  'an expression used twice': (graph, a, b) => {
    const shared = graph.exp(graph.mul(a, b));
    return graph.mul(graph.add(shared, a), graph.div(shared, b));
  },
};

const points: readonly Values[] = [
  { a: 0.7, b: 1.9 },
  { a: 2.3, b: 0.6 },
];

/** The derivative of f at x, to the fourth order. */
function slope(f: (x: number) => number, x: number): number {
  const h = 1e-3;
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

describe('the derivatives of every operation', () => {
  it.each(Object.entries(operations))('%s', (_, build) => {
    const graph = new ExpressionGraph();
    const [a, b] = [graph.leaf('a'), graph.leaf('b')];
    const output = build(graph, a, b);
    const one = graph.constant(1);
    const backward = vjp(graph, [[output, one]], [a, b]);
    const forward = [jvp(graph, [output], [[a, one]])[0]!, jvp(graph, [output], [[b, one]])[0]!];
    for (const point of points) {
      const expected = (['a', 'b'] as const).map((name) => slope((x) => evaluate([output], { ...point, [name]: x })[0]!, point[name]!));
      for (const derivatives of [backward, forward]) {
        const actual = evaluate(derivatives, point);
        for (const [i, value] of expected.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
      }
    }
  });
});

describe('spikes', () => {
  const at = { x: 0.3, y: 0.8, alpha: 2 };

  function derivatives(build: (graph: ExpressionGraph, x: Expression, y: Expression, spike: Expression) => Expression, names = ['x', 'y']) {
    const graph = new ExpressionGraph();
    const [x, y] = [graph.leaf('x'), graph.leaf('y')];
    const spike = graph.spike(graph.le(graph.constant(0), x), x, y);
    return evaluate(
      vjp(
        graph,
        [[build(graph, x, y, spike), graph.constant(1)]],
        names.map((name) => graph.leaf(name)),
      ),
      at,
    );
  }
  const g = surrogate.grad(at.x, at.y);

  it("have the surrogate's gradient by their argument, and none by the threshold that sets its width", () => {
    expect(derivatives((graph, _x, _y, spike) => graph.select(spike, graph.constant(3), graph.constant(1)))).toEqual([2 * g, 0]);
  });

  it('count with the same gradient', () => {
    expect(derivatives((graph, x, y) => graph.spikes(graph.floor(x), x, y))).toEqual([g, 0]);
  });

  it('reach through not, and, or as numbers 0 and 1 do', () => {
    const number = (graph: ExpressionGraph, mask: Expression) => graph.select(mask, graph.constant(1), graph.constant(0));
    expect(derivatives((graph, x, y, spike) => number(graph, graph.and(graph.not(graph.lt(y, x)), spike)))).toEqual([g, 0]);
    expect(derivatives((graph, x, y, spike) => number(graph, graph.or(graph.lt(x, y), spike)))).toEqual([0, 0]);
    expect(derivatives((graph, x, y, spike) => number(graph, graph.and(graph.lt(y, x), spike)))).toEqual([0, 0]);
  });

  it('have none where they are detached', () => {
    expect(derivatives((graph, x, y, spike) => graph.select(graph.detachMask(spike), x, y))).toEqual([1, 0]);
    expect(derivatives((graph, x, y) => graph.mul(graph.detach(x), y))).toEqual([0, at.x]);
  });

  it('take the derivatives of what stands in their place', () => {
    expect(derivatives((graph, x, y) => graph.substitute(graph.mul(x, y), graph.add(x, x)))).toEqual([2, 0]);
  });

  it("have the surrogate's slope by its own parameter", () => {
    const slopes = derivatives((graph, _x, _y, spike) => graph.select(spike, graph.constant(3), graph.constant(1)), ['surrogate.alpha']);
    expect(slopes).toEqual([2 * surrogate.slope('alpha', at.x, at.y)]);
  });

  it('have the same derivatives forward', () => {
    const graph = new ExpressionGraph();
    const x = graph.leaf('x');
    const spike = graph.spike(graph.le(graph.constant(0), x), x, graph.leaf('y'));
    const output = graph.select(spike, graph.mul(x, x), graph.constant(1));
    const tangents = jvp(
      graph,
      [output],
      [
        [x, graph.constant(1)],
        [graph.leaf('surrogate.alpha'), graph.constant(0.5)],
      ],
    );
    const change = at.x ** 2 - 1;
    expect(evaluate(tangents, at)[0]).toBeCloseTo(2 * at.x + change * (g + 0.5 * surrogate.slope('alpha', at.x, at.y)), 14);
  });
});

describe('cotangents', () => {
  it('of an output that stands there twice add up', () => {
    const graph = new ExpressionGraph();
    const a = graph.leaf('a');
    const square = graph.mul(a, a);
    const [bar] = vjp(
      graph,
      [
        [square, graph.constant(2)],
        [square, graph.constant(3)],
      ],
      [a],
    );
    expect(evaluate([bar!], { a: 0.5 })).toEqual([5]);
  });

  it('are the constant 0 where no output depends on the input', () => {
    const graph = new ExpressionGraph();
    expect(vjp(graph, [[graph.leaf('a'), graph.constant(1)]], [graph.leaf('b')])).toEqual([graph.constant(0)]);
    expect(jvp(graph, [graph.leaf('a')], [[graph.leaf('b'), graph.constant(1)]])).toEqual([graph.constant(0)]);
  });
});
