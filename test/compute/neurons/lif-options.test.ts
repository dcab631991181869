import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { LifGradJob } from '../../../src/compute/jobs.ts';
import { neuronProblem, type GivenNeuron } from '../support/neurons.ts';

const backend = new ReferenceBackend();

/** One neuron's run. The membrane adds up its input unless `given` says otherwise. */
function run(given: GivenNeuron, current: readonly number[]) {
  const problem = neuronProblem('lif', { tau: null, ...given }, [current]);
  const { series } = backend.run({ kind: 'lif_simulate', problem, record: new Set(['spikes', 'v', 'v_pre']) }).result;
  const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(value * 1e9) / 1e9);
  return { spikes: [...series.spikes!], v: rounded(series.v!), v_pre: rounded(series.v_pre!) };
}

/** Gradients of the loss `spikes[t]` or `v[t]`, t the last step unless told otherwise; the surrogate's gradient is 1 at 0. */
function gradients(given: GivenNeuron, current: readonly number[], of: 'spikes' | 'v', wrt: readonly string[]) {
  const problem = neuronProblem('lif', { tau: null, ...given }, [current]);
  const last = Float64Array.from(current, (_, t) => Number(t === current.length - 1));
  const job: LifGradJob = {
    kind: 'lif_grad',
    problem,
    surrogates: [{ name: 'sigmoid', parameters: { alpha: 4 } }],
    loss: { type: 'cotangent', [of]: { per: 'step', values: last } },
    wrt,
  };
  return backend.run(job).result[0]!.grad;
}

/** The gradient of sigmoid(4 x). */
function slope(x: number): number {
  const s = 1 / (1 + Math.exp(-4 * x));
  return 4 * s * (1 - s);
}

describe('tau', () => {
  it('null means no leak', () => {
    expect(run({}, [0.25, 0.5, 0.125]).v).toEqual([0.25, 0.75, 0.875]);
  });

  it('leaks by dt / tau, of the input too unless told otherwise', () => {
    expect(run({ tau: 4 }, [2, 0]).v).toEqual([0.5, 0.375]);
    expect(run({ tau: 4, input_scaling: false }, [0.5, 0.25]).v).toEqual([0.5, 0.625]);
  });
});

describe('reset', () => {
  it('hard leads to v_reset, soft takes the threshold away, none leaves it', () => {
    expect(run({ v_reset: -0.5 }, [1.25, 0]).v).toEqual([-0.5, -0.5]);
    expect(run({ reset: 'soft' }, [1.25, 0]).v).toEqual([0.25, 0.25]);
    expect(run({ reset: 'none' }, [1.25, 0])).toMatchObject({ v: [1.25, 1.25], spikes: [1, 1] });
  });

  it('reset_amount is what a soft one takes away, with gradient -1 for each spike', () => {
    expect(run({ reset: 'soft', reset_amount: 0.75 }, [1.25, 0]).v).toEqual([0.5, 0.5]);
    const grad = gradients({ reset: 'soft', reset_amount: 0.75, detach_reset: true }, [1.25, 0], 'v', ['reset_amount', 'v_threshold']);
    expect(grad).toEqual({ reset_amount: -1, v_threshold: 0 });
  });

  it('without it the threshold is what a soft one takes away', () => {
    expect(gradients({ reset: 'soft', detach_reset: true }, [1.25, 0], 'v', ['v_threshold'])).toEqual({ v_threshold: -1 });
  });

  it('detached leaves the spike out of the gradient of v', () => {
    const through = gradients({ reset: 'soft' }, [1.25], 'v', ['current']).current as Float64Array;
    expect(through[0]).toBeCloseTo(1 - slope(0.25), 12);
    expect(gradients({ reset: 'soft', detach_reset: true }, [1.25], 'v', ['current']).current).toEqual(Float64Array.of(1));
  });

  it('reset_delay is felt after the leak of the next step', () => {
    expect(run({ reset: 'soft', reset_delay: true, tau: 4, input_scaling: false }, [1.5, 0.5])).toEqual({
      spikes: [1, 0],
      v: [1.5, 0.625],
      v_pre: [1.5, 0.625],
    });
    expect(run({ reset_delay: true, v_reset: 0.125 }, [1.5, 0.5]).v).toEqual([1.5, 0.125]);
  });
});

describe('fires', () => {
  it('at the threshold or above it', () => {
    expect(run({}, [1, 0]).spikes).toEqual([1, 0]);
    expect(run({ fires: '>' }, [1, 0.5])).toMatchObject({ spikes: [0, 1], v: [1, 0] });
  });
});

describe('spike_scale', () => {
  it('divides the argument of the surrogate, and its gradient', () => {
    expect((gradients({ spike_scale: 0.5 }, [0.75], 'spikes', ['current']).current as Float64Array)[0]).toBeCloseTo(2 * slope(-0.5), 12);
    expect(gradients({ spike_scale: 0.5 }, [0.75], 'spikes', ['spike_scale']).spike_scale).toBeCloseTo(slope(-0.5), 12);
    expect(run({ spike_scale: 0.5 }, [1, 0.75])).toEqual(run({}, [1, 0.75]));
  });
});

describe('v_min', () => {
  it('bounds v from below, and passes the gradient on only above', () => {
    expect(run({ v_min: -0.5 }, [-2, 0.25]).v).toEqual([-0.5, -0.25]);
    const below = gradients({ v_min: -0.5, reset: 'none' }, [-2, 0.25], 'v', ['current', 'v_min']);
    expect(below).toEqual({ current: Float64Array.of(0, 1), v_min: 1 });
  });
});

describe('refractory', () => {
  const current = [1.5, 0.75, 1.25, 0.5, 0.75];

  it('holds v and fires nothing', () => {
    expect(run({ refractory: 2 }, current)).toEqual({ spikes: [1, 0, 0, 0, 1], v: [0, 0, 0, 0.5, 0], v_pre: [1.5, 0, 0, 0.5, 1.25] });
    // The last step's own reset sees the surrogate too.
    const last = 1 - 0.5 * slope(-0.5);
    const grad = gradients({ refractory: 2 }, [1.5, 0.75, 1.25, 0.5], 'v', ['current']).current as Float64Array;
    [-1.5 * slope(0.5) * last, 0, 0, last].forEach((expected, t) => {
      expect(grad[t]).toBeCloseTo(expected, 12);
    });
  });

  it('held above the threshold fires where spikes are free', () => {
    const above = { refractory: 1, reset: 'soft', reset_amount: 0.25 };
    expect(run({ ...above, refractory_mode: 'hold' }, [1.5, 0, 0]).spikes).toEqual([1, 0, 1]);
    expect(run({ ...above, refractory_mode: 'free' }, [1.5, 0, 0])).toEqual({
      spikes: [1, 1, 1],
      v: [1.25, 1, 0.75],
      v_pre: [1.5, 1.25, 1],
    });
  });

  it('loses the input and leaks on', () => {
    expect(run({ refractory: 2, refractory_mode: 'leak', tau: 4, input_scaling: false, v_reset: 0.5 }, [1.5, 9, 9, 0.25]).v).toEqual([
      0.5, 0.375, 0.28125, 0.4609375,
    ]);
  });

  it("is Norse's choice of the stored potential", () => {
    expect(run({ refractory: 2, refractory_mode: 'norse' }, current)).toMatchObject({ spikes: [1, 0, 0, 0, 1], v: [0, 0, 0, 0.5, 0] });
  });

  it('is rounded to steps, halves up', () => {
    const spikes = (refractory: number) => run({ refractory }, [1, 1, 1, 1]).spikes;
    expect(spikes(0.4)).toEqual([1, 1, 1, 1]);
    expect(spikes(0.5)).toEqual([1, 0, 1, 0]);
    expect(spikes(1.5)).toEqual([1, 0, 0, 1]);
  });
});
