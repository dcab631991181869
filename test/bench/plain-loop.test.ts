import { expect, it } from 'vitest';
import { agreement } from '../../bench/agreement.ts';
import { currents, defaultSurrogate, gradJob } from '../../bench/jobs.ts';
import { plainForward, plainGrad } from '../../bench/plain-loop.ts';
import { ReferenceBackend } from '../../src/compute/backends/reference/reference-backend.ts';
import { WasmBackend } from '../../src/compute/backends/wasm/wasm-backend.ts';

const neurons = 300;
const steps = 250;

it('the plain loop computes what the reference does', () => {
  const counts = new Int32Array(neurons);
  const grad = new Float64Array(neurons);
  plainGrad(currents(neurons), steps, counts, grad);
  const expected = new ReferenceBackend().run(gradJob(neurons, steps, [defaultSurrogate('sigmoid')])).result[0]!;
  expect(counts).toEqual(expected.spike_counts);
  expect(Math.max(...counts)).toBeGreaterThan(1);
  const exact = expected.grad.current as Float64Array;
  expect(Math.max(...grad.map((value, b) => Math.abs(value / exact[b]! - 1)))).toBeLessThan(1e-12);

  const forward = new Int32Array(neurons);
  plainForward(currents(neurons), steps, forward);
  expect(forward).toEqual(counts);
});

it('the kernels agree with it to 1e-5', async () => {
  const backend = await WasmBackend.create({ threads: 1, inlineNanoseconds: Infinity });
  try {
    const { error, compared } = await agreement(backend, neurons, steps);
    expect(error).toBeLessThan(1e-5);
    expect(compared).toBeGreaterThan(neurons / 2);
  } finally {
    await backend.close();
  }
});
