import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { LifGradJob, LifJvpJob } from '../../../src/compute/jobs.ts';
import { itRunsEveryModel } from '../contract/neurons.ts';
import { inline, resultOf, same } from '../support/jobs.ts';
import { neuronProblem, surrogateOf } from '../support/neurons.ts';
import { scattered } from '../support/scattered.ts';

itRunsEveryModel(() => WasmBackend.create(inline));

describe('a neuron', () => {
  const reference = new ReferenceBackend();
  let wasm: WasmBackend;
  beforeAll(async () => {
    wasm = await WasmBackend.create(inline);
  });
  afterAll(() => wasm.close());
  const current = [scattered(20, 0, 40, 1), scattered(20, 0, 40, 2)];
  const surrogate = surrogateOf({ name: 'sigmoid', alpha: 2 });

  it.each(['eif', 'adex', 'izhikevich'])('has tangents through an exponential Euler step: %s', async (model) => {
    const problem = neuronProblem(model, { integration: 'exponential' }, current, 0.5);
    const job: LifJvpJob = {
      kind: 'lif_jvp',
      problem,
      surrogates: [surrogate],
      loss: { type: 'spike_count' },
      tangents: { current: same(1) },
    };
    const [actual] = await resultOf(wasm, job);
    const [exact] = await resultOf(reference, job);
    const largest = Math.max(...exact!.v.map(Math.abs));
    expect(largest).toBeGreaterThan(0);
    for (const [i, value] of exact!.v.entries()) expect(Math.abs(actual!.v[i]! - value)).toBeLessThan(1e-3 * largest);
  });

  it('that may fire several times in a step counts whole spikes in a smooth run too', async () => {
    const problem = { ...neuronProblem('sinabs.LIF', { tau_mem: 4 }, current), smooth: true };
    const job: LifGradJob = { kind: 'lif_grad', problem, surrogates: [surrogate], loss: { type: 'spike_count' }, wrt: ['current'] };
    const [actual] = await resultOf(wasm, job);
    const [exact] = await resultOf(reference, job);
    expect(Array.from(actual!.spike_counts)).toEqual(Array.from(exact!.spike_counts));
    expect(Math.min(...exact!.spike_counts)).toBeGreaterThan(20);
  });
});
