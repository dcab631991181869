import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import { job, lifProblem, linspace, perNeuron, perStep, recordable } from '../support/lif-problem.ts';
import { withDefaults } from '../support/parameter-sets.ts';

const backend = new ReferenceBackend();

/** Of d(spike count)/d(current), 50 currents from 0.5 to 2.5, 100 steps: mean, max, min; the same with a detached reset. */
const statistics: readonly (readonly [string, Record<string, number>, number, number, number, number, number, number])[] = [
  ['sigmoid', {}, 2.0763, 3.074, 1.6188, 16.4292, 27.0103, 6.4302],
  ['piecewise_quadratic', {}, 2.1792, 3.3574, 1.6854, 17.3924, 26.7391, 8.5635],
  ['piecewise_exp', {}, 2.1588, 3.645, 1.682, 10.3989, 14.3609, 7.9826],
  ['soft_sign', {}, 1.9484, 3.0756, 1.5411, 8.2252, 12.2277, 5.9694],
  ['arctan', {}, 2.104, 3.4235, 1.6429, 10.6696, 15.2316, 7.6085],
  ['arctan', { alpha: 3 }, 1.8317, 2.4442, 1.468, 14.119, 28.1145, 4.0191],
  ['nonzero_sign_log', {}, 2.7014, 4.9714, 2.0426, 22.5115, 29.8216, 16.8197],
  ['erf', {}, 2.3358, 4.033, 1.7991, 14.1012, 18.7498, 10.6662],
  ['piecewise_leaky_relu', {}, 2.615, 4.8604, 1.9593, 15.877, 18.6186, 10.8986],
  ['squarewave_fourier_series', {}, 2.2888, 3.625, 1.7538, 21.101, 30.9524, 10.8753],
  ['s2nn', {}, 2.0763, 3.074, 1.6188, 16.4281, 27.0103, 6.4302],
  ['q_pseudo_spike', {}, 2.5482, 4.5804, 1.9399, 19.6607, 27.4755, 15.166],
  ['leaky_relu', {}, 1.4606, 2.3879, 1.0104, 3.3819, 4.1642, 2.5407],
  ['log_tailed_relu', {}, 0.2294, 0.6265, 0, 0.2294, 0.6265, 0],
  ['relu_grad', {}, 1.5537, 1.9046, 1.2643, 5.2177, 8.0217, 2.569],
  ['gaussian_grad', {}, 1.8527, 2.6125, 1.4636, 8.1788, 12.0869, 4.5992],
  ['gaussian_grad', { alpha: 1 }, 2.23, 3.5937, 1.7236, 16.3576, 24.1739, 9.1983],
  ['multi_gaussian_grad', {}, 1.8641, 2.5895, 1.4709, 8.7897, 13.1724, 4.5798],
  ['inv_square_grad', {}, 0.2291, 0.6291, 0.0063, 0.3677, 1.3232, 0.0063],
  ['slayer_grad', {}, 2.5802, 4.6471, 1.9602, 20.7979, 28.7218, 15.9651],
  ['snntorch.fast_sigmoid', {}, 0.466, 0.8493, 0.0914, 1.2535, 3.863, 0.0927],
  ['snntorch.atan', {}, 1.9781, 2.9164, 1.5634, 13.3372, 23.3549, 5.5211],
];

describe('gradient statistics of 50 neurons', () => {
  it.each(statistics)('%s %o', (name, parameters, ...expected) => {
    const surrogate = withDefaults(surrogateDefinition(name));
    const numbers = [false, true].flatMap((detachReset) => {
      const [result] = backend.run({
        kind: 'lif_grad',
        problem: lifProblem({ neurons: 50, steps: 100, current: perNeuron(linspace(0.5, 2.5, 50)), detachReset }),
        surrogates: [{ name, parameters: { ...surrogate.parameters, ...parameters } }],
        loss: { type: 'spike_count' },
        wrt: ['current'],
      }).result;
      const grad = [...(result!.grad.current as Float64Array)];
      return [grad.reduce((sum, g) => sum + g, 0) / 50, Math.max(...grad), Math.min(...grad)];
    });
    numbers.forEach((number, i) => {
      expect(Math.abs(number - expected[i]!)).toBeLessThanOrEqual(5.001e-5);
    });
  });
});

describe('simulation', () => {
  const record = new Set(recordable);

  it('fires 4 times in 500 steps at a current of 1.5', () => {
    const problem = lifProblem({ neurons: 1, steps: 500, current: job(1.5) });
    const { result } = backend.run({ kind: 'lif_simulate', problem, record });
    expect([...result.spike_counts!]).toEqual([4]);
    expect([...result.firing_rates!]).toEqual([80]);
    expect([...result.spike_steps!.steps]).toEqual([109, 219, 329, 439]);
    expect([...result.spike_steps!.offsets]).toEqual([0, 4]);
    expect(Array.from(result.series.spikes!).reduce((sum, spike) => sum + spike, 0)).toBe(4);
    expect(result.series.v_pre![109]).toBeGreaterThanOrEqual(1);
    expect(result.series.v![109]).toBe(0);
    expect(result.v_final![0]).toBe(result.series.v![499]);
  });

  it('holds a neuron that spiked for the steps of its refractoriness', () => {
    const input = [5, 5, 9, 9, 9, 5, 5, 5];
    const problem = lifProblem({ neurons: 1, steps: 8, dt: 1, tau: job(2), current: perStep([input]), refractorySteps: 3, reset: 'soft' });
    const { result } = backend.run({ kind: 'lif_simulate', problem, record });
    expect([...result.series.spikes!]).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
    expect([...result.series.v!.subarray(0, 4)]).toEqual([1.5, 1.5, 1.5, 1.5]);
    expect([...result.series.v_pre!.subarray(1, 4)]).toEqual([1.5, 1.5, 1.5]);
  });

  it('gives only what is recorded', () => {
    const problem = lifProblem({ neurons: 2, steps: 3, current: job(1) });
    const { result } = backend.run({ kind: 'lif_simulate', problem, record: new Set(['v_final']) });
    expect(result).toEqual({ v_final: result.v_final, series: {} });
  });

  it('answers a batch of no neurons', () => {
    const problem = lifProblem({ neurons: 0, steps: 3, current: job(1) });
    const { result } = backend.run({ kind: 'lif_simulate', problem, record });
    expect(result.spike_counts).toHaveLength(0);
    expect([...result.spike_steps!.offsets]).toEqual([0]);
  });
});
