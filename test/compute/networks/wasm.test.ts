import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compute } from '../../../src/compute/backends/reference/reference-backend.ts';
import { compileMs } from '../../../src/compute/backends/wasm/estimate-time.ts';
import { WasmBackend } from '../../../src/compute/backends/wasm/wasm-backend.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';
import { linspace, sliceNumbers } from '../../../src/compute/numbers.ts';
import { jobBytes, jobElements } from '../../../src/compute/job-size.ts';
import { narrowNumbers } from '../../../src/compute/narrow-numbers.ts';
import type { Dtype, NetworkGradJob, NetworkGradResult, NetworkSimulateJob, NetworkSimulateResult } from '../../../src/compute/jobs.ts';
import { standardNeuron } from '../../../src/compute/standard-jobs.ts';
import { elementBytes } from '../../../support/element-bytes.ts';
import { inline, resultOf } from '../support/jobs.ts';
import { networkJobs } from '../support/networks.ts';
import { numRuns } from '../../thorough.ts';

let wasm: WasmBackend;
beforeAll(async () => {
  wasm = await WasmBackend.create({ ...inline, warmUp: 'minimal' });
});
afterAll(() => wasm.close());

const listOf = (numbers: ArrayLike<number> | number): number[] => (typeof numbers === 'number' ? [numbers] : Array.from(numbers));
const largestOf = (numbers: ArrayLike<number> | number): number => Math.max(0, ...listOf(numbers).map(Math.abs));

/** How far numbers are from others, of the largest of these, or of `least`; 0 where both have left the range of float64. */
function distance(actual: ArrayLike<number> | number, expected: ArrayLike<number> | number, least = 1e-300): number {
  const [a, b] = [listOf(actual), listOf(expected)];
  expect(a).toHaveLength(b.length);
  if (!b.every(Number.isFinite)) return a.every(Number.isFinite) ? Infinity : 0;
  const largest = Math.max(largestOf(b), least);
  return Math.max(0, ...a.map((value, i) => (Object.is(value, b[i]) ? 0 : Math.abs(value - b[i]!) / largest)));
}

describe('a network on wasm', () => {
  it('is the one of the reference, in every form', async () => {
    await fc.assert(
      fc.asyncProperty(networkJobs(), async (job) => {
        const expected = compute(job) as NetworkGradResult;
        const actual = await resultOf(wasm, job);
        expect(actual.spike_counts).toEqual(expected.spike_counts);
        expect(distance(actual.loss, expected.loss)).toBeLessThan(1e-9);
        expect(actual.accuracy).toBe(expected.accuracy);
        // The terms of a gradient may cancel to nothing.
        const least = Math.max(1e-9, 1e-3 * Math.max(...Object.values(expected.grad).map(largestOf).filter(Number.isFinite)));
        for (const path of job.wrt) expect([path, distance(actual.grad[path]!, expected.grad[path]!, least) < 1e-8]).toEqual([path, true]);
      }),
      { numRuns: numRuns(60) },
    );
  });

  it('records what the reference records', async () => {
    await fc.assert(
      fc.asyncProperty(networkJobs(), async ({ network }) => {
        const names = ['spikes', 'v', 'v_pre', 'v_post', 'firing_rates', 'v_final'];
        const record = network.layers.flatMap((_, layer) => names.map((name) => `layers/${layer}/${name}`));
        const job: NetworkSimulateJob = { kind: 'network_simulate', dtype: 'float64', network, record };
        const expected = compute(job) as NetworkSimulateResult;
        const actual = await resultOf(wasm, job);
        expect(actual.spike_counts).toEqual(expected.spike_counts);
        for (const path of record) expect([path, distance(actual.records[path]!, expected.records[path]!) < 1e-9]).toEqual([path, true]);
      }),
      { numRuns: numRuns(20) },
    );
  });

  it('reads bits as the same numbers of float64, from any bit on', async () => {
    const size = fc.record({
      samples: fc.integer({ min: 1, max: 3 }),
      inputs: fc.integer({ min: 1, max: 9 }),
      steps: fc.integer({ min: 1, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.nat(9),
        fc.constantFrom(0.02, 0.3, 1),
        fc.infiniteStream(fc.nat(999)),
        async ({ samples, inputs, steps }, from, density, draws) => {
          const count = samples * inputs * steps;
          const spikes = Array.from({ length: count }, () => Number(draws.next().value! < 1000 * density));
          const all = narrowNumbers('bits', elementBytes('bits', [...Array<number>(from).fill(1), ...spikes, 1]), from + count);
          const weight = linspace(-1, 2, 2 * inputs);
          const layer = { neurons: 2, weight, ...standardNeuron('lif'), surrogate: { name: 'sigmoid', parameters: { alpha: 4 } } };
          const jobOf = (values: NetworkGradJob['network']['input']): NetworkGradJob => ({
            kind: 'network_grad',
            dtype: 'float64',
            network: { samples, inputs, steps, dt: 5, input: values, layers: [layer] },
            loss: { type: 'spike_count' },
            reduction: 'sum',
            wrt: ['layers/0/weight', 'input'],
          });
          const bits = await resultOf(wasm, jobOf({ form: 'dense', values: sliceNumbers(all, from, from + count) }));
          expect(bits).toEqual(await resultOf(wasm, jobOf({ form: 'dense', values: Float64Array.from(spikes) })));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('takes the memory that is reserved for it', async () => {
    const pooled = await WasmBackend.create({ threads: 1, inlineNanoseconds: 0, warmUp: 'minimal' });
    await fc.assert(
      fc.asyncProperty(networkJobs(200), fc.constantFrom<Dtype>('float32', 'float64'), async (given, dtype) => {
        const job = { ...given, dtype };
        const arena = new Arena();
        await pooled.run(job, arena);
        // Every array is padded to 64 bytes.
        expect(arena.mark()).toBeLessThan(jobBytes(job) + 30_000);
      }),
      { numRuns: numRuns(10) },
    );
    await pooled.close();
  });

  it('is estimated with the kernels that are still to be compiled', async () => {
    const fresh = await WasmBackend.create({ ...inline, warmUp: 'minimal' });
    await fc.assert(
      fc.asyncProperty(networkJobs(10), async (job) => {
        await resultOf(fresh, job);
        expect(fresh.estimateMs(job)).toBeLessThan(compileMs);
      }),
      { numRuns: numRuns(12) },
    );
    const [another] = fc.sample(networkJobs(10), { numRuns: 1, seed: 3 });
    const unknown = await WasmBackend.create({ ...inline, warmUp: 'minimal' });
    expect(unknown.estimateMs(another!)).toBeGreaterThan(5 * compileMs);
    await Promise.all([fresh.close(), unknown.close()]);
  });

  it('counts events that are at one place, weights that are read once, and inputs as work', () => {
    const job = (events: number, neurons: number, inputs = 1): NetworkSimulateJob => ({
      kind: 'network_simulate',
      network: {
        samples: 1,
        inputs,
        steps: 1,
        dt: 1,
        input: { form: 'events', sample: linspace(0, 0, events), neuron: linspace(0, 0, events), step: linspace(0, 0, events) },
        layers: [
          { ...standardNeuron('lif'), neurons, weight: linspace(0, 1, inputs * neurons), surrogate: { name: 'sigmoid', parameters: {} } },
        ],
      },
      record: [],
    });
    expect(jobElements(job(1_000_000, 1000))).toBeGreaterThan(5e7);
    expect(wasm.estimateMs(job(1_000_000, 1000)) - wasm.estimateMs(job(1, 1000))).toBeGreaterThan(5);
    expect(wasm.estimateMs(job(1, 2000, 2000)) - wasm.estimateMs(job(1, 1))).toBeGreaterThan(3);
  });

  it('does not depend on the number of threads', async () => {
    const several = await WasmBackend.create({ threads: 3, inlineNanoseconds: 0, warmUp: 'minimal' });
    await fc.assert(
      fc.asyncProperty(networkJobs(), async (given) => {
        const job: NetworkGradJob = { ...given, dtype: 'float32' };
        const [one, other] = [await resultOf(wasm, job), await resultOf(several, job)];
        expect(other).toEqual(one);
      }),
      { numRuns: numRuns(10) },
    );
    await several.close();
  });
});
