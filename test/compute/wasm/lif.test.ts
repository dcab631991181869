import { expect, it } from 'vitest';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { itRunsNeurons } from '../contract/lif.ts';
import { inline, lifProblem, resultOf } from '../support/jobs.ts';
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
