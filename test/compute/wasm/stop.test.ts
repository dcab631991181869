import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { WorkerPool } from '../../../src/compute/backends/wasm/threads/worker-pool.ts';
import type { Job, LifGradJob } from '../../../src/compute/jobs.ts';
import { standardNeuron } from '../../../src/compute/standard-jobs.ts';
import { WorkerThreads } from '../../../support/worker-threads.ts';
import { lifProblem } from '../support/jobs.ts';
import { differentiable } from '../support/lif-problem.ts';

const maxSteps = 2 ** 31 - 1;
const sigmoid = { name: 'sigmoid', parameters: { alpha: 4 } };
/** A surrogate whose gradient takes long: most of a job's time is its backward pass. */
const series = { name: 'squarewave_fourier_series', parameters: { n: 64, t_period: 8 } };
const gradient: LifGradJob = {
  kind: 'lif_grad',
  problem: lifProblem(1, maxSteps),
  surrogates: [sigmoid],
  loss: { type: 'spike_count' },
  wrt: ['current'],
};

let threads: WorkerThreads;
let backend: WasmBackend;
beforeEach(async () => {
  threads = new WorkerThreads();
  backend = await WasmBackend.create({ threads: 2 });
});
afterEach(async () => {
  await backend.close();
  threads.close();
});

/** A network whose products and steps take many seconds. */
const network: Job = {
  kind: 'network_grad',
  network: {
    samples: 16,
    inputs: 2000,
    steps: 200,
    dt: 1,
    input: { form: 'dense', values: new Float32Array(6_400_000).fill(0.5) },
    layers: [2000, 2000].map((neurons) => ({
      ...standardNeuron('lif'),
      neurons,
      weight: new Float32Array(2000 * neurons).fill(0.01),
      recurrent: new Float32Array(neurons * neurons).fill(0.01),
      surrogate: sigmoid,
    })),
  },
  loss: { type: 'spike_count' },
  reduction: 'sum',
  wrt: ['layers/0/weight', 'layers/0/recurrent', 'input'],
};

/** Runs a job and stops it some time later. */
async function stop(job: Job, afterMs: number): Promise<void> {
  const controller = new AbortController();
  // Without its result, which would be printed if it came.
  const running = Promise.resolve(backend.run(job, undefined, controller.signal)).then(() => undefined);
  const stopped = expect(running).rejects.toThrow('enough');
  await sleep(afterMs);
  controller.abort(new Error('enough'));
  await stopped;
}

describe('a job that is stopped', () => {
  it.each<[string, Job, number]>([
    ['a gradient over as many steps as there are', gradient, 300],
    [
      'the same in float64, refractory, by all quantities',
      {
        ...gradient,
        dtype: 'float64',
        problem: lifProblem(1, maxSteps, { refractorySteps: 10 }),
        surrogates: [series],
        wrt: differentiable,
      },
      300,
    ],
    ['a gradient in its backward pass', { ...gradient, dtype: 'float64', problem: lifProblem(1, 2 ** 22), surrogates: [series] }, 700],
    [
      'a run over as many steps as there are',
      { kind: 'lif_simulate', problem: lifProblem(1, maxSteps), record: new Set(['spike_counts', 'v_final']) },
      300,
    ],
    [
      'a row of gradients',
      { ...gradient, problem: lifProblem(100, 1_000_000), surrogates: Array.from({ length: 64 }, () => sigmoid) },
      300,
    ],
    ['a network in the sums of its first layer', network, 200],
    ['a network in its recurrent layers', network, 1500],
  ])('frees its threads, which go on with the next: %s', async (_, job, afterMs) => {
    await backend.run({ ...gradient, problem: lifProblem(1, 200_000) });
    const before = threads.running;
    // A kernel that ignored the stop flag would be ended with its thread after a second.
    await stop(job, afterMs);
    await backend.run({ ...gradient, problem: lifProblem(1, 200_000) });
    const { running } = threads;
    expect(before.filter((thread) => !running.includes(thread))).toEqual([]);
  });

  it('does not wait for a slot in the queue', async () => {
    const others = new AbortController();
    const long: Job = { kind: 'lif_simulate', problem: lifProblem(1, maxSteps), record: new Set(['spike_counts']) };
    const running = Array.from({ length: 4 }, () => expect(backend.run(long, undefined, others.signal)).rejects.toThrow('others'));
    await sleep(100);
    await stop(long, 100);
    others.abort(new Error('others'));
    await Promise.all(running);
  });

  it('ends a thread that does not react', async () => {
    // Reports that it has begun, and runs until a word in memory is cleared.
    const text = `(module (import "env" "memory" (memory 1 65536 shared))
      (func (export "run") (param $job i32) (param $scratch i32) (param $from i32) (param $to i32)
        (i32.atomic.store offset=8 (local.get $job) (i32.const 1))
        (loop $forEver (br_if $forEver (i32.atomic.load offset=4 (local.get $job))))))`;
    const kernel = (await KernelCache.create()).get('for ever', () => ({ text, layout: undefined as never, operations: {}, unroll: 1 }));
    const pool = new WorkerPool(1);
    const arena = new Arena();
    const job = arena.allocate(12);
    const words = arena.integers(job, 3).fill(0);
    words[1] = 1;
    const controller = new AbortController();
    const launch = { kernel, argumentBlock: job, vectors: 1, scratchBytes: 16 };
    let isSettled = false;
    const stopped = expect(
      pool.run(arena, launch, { signal: controller.signal }).finally(() => {
        isSettled = true;
      }),
    ).rejects.toThrow('enough');
    while (Atomics.load(words, 2) === 0) await sleep(10);
    const busy = threads.running.at(-1)!;
    controller.abort(new Error('enough'));
    await sleep(500);
    // The memory stays taken while the thread works in it.
    expect(isSettled).toBe(false);
    await stopped;
    expect(threads.running).not.toContain(busy);
    words[1] = 0;
    await pool.run(arena, launch);
    await pool.close();
  });
});
