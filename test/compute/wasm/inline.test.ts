import { setImmediate as endOfTick } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { Job } from '../../../src/compute/jobs.ts';
import { lifProblem } from '../support/jobs.ts';

let backend: WasmBackend;
beforeAll(async () => {
  backend = await WasmBackend.create({ threads: 1 });
});
afterAll(() => backend.close());

const gradient = (neurons: number, steps: number): Job => ({
  kind: 'lif_grad',
  problem: lifProblem(neurons, steps),
  surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 } }],
  loss: { type: 'spike_count' },
  wrt: ['current'],
});
const forward = (neurons: number, steps: number): Job => ({
  kind: 'lif_simulate',
  problem: lifProblem(neurons, steps),
  record: new Set(['spike_counts']),
});

it.each<[string, Job, boolean]>([
  ['a gradient of a thousand neurons', gradient(1000, 100), true],
  ['a gradient of ten thousand', gradient(10_000, 100), false],
  ['of ten neurons, whose steps wait for each other', gradient(10, 20_000), false],
  ['of one', gradient(1, 100_000), false],
  ['a run of five thousand neurons', forward(5000, 100), true],
  ['of a hundred thousand', forward(100_000, 100), false],
  ['of one over twice as many steps', forward(1, 200_000), false],
])('%s: inline or not', async (_, job, inline) => {
  // A tick compiles one kernel.
  await endOfTick();
  expect(backend.tryRunSync(job) !== undefined).toBe(inline);
});
