import { expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { itRunsNeurons } from '../contract/lif.ts';
import { inline, lifProblem, resultOf, same } from '../support/jobs.ts';
import { recordable } from '../support/lif-problem.ts';
import { randomNumbers } from '../../../support/random-numbers.ts';

itRunsNeurons(() => WasmBackend.create(inline));

it('gives the same from the worker threads as in place, to the bit', async () => {
  const random = randomNumbers(2);
  const values = Float64Array.from({ length: 1003 }, () => 3 * random());
  const problem = lifProblem(values.length, 120, { dt: 0.5, current: { per: 'neuron', values } });
  const surrogates = [
    { name: 'sigmoid', parameters: { alpha: 4 } },
    { name: 'multi_gaussian_grad', parameters: { h: 0.15, s: 6, sigma: 0.5, scale: 0.5 } },
  ];
  const jobs = [
    { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, wrt: ['current'] },
    { kind: 'lif_simulate', problem, record: new Set(recordable) },
  ] as const;
  const pooled = await WasmBackend.create({ threads: 2, inlineNanoseconds: 0 });
  const inPlace = await WasmBackend.create(inline);
  try {
    for (const job of jobs) {
      const together = await Promise.all([resultOf(pooled, job), resultOf(pooled, job), resultOf(pooled, job)]);
      for (const result of together) expect(result).toEqual(await resultOf(inPlace, job));
    }
  } finally {
    await pooled.close();
    await inPlace.close();
  }
});

it('multiplies the tangent of a firing rate after it was summed over the steps, however many there are', async () => {
  const job = {
    kind: 'lif_jvp',
    problem: lifProblem(100, 2000),
    surrogates: [{ name: 'sigmoid', parameters: { alpha: 1 } }],
    loss: { type: 'firing_rate_mse', target: same(20) },
    tangents: { tau: same(1) },
    dtype: 'float64',
  } as const;
  const wasm = await WasmBackend.create(inline);
  try {
    const [[exact], [actual]] = [await resultOf(new ReferenceBackend(), job), await resultOf(wasm, job)];
    for (const [b, loss] of exact!.loss.entries()) expect(actual!.loss[b]).toBeCloseTo(loss, 6);
    expect(exact!.loss[70]).toBeLessThan(-1000);
  } finally {
    await wasm.close();
  }
});
