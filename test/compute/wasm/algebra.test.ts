import { beforeAll, describe, expect, it } from 'vitest';
import { demandsOf } from '../../../bench/transcendentals.ts';
import type { Algebra } from '../../../src/compute/algebra.ts';
import { Graph } from '../../../src/compute/backends/wasm/ir/graph.ts';
import { f32x4, f64x2, vectorsOf, type LaneType } from '../../../src/compute/backends/wasm/ir/lanes.ts';
import { instanceIn, KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import { elementwiseKernel, surrogateGradKernel } from '../../../src/compute/backends/wasm/kernels/surrogate-kernel.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { float64Algebra } from '../../../src/compute/float64-algebra.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import { surrogateShape } from '../../../src/compute/surrogates/shape.ts';
import { withDefaults } from '../support/parameter-sets.ts';

type Formula = <V, M>(ops: Algebra<V, M>, a: V) => V;

let kernels: KernelCache;
beforeAll(async () => {
  kernels = await KernelCache.create();
});

/** A formula's value at each point rounded to the lanes' type: computed by a kernel, and in float64. */
function evaluate(lanes: LaneType, formula: Formula, points: readonly number[]) {
  const kernel = kernels.get(`${lanes.name} ${formula.toString()}`, () =>
    elementwiseKernel(lanes, ['a'], (graph) => [{ array: 'result', node: formula(graph, graph.leaf('a', 'step')), as: 'float' }]),
  );
  const rounded = points.map(lanes.round);
  const arena = new Arena();
  const vectors = vectorsOf(points.length, lanes);
  const aArray = arena.put(lanes.dtype, Float64Array.from(rounded), lanes.count * vectors);
  const result = arena.allocate(16 * vectors);
  instanceIn(arena, kernel)(kernel.layout.write(arena, { aArray, result }, {}), 0, 0, vectors);
  const actual = arena.numbers(lanes.dtype, result, points.length);
  return rounded.map((a, i) => ({ a, actual: actual[i]!, expected: formula(float64Algebra, a) }));
}

/** Points where the kernel's value is off by more than a relative error, or not the same where float64's value is not finite or 0. */
function faults(results: ReturnType<typeof evaluate>, relativeError: (a: number) => number) {
  return results.filter(({ a, actual, expected }) =>
    Number.isFinite(expected) ? !(Math.abs(actual - expected) <= relativeError(a) * Math.abs(expected)) : !Object.is(actual, expected),
  );
}

const range = (low: number, high: number, count: number) => Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const aroundZero = range(-40, 0, 81).flatMap((exponent) => [10 ** exponent, -(10 ** exponent)]);

const exp: Formula = (ops, a) => ops.exp(a);

describe('exp', () => {
  it('in float32 lanes: 4e-7 and what rounding the argument loses', () => {
    const results = evaluate(f32x4, exp, [0, -0, ...aroundZero, ...range(-86.9, 88.722, 4001), NaN]);
    expect(faults(results, (a) => 4e-7 + 1e-7 * Math.abs(a))).toEqual([]);
  });

  it('in float64 lanes: 8 halves of a unit in the last place', () => {
    const results = evaluate(f64x2, exp, [0, -0, ...aroundZero, ...range(-708, 709.78, 4001), 709.782712893383, NaN]);
    expect(faults(results, () => 8 * 2 ** -53)).toEqual([]);
  });

  it.each([
    [f32x4, 88.73],
    [f64x2, 709.79],
  ])('in $name lanes: Infinity from $1 on, where it overflows', (lanes, overflow) => {
    const results = evaluate(lanes, exp, [overflow, overflow + 0.3, overflow + 1, 1000, 1e6, 3e38, Infinity]);
    expect(results.map(({ actual }) => actual)).toEqual(results.map(() => Infinity));
  });

  it.each([
    [f32x4, -88],
    [f64x2, -709],
  ])('in $name lanes: 0 from $1 on, where it underflows', (lanes, underflow) => {
    const results = evaluate(lanes, exp, [underflow, underflow - 1, -1000, -1e6, -3e38, -Infinity]);
    expect(results.map(({ actual }) => actual)).toEqual(results.map(() => 0));
  });

  it('of a uniform factor and a distance too', () => {
    const results = evaluate(f32x4, (ops, a) => ops.exp(ops.mul(ops.constant(3), ops.abs(a))), range(-40, 40, 801));
    const expected = results.map((result) => ({ ...result, expected: result.expected > f32x4.largest ? Infinity : result.expected }));
    expect(faults(expected, (a) => 4e-7 + 3e-7 * Math.abs(a))).toEqual([]);
  });

  it('has no upper bound to apply in the gradient of a surrogate: its argument is never positive', () => {
    const names = [...catalogue.values()].filter((definition) => {
      const { transcendentals, float64 } = demandsOf(withDefaults(definition));
      return transcendentals.includes('exp') && !float64;
    });
    expect(names.length).toBeGreaterThan(10);
    const bounded = names.filter((definition) => {
      const { operations } = surrogateGradKernel(f32x4, surrogateShape(withDefaults(definition)), 'one');
      return (operations['f32x4.pmin'] ?? 0) > 0;
    });
    expect(bounded.map(({ name }) => name)).toEqual([]);
  });
});

describe('exprel', () => {
  const exprel: Formula = (ops, a) => ops.narrow(ops.exprel(ops.widen(a)));
  const points = [0, -0, ...aroundZero, ...range(-3, 3, 601), ...range(-1000, 80, 2001), -1e6, -1e30, -Infinity, NaN];

  it('of a wider number in float32 lanes: to the last bit', () => {
    expect(faults(evaluate(f32x4, exprel, points), () => 2 ** -24)).toEqual([]);
  });

  it('in float64 lanes: 8 halves of a unit in the last place', () => {
    expect(faults(evaluate(f64x2, exprel, [...points, ...range(80, 709.78, 2001)]), () => 8 * 2 ** -53)).toEqual([]);
  });

  it.each([f32x4, f64x2])('in $name lanes: Infinity where e^a overflows', (lanes) => {
    const results = evaluate(lanes, exprel, [709.8, 711, 1000, 1e6, 3e38]);
    expect(results.map(({ actual }) => actual)).toEqual(results.map(() => Infinity));
  });

  it('in float32 lanes: 1e-6 and what rounding the argument loses', () => {
    const narrow: Formula = (ops, a) => ops.exprel(a);
    const results = evaluate(f32x4, narrow, [0, -0, ...aroundZero, ...range(-3, 3, 601), ...range(-86, 88.7, 4001), -1e6, NaN]);
    expect(faults(results, (a) => 1e-6 + 2e-7 * Math.abs(a))).toEqual([]);
  });
});

describe('a function without a form in float32 lanes', () => {
  it('is refused there', () => {
    const graph = new Graph(f32x4);
    expect(() => graph.log1p(graph.leaf('a', 'step'))).toThrow('log1p is not written for float32 lanes');
  });
});

describe('factors that are the same for all neurons', () => {
  const graph = new Graph(f32x4);
  const [a, k, tau] = [graph.leaf('a', 'step'), graph.parameter('k'), graph.parameter('tau')];
  const inverse = graph.div(graph.constant(1), tau);

  it('become one', () => {
    expect(graph.mul(k, graph.div(a, tau))).toBe(graph.mul(graph.mul(k, inverse), a));
    expect(graph.mul(graph.constant(-1), a)).toBe(graph.neg(a));
  });

  it('divide in float64 lanes', () => {
    const wide = new Graph(f64x2);
    expect(wide.div(wide.leaf('a', 'step'), wide.parameter('tau')).op).toBe('div');
  });
});

describe.each([f32x4, f64x2])('in $name lanes', (lanes) => {
  const points = [...range(-3, 3, 61), ...aroundZero, 8388607.5, -8388607.5, 2 ** 40, -3e38, Infinity, -Infinity, NaN];
  const expectExact = (formula: Formula) => {
    const results = evaluate(lanes, formula, points);
    expect(results.map(({ actual }) => actual)).toEqual(results.map(({ expected }) => expected));
  };

  it('floor rounds towards -Infinity', () => {
    expectExact((ops, a) => ops.floor(a));
  });

  it('or is true where either of two is', () => {
    expectExact((ops, a) => {
      const one = ops.constant(1);
      return ops.select(ops.or(ops.lt(a, ops.neg(one)), ops.le(one, a)), one, ops.constant(0));
    });
  });

  it('widen and narrow lead back to the same number', () => {
    expectExact((ops, a) => ops.narrow(ops.widen(a)));
  });
});

it('computes with the digits of float64 between widen and narrow', () => {
  const formula: Formula = (ops, a) => ops.narrow(ops.sub(ops.add(ops.widen(a), ops.constant(2 ** 27)), ops.constant(2 ** 27)));
  expect(evaluate(f32x4, formula, [0.75]).map(({ actual }) => actual)).toEqual([0.75]);
});

it('refuses to mix float32 and float64 lanes', () => {
  const graph = new Graph(f32x4);
  const a = graph.leaf('a', 'step');
  expect(() => graph.add(graph.widen(a), a)).toThrow('add of float32 and float64 lanes');
});
