import initWabt from 'wabt';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { writeRunningTotals } from '../../../src/compute/backends/wasm/neuron-jobs.ts';
import { chunkEnd } from '../../../src/compute/backends/wasm/codegen/vector-wat.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { Dtype, Job } from '../../../src/compute/jobs.ts';
import { lifProblem, perStep, resultOf, variedNeurons } from '../support/jobs.ts';
import { differentiable, recordable } from '../support/lif-problem.ts';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await WasmBackend.create({ threads: 2, inlineNanoseconds: 0 });
});
afterAll(() => backend.close());

const neurons = 37;
const steps = 600;

function jobs(dtype: Dtype): [string, Job][] {
  const problem = lifProblem(neurons, steps, {
    ...variedNeurons(neurons),
    refractorySteps: 2,
    current: perStep(neurons, steps, (i) => 1 + (i % 97) / 97),
  });
  const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];
  const x = Float64Array.from({ length: 10_001 }, (_, i) => i / 5000 - 1);
  return [
    [
      'gradients',
      {
        kind: 'lif_grad',
        dtype,
        problem,
        surrogates,
        loss: { type: 'cotangent', spikes: problem.current, v: problem.current },
        wrt: differentiable,
      },
    ],
    ['a run', { kind: 'lif_simulate', dtype, problem, record: new Set(recordable) }],
    ['surrogates', { kind: 'surrogate_eval', dtype, x, surrogates, outputs: { spike: true, value: true } }],
    ['surrogate gradients', { kind: 'surrogate_grad', dtype, x, surrogates, cotangent: x }],
  ];
}

describe.each([
  ['across 2 GiB', 2 ** 31 - 50_000],
  ['beyond 2 GiB', 2 ** 31 + 1_000_000],
  ['up to 4 GiB', 2 ** 32 - 12_000_000],
])('memory %s', (_, from) => {
  const arena = new Arena();
  it.each([
    ...jobs('float32').map((named) => [...named, 'float32'] as const),
    ...jobs('float64').map((named) => [...named, 'float64'] as const),
  ])('gives the same numbers: %s', async (_, job) => {
    arena.reset();
    arena.extend(from);
    const { result } = await backend.run(job, arena);
    expect(arena.mark()).toBeGreaterThan(from);
    expect(result).toEqual(await resultOf(backend, job));
  });
});

describe('a chunk of steps', () => {
  it('ends where the run does, also at the last step that an int32 counts', async () => {
    const wabt = await initWabt();
    const text = `(module (func (export "end") (param $from i32) (param $steps i32) (result i32) ${chunkEnd('(local.get $from)', '(local.get $steps)', 256)}))`;
    const { buffer } = wabt.parseWat('chunk', text).toBinary({});
    const { end } = new WebAssembly.Instance(new WebAssembly.Module(buffer as Uint8Array<ArrayBuffer>), { env: {} as never }).exports as {
      end: (from: number, steps: number) => number;
    };
    const maxSteps = 2 ** 31 - 1;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: maxSteps }), fc.nat(), (runSteps, position) => {
        const from = position % runSteps;
        expect(end(from, runSteps)).toBe(Math.min(from + 256, runSteps));
      }),
      {
        examples: [
          [maxSteps, maxSteps - 1],
          [maxSteps, maxSteps - 255],
          [maxSteps, maxSteps - 256],
          [maxSteps, maxSteps - 257],
          [1, 0],
          [256, 0],
          [257, 0],
        ],
      },
    );
  });
});

describe('spike times', () => {
  it('are counted up to the largest int32', () => {
    const totals = new Int32Array(4);
    writeRunningTotals(Int32Array.of(3, 0, 4), totals, 0, 2);
    writeRunningTotals(Int32Array.of(3, 0, 4), totals, 2, 3);
    expect(totals).toEqual(Int32Array.of(0, 3, 3, 7));
    writeRunningTotals(Int32Array.of(2 ** 31 - 1, 1, 2 ** 31 - 1), totals, 0, 3);
    expect(totals).toEqual(Int32Array.of(0, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1));
  });
});
