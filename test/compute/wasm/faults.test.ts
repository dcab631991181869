import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerLostError } from '../../../src/compute/backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { LifGradJob, LifSimulateJob } from '../../../src/compute/jobs.ts';
import { WorkerThreads } from '../../support/worker-threads.ts';
import { lifProblem, resultOf } from '../support/jobs.ts';

/** Some hundred milliseconds of work for two threads. */
const long: LifGradJob = {
  kind: 'lif_grad',
  problem: lifProblem(20_000, 2000),
  surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 } }],
  loss: { type: 'spike_count' },
  detachReset: false,
  wrt: ['current', 'tau'],
};
const spikes: LifSimulateJob = { kind: 'lif_simulate', problem: lifProblem(20_000, 4000, { tau: { per: 'job', value: 2000 } }), record: new Set(['spike_times', 'v_final']) };

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
  it.each([['gradients', long], ['spike times, of which a kernel changes what it has read', spikes]] as const)('changes nothing of the numbers: %s', async (_, job) => {
    const expected = await resultOf(backend, job);
    for (let i = 0; i < 4; i++) {
      const running = resultOf(backend, job);
      await sleep(10 + 20 * i);
      expect(threads.running.length).toBeGreaterThan(0);
      await threads.running[i % threads.running.length]!.terminate();
      expect(await running).toEqual(expected);
    }
  });

  it('is replaced, also when it had just been started, and when none is left', async () => {
    for (let i = 0; i < 5; i++) {
      await Promise.all(threads.running.map((worker) => worker.terminate()));
      await expect(backend.run(long)).resolves.toBeDefined();
    }
  });

  it('costs the job when it happens again and again, and only that job', async () => {
    const running = Promise.resolve(backend.run({ ...long, problem: lifProblem(200_000, 4000) }));
    const state = { over: false };
    const lost = expect(running.finally(() => { state.over = true; })).rejects.toThrow(WorkerLostError);
    while (!state.over) {
      await Promise.all(threads.running.map((worker) => worker.terminate()));
      await sleep(200);
    }
    await lost;
    await expect(backend.run(long)).resolves.toBeDefined();
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
