import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { WorkerLostError } from '../../../src/compute/engine/errors.ts';
import { KernelCache } from '../../../src/compute/backends/wasm/kernel-cache.ts';
import type { Launch } from '../../../src/compute/backends/wasm/launch-steps.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { WorkerPool } from '../../../src/compute/backends/wasm/threads/worker-pool.ts';
import type { LifGradJob, LifSimulateJob } from '../../../src/compute/jobs.ts';
import { threadLosses } from '../../../src/compute/engine/thread-pool.ts';
import { WorkerThreads } from '../../../support/worker-threads.ts';
import { lifProblem, resultOf } from '../support/jobs.ts';
import { isThorough } from '../../thorough.ts';

/** Some hundred milliseconds of work for two threads. */
const long: LifGradJob = {
  kind: 'lif_grad',
  problem: lifProblem(20_000, 2000),
  surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 } }],
  loss: { type: 'spike_count' },
  wrt: ['current', 'tau'],
};
const spikes: LifSimulateJob = {
  kind: 'lif_simulate',
  problem: lifProblem(20_000, 4000, { tau: { per: 'scalar', value: 2000 } }),
  record: new Set(['spike_times', 'v_final']),
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

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a thread that ends while it works', () => {
  it.each([
    ['gradients', long],
    ['spike times, whose kernel changes memory that it reads', spikes],
  ] as const)('does not change the numbers: %s', async (_, job) => {
    const expected = await resultOf(backend, job);
    for (let i = 0; i < (isThorough ? 4 : 2); i++) {
      const running = resultOf(backend, job);
      await sleep(10 + 20 * i);
      expect(threads.running.length).toBeGreaterThan(0);
      await threads.running[i % threads.running.length]!.terminate();
      expect(await running).toEqual(expected);
    }
  });

  it('is replaced, even if it has just been started or none is left', async () => {
    for (let i = 0; i < (isThorough ? 5 : 2); i++) {
      await Promise.all(threads.running.map((worker) => worker.terminate()));
      await expect(backend.run(long)).resolves.toBeDefined();
    }
  });

  it('fails the job when it happens again and again, and only that job', async () => {
    const running = Promise.resolve(backend.run({ ...long, problem: lifProblem(200_000, 4000) }));
    const state = { over: false };
    const lost = expect(
      running.finally(() => {
        state.over = true;
      }),
    ).rejects.toThrow(WorkerLostError);
    while (!state.over) {
      await Promise.all(threads.running.map((worker) => worker.terminate()));
      await sleep(200);
    }
    await lost;
    await expect(backend.run(long)).resolves.toBeDefined();
  });
});

describe('a thread that hangs', () => {
  /** Adds 1 for each of its vectors; the first thread spins before, as many million rounds as the first word of the argument block says. */
  const text = `(module (import "env" "memory" (memory 1 65536 shared))
    (func (export "run") (param $job i32) (param $scratch i32) (param $from i32) (param $to i32) (local $rounds i64)
      (local.set $rounds (i64.mul (i64.const 1000000) (i64.extend_i32_u (i32.atomic.rmw.xchg (local.get $job) (i32.const 0)))))
      (loop $spin
        (if (i64.gt_s (local.get $rounds) (i64.const 0)) (then (local.set $rounds (i64.sub (local.get $rounds) (i64.const 1))) (br $spin))))
      (loop $next
        (if (i32.lt_u (local.get $from) (local.get $to)) (then
          (drop (i32.atomic.rmw.add (i32.add (local.get $job) (i32.mul (i32.const 4) (i32.add (local.get $from) (i32.const 1)))) (i32.const 1)))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))
          (br $next))))))`;
  const vectors = 1000;
  /** Hours. */
  const forEver = 1e8;

  /** @param rounds millions of them, for each time that the launch is run. */
  async function launchOf(arena: Arena, ...rounds: number[]): Promise<{ launch: Launch; counts: () => Int32Array }> {
    const job = arena.allocate(4 * (1 + vectors));
    const kernel = (await KernelCache.create()).get('turns', () => ({ text, layout: undefined as never, operations: {}, unroll: 8 }));
    const prepare = () => {
      arena.integers(job, 1 + vectors).fill(0);
      arena.setInteger(job, rounds.shift() ?? 0);
    };
    return { launch: { kernel, argumentBlock: job, vectors, scratchBytes: 16, prepare }, counts: () => arena.integers(job + 4, vectors) };
  }

  it('is ended and replaced, and its launch run once more', async () => {
    const pool = new WorkerPool(2, 200);
    const arena = new Arena();
    const { launch, counts } = await launchOf(arena, forEver);
    const losses = threadLosses.count;
    await pool.run(arena, launch);
    expect(counts()).toEqual(new Int32Array(vectors).fill(1));
    expect(threadLosses.count).toBe(losses + 1);
    await pool.run(arena, launch);
    await pool.close();
  });

  it('fails the job when it happens twice', async () => {
    const pool = new WorkerPool(2, 200);
    const arena = new Arena();
    const { launch } = await launchOf(arena, forEver, forEver);
    await expect(pool.run(arena, launch)).rejects.toThrow(WorkerLostError);
    await pool.run(arena, launch);
    await pool.close();
  });

  it('is told from one with much work, and from a launch that waits for another', async () => {
    // Longer than the system keeps a thread from a processor under load.
    const pool = new WorkerPool(1, 400);
    const [one, other] = [new Arena(), new Arena()];
    const [slow, waiting] = [await launchOf(one, 4000), await launchOf(other)];
    const losses = threadLosses.count;
    const from = performance.now();
    await Promise.all([pool.run(one, slow.launch, { estimateMs: 1e4 }), pool.run(other, waiting.launch)]);
    expect(performance.now() - from).toBeGreaterThan(600);
    expect(threadLosses.count).toBe(losses);
    await pool.close();
  });
});

describe('threads that cannot start', () => {
  it('fail the job, and no later one once they can', async () => {
    const endAtOnce = (worker: Worker) => {
      void worker.terminate();
    };
    process.on('worker', endAtOnce);
    try {
      const pool = new WorkerPool(2);
      const arena = new Arena();
      const kernel = (await KernelCache.create()).get('nothing', () => ({
        text: '(module (import "env" "memory" (memory 1 65536 shared)) (func (export "run") (param i32 i32 i32 i32)))',
        layout: undefined as never,
        operations: {},
        unroll: 1,
      }));
      const launch: Launch = { kernel, argumentBlock: 64, vectors: 1000, scratchBytes: 16 };
      await expect(pool.run(arena, launch)).rejects.toThrow(WorkerLostError);
      process.off('worker', endAtOnce);
      await pool.run(arena, launch);
      await pool.close();
    } finally {
      process.off('worker', endAtOnce);
    }
  });
});

describe('a job that is stopped', () => {
  it('ends within some milliseconds, with the reason, and leaves the threads to others', async () => {
    const controller = new AbortController();
    const problem = lifProblem(200_000, 20_000);
    const running = Promise.resolve(backend.run({ ...long, problem }, undefined, controller.signal));
    const stopped = expect(running).rejects.toThrow('enough');
    await sleep(100);
    const before = performance.now();
    controller.abort(new Error('enough'));
    await stopped;
    // It would have taken ten seconds; a block takes five milliseconds, on a machine that others use too somewhat more.
    expect(performance.now() - before).toBeLessThan(1000);
    await expect(backend.run(long)).resolves.toBeDefined();
  });

  it('does not begin when it is stopped before', async () => {
    await expect(backend.run(long, undefined, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });
});
