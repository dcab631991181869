import { afterAll, beforeAll, expect, it } from 'vitest';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import type { LifGradJob, LifSimulateJob, SurrogateGradJob } from '../../../src/compute/jobs.ts';
import { type Values } from '../../../src/compute/numbers.ts';
import { spread, standardProblem } from '../../../src/compute/standard-jobs.ts';
import type { Surrogate } from '../../../src/compute/surrogates/definition.ts';

// More than two blocks of the largest size, and every remainder: what a neuron gets must not depend on the block it is in.
const maxNeurons = 72;
const x = spread(0.5, 2.5, maxNeurons);
const surrogates: Surrogate[] = [
  { name: 'sigmoid', parameters: { alpha: 4 } },
  { name: 'q_pseudo_spike', parameters: { alpha: 2 } },
  { name: 'multi_gaussian_grad', parameters: { h: 0.15, s: 6, sigma: 0.5, scale: 0.5 } },
];

let wasm: WasmBackend;
beforeAll(async () => {
  wasm = await WasmBackend.create({ threads: 1, inlineNanoseconds: Infinity });
});
afterAll(() => wasm.close());

function problem(neurons: number) {
  return { ...standardProblem(neurons, 150), current: { per: 'neuron', values: x.subarray(0, neurons) } as const };
}

async function gradients(neurons: number) {
  const job: LifGradJob = { kind: 'lif_grad', problem: problem(neurons), surrogates, loss: { type: 'spike_count' }, wrt: ['current'] };
  return (await wasm.run(job)).result.map(({ grad, spike_counts }) => [[...(grad.current as Values)], [...spike_counts]]);
}

async function simulated(neurons: number) {
  const job: LifSimulateJob = { kind: 'lif_simulate', problem: problem(neurons), record: new Set(['spike_counts', 'v_final']) };
  const { spike_counts, v_final } = (await wasm.run(job)).result;
  return [[[...v_final!], [...spike_counts!]]];
}

async function elementwise(values: number) {
  const job: SurrogateGradJob = { kind: 'surrogate_grad', x: x.subarray(0, values), surrogates, cotangent: 1 };
  return (await wasm.run(job)).result.map(({ grad }) => [[...grad]]);
}

it.each([
  ['gradients', gradients],
  ['simulations', simulated],
  ['surrogate gradients', elementwise],
])('%s are the same to the bit in a block of any size', async (_, run) => {
  const whole = await run(maxNeurons);
  expect(new Set(whole[0]![0]).size).toBeGreaterThan(maxNeurons / 2);
  for (let count = 1; count < maxNeurons; count++) {
    expect(await run(count)).toEqual(whole.map((arrays) => arrays.map((array) => array.slice(0, count))));
  }
});
