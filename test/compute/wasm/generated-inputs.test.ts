import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broadcastValues, toRowMajor } from '../../../src/codecs/ndarray.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { ThreadedReference } from '../../../src/compute/backends/reference/threaded-reference.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { linspace, materialize, type Numbers } from '../../../src/compute/numbers.ts';
import { jobBytes } from '../../../src/compute/job-size.ts';
import type { Job, NeuronProblem, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { neuronBlock } from '../../../src/compute/long-run.ts';
import { inline, lifProblem, resultOf } from '../support/jobs.ts';
import { differentiable, recordable, type LifChanges } from '../support/lif-problem.ts';
import { oneIn } from '../../thorough.ts';

const neurons = 37;
const steps = 29;

const perNeuron = (first: number, last: number): NeuronQuantity => ({ per: 'neuron', values: linspace(first, last, neurons) });
const repeated = (row: Numbers): Quantity => ({
  per: 'step',
  values: broadcastValues({ shape: [1, steps], values: row }, [neurons, steps]),
});
const transposed: Quantity = { per: 'step', values: toRowMajor(materialize(linspace(0, 2.5, neurons * steps)), [neurons, steps]) };
const everywhere: LifChanges = {
  tau: perNeuron(8, 13.7),
  v_threshold: perNeuron(0.8, 1.1),
  v_reset: perNeuron(0.1, -0.2),
  v_rest: perNeuron(0, 0.07),
  resistance: perNeuron(1, 1.3),
  v_init: perNeuron(0, 0.9),
};
const surrogates = [
  { name: 'sigmoid', parameters: { alpha: 4 } },
  { name: 'erf', parameters: { alpha: 2 } },
];

const problems: Readonly<Record<string, NeuronProblem>> = {
  'a linspace of currents': lifProblem(neurons, steps, { ...everywhere, current: perNeuron(0.3, 3), refractorySteps: 2 }),
  'a row of currents': lifProblem(neurons, steps, {
    ...everywhere,
    current: repeated(Float64Array.from({ length: steps }, (_, t) => 0.3 + t / 9)),
    integration: 'exponential',
  }),
  'a row that is a linspace': lifProblem(neurons, steps, { current: repeated(linspace(0.1, 3, steps)) }),
  'currents in Fortran order': lifProblem(neurons, steps, { ...everywhere, current: transposed }),
};
const x = linspace(-1, 1, 60);

const jobs: (readonly [string, Job])[] = [
  ['x', { kind: 'surrogate_eval', x, surrogates, outputs: { spike: true, value: true } }],
  [
    'x and cotangents',
    { kind: 'surrogate_grad', x, surrogates, cotangent: broadcastValues({ shape: [1, 10], values: linspace(-2, 3, 10) }, [6, 10]) },
  ],
  [
    'x and one cotangent for all',
    { kind: 'surrogate_grad', x, surrogates, cotangent: broadcastValues({ shape: [1], values: Float64Array.of(0.1) }, [60]) },
  ],
  ...Object.entries(problems).flatMap(([name, problem]): (readonly [string, Job])[] => {
    const grad = { kind: 'lif_grad', problem, surrogates, wrt: differentiable } as const;
    return [
      [`${name}, forward`, { kind: 'lif_simulate', problem, record: new Set(recordable) }],
      [`${name} and targets`, { ...grad, loss: { type: 'firing_rate_mse', target: perNeuron(10, 300) } }],
      [`${name} and cotangents`, { ...grad, loss: { type: 'cotangent', spikes: transposed, v: repeated(linspace(-1, 1, steps)) } }],
      [`${name} in a block`, { ...grad, problem: neuronBlock(problem, 5, 23), loss: { type: 'spike_count' } }],
    ];
  }),
];

/** The same data with all numbers there. */
function explicit<Data>(data: Data): Data {
  const copy = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null || ArrayBuffer.isView(node) || node instanceof Set) return node;
    if ('generate' in node) return materialize(node as Numbers);
    return Array.isArray(node) ? node.map(copy) : Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(data) as Data;
}

const backends: (readonly [string, () => Promise<Backend>])[] = [
  ['wasm', () => WasmBackend.create(inline)],
  ['wasm in threads', () => WasmBackend.create({ threads: 2, inlineNanoseconds: 0 })],
  ['the reference', () => Promise.resolve(new ReferenceBackend())],
  ['the reference in a thread', () => Promise.resolve(new ThreadedReference({ inlineMs: 0 }))],
];

describe.each(backends)('numbers that are described are computed with as if they had been sent, by %s', (_, open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend.close());

  it.each(oneIn(2, jobs))('%s', async (_name, job) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const described = await resultOf(backend, { ...job, dtype });
      expect(described).toEqual(await resultOf(backend, { ...explicit(job), dtype }));
    }
  });
});

describe('a large job', () => {
  const many = 2 ** 20;
  const large = (changes: LifChanges = {}): NeuronProblem =>
    lifProblem(many, 1, {
      current: { per: 'neuron', values: linspace(0, 3, many) },
      tau: { per: 'neuron', values: linspace(9, 10, many) },
      ...changes,
    });
  const grad = { kind: 'lif_grad', surrogates: surrogates.slice(0, 1), loss: { type: 'spike_count' }, wrt: differentiable } as const;
  let backend: WasmBackend;
  beforeAll(async () => {
    backend = await WasmBackend.create({ threads: 2 });
  });
  afterAll(() => backend.close());

  it('has its numbers made in slices, between which it can be stopped', async () => {
    const arena = new Arena();
    const controller = new AbortController();
    const reason = new Error('the client is gone');
    const running = backend.run({ kind: 'lif_simulate', problem: large(), record: new Set(['v_final']) }, arena, controller.signal);
    setImmediate(() => {
      controller.abort(reason);
    });
    await expect(running).rejects.toBe(reason);
    let made = 0;
    for (const value of arena.floats(0, arena.byteLength / 4)) made += Number(value !== 0);
    expect(made).toBeGreaterThan(0);
    // Of twice as many.
    expect(made).toBeLessThan(many / 2);
  });

  it.each(oneIn(2, ['float32', 'float64'] as const))('is the same in slices as in one go, of %s', async (dtype) => {
    const atOnce = await WasmBackend.create(inline);
    const sum = (job: Job) => ({ ...job, dtype });
    try {
      const forward: Job = {
        kind: 'lif_simulate',
        problem: large({ current: { per: 'scalar', value: 11 } }),
        record: new Set(['firing_rates', 'spike_times', 'v_final']),
      };
      for (const job of [
        sum({ ...grad, problem: large() }),
        sum({ ...grad, problem: large({ tau: { per: 'scalar', value: 10 } }) }),
        sum(forward),
      ]) {
        const [sliced, whole] = [await resultOf(backend, job), await resultOf(atOnce, job)];
        expect(sizesOf(sliced)).toEqual(sizesOf(whole));
        expect(digest(sliced)).toEqual(digest(whole));
      }
    } finally {
      await atOnce.close();
    }
  });

  const wide = 2 ** 20;
  const one = (values: Numbers): NeuronProblem => lifProblem(1, wide, { current: { per: 'step', values } });
  it.each<[string, Job]>([
    ['gradients of all quantities', { ...grad, problem: large() }],
    [
      'one neuron over many steps, with cotangents',
      {
        ...grad,
        wrt: ['current'],
        problem: one(linspace(0, 3, wide)),
        loss: {
          type: 'cotangent',
          spikes: { per: 'step', values: linspace(0, 1, wide) },
          v: { per: 'step', values: linspace(1, 0, wide) },
        },
      },
    ],
    [
      'records of one neuron over many steps',
      { kind: 'lif_simulate', problem: one(linspace(0, 3, wide)), record: new Set(['spikes', 'v', 'v_pre']) },
    ],
    [
      'spike times of many neurons',
      { kind: 'lif_simulate', problem: large({ current: { per: 'scalar', value: 11 } }), record: new Set(['spike_times']) },
    ],
    [
      'x and cotangents',
      {
        kind: 'surrogate_grad',
        x: linspace(-1, 1, many),
        surrogates,
        cotangent: broadcastValues({ shape: [1], values: Float64Array.of(2) }, [many]),
      },
    ],
  ])('takes no more memory than is reckoned: %s', async (_, job) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const arena = new Arena();
      const before = arena.byteLength;
      await backend.run({ ...job, dtype }, arena);
      expect(arena.byteLength - before).toBeLessThan(jobBytes({ ...job, dtype }));
    }
  });
});

/** Every array of a result, by its path. */
function arraysOf(node: unknown, path = ''): [string, Uint8Array | Int32Array | Float32Array | Float64Array][] {
  if (node instanceof Uint8Array || node instanceof Int32Array || node instanceof Float32Array || node instanceof Float64Array)
    return [[path, node]];
  if (typeof node === 'number') return [[path, Float64Array.of(node)]];
  return Object.entries(node as object).flatMap(([key, child]) => arraysOf(child, `${path}/${key}`));
}

function sizesOf(result: unknown): unknown {
  return arraysOf(result).map(([path, { length }]) => [path, length]);
}

/** Hashes that differ when one of the arrays' does: toEqual would print millions of numbers. */
function digest(result: unknown): unknown {
  return arraysOf(result).map(([path, { buffer, byteOffset, byteLength }]) => [
    path,
    createHash('sha256')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex'),
  ]);
}
