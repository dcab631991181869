import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { defineProgram, modelOf } from '../../../src/compute/backends/tensorflow/program.ts';
import { encodeSavedModel } from '../../../src/compute/backends/tensorflow/saved-model.ts';
import { TensorFlowThread } from '../../../src/compute/backends/tensorflow/tensorflow-thread.ts';
import type { Algebra } from '../../../src/compute/algebra.ts';
import { float64Algebra } from '../../../src/compute/float64-algebra.ts';

type Formula = <V, M>(ops: Algebra<V, M>, a: V) => V;

const formulas: Readonly<Record<string, Formula>> = {
  exp: (ops, a) => ops.exp(a),
  floor: (ops, a) => ops.floor(a),
  'exprel of a wider number': (ops, a) => ops.narrow(ops.exprel(ops.widen(a))),
  or: (ops, a) => {
    const one = ops.constant(1);
    return ops.select(ops.or(ops.lt(a, ops.neg(one)), ops.le(one, a)), one, ops.mul(a, ops.constant(0)));
  },
  // The square of 1e-30 is no float32.
  'a square between widen and narrow': (ops, a) => ops.narrow(ops.sqrt(ops.mul(ops.widen(a), ops.widen(a)))),
};

const points = Float32Array.from([0, 1e-30, -1e-30, ...Array.from({ length: 401 }, (_, i) => i / 2 - 100.25), 711, 1000, -1000]);

describe.skipIf(inject('noTensorFlow'))('TensorFlow', () => {
  let thread: TensorFlowThread;
  beforeAll(async () => {
    thread = await TensorFlowThread.start();
  });
  afterAll(() => thread.stop());

  it.each(Object.entries(formulas))('%s is what float64 gives, rounded to float32', async (key, formula) => {
    const program = defineProgram((graph) => ({ result: formula(graph, graph.input('a', 'float32')) }));
    const model = encodeSavedModel(modelOf(program, { xla: false }));
    const a = { type: 'float32', shape: [points.length], data: points.slice() } as const;
    const { outputs } = await thread.run({ key, model, release: [], inputs: { a } });
    const faults = Array.from(points, (point, i) => ({
      point,
      actual: outputs.result?.[i] ?? NaN,
      expected: Math.fround(formula(float64Algebra, point)),
    })).filter(
      // Below float32's normal numbers a result may be 0.
      ({ actual, expected }) => actual !== expected && !(Math.abs(actual - expected) <= 1e-6 * Math.abs(expected) + 1.2e-38),
    );
    expect(faults).toEqual([]);
  });
});
