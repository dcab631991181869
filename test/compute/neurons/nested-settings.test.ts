import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { NeuronProblem } from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neurons } from '../../../src/compute/neurons/catalogue.ts';
import { generalStep } from '../../../src/compute/neurons/general.ts';
import { flatSettings, generalSettings, SettingNumbers } from '../../../src/compute/neurons/nested-settings.ts';
import { golden } from '../support/golden.ts';
import { neuronProblem, type GivenNeuron } from '../support/neurons.ts';

const { inputs, cases } = golden('neurons.json');

function simulate(problem: NeuronProblem) {
  const record = new Set(['spikes', 'v', 'spike_counts', 'state']);
  return new ReferenceBackend().run({ kind: 'lif_simulate', problem, record }).result;
}

function generalProblem(request: Readonly<Record<string, unknown>>, current: readonly (readonly number[])[]): NeuronProblem {
  const flat = flatSettings(Object.fromEntries(Object.entries(request).filter(([name]) => name !== 'model')));
  const { parameters, nullable, options } = neurons.get('general')!;
  const names = new Set([...Object.keys(parameters), ...Object.keys(nullable), ...Object.keys(options)]);
  expect(Object.keys(flat).filter((name) => !names.has(name) && !name.endsWith('_init'))).toEqual([]);
  return neuronProblem('general', flat as GivenNeuron, current);
}

/** Settings as a client reads them. */
function asJson(settings: object): Record<string, unknown> {
  const text = JSON.stringify(settings, (_, value: unknown) =>
    value instanceof SettingNumbers ? [...value.numbers(0, value.length)] : value,
  );
  return JSON.parse(text) as Record<string, unknown>;
}

/** The largest difference, relative to the largest number. */
function error(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const numbers = Array.from(expected);
  return Math.max(...numbers.map((value, i) => Math.abs(actual[i]! - value))) / Math.max(...numbers.map(Math.abs), 1e-300);
}

describe("a library's neuron by the settings that its name stands for", () => {
  const known = cases.filter(({ request }) => neurons.get(request.neuron.model)?.step === generalStep);
  it.each(known.map(({ request }, i) => [`${i} ${JSON.stringify(request.neuron)}`, request] as const))('%s', (_, request) => {
    const { model, ...given } = request.neuron;
    const current = inputs[request.current]!;
    const problem = neuronProblem(model, given, current);
    const own = simulate(problem);
    const echo = asJson(generalSettings(problem)!);
    expect(echo.model).toBe('general');
    const general = simulate(generalProblem(echo, current));
    expect(general.spike_counts).toEqual(own.spike_counts);
    expect(general.series.spikes).toEqual(own.series.spikes);
    expect(error(general.series.v!, own.series.v!)).toBeLessThan(1e-12);
    expect(Object.keys(general.state!)).toEqual(Object.keys(own.state!));
  });
});

describe('the settings of the general neuron', () => {
  const request = {
    model: 'general',
    leak: 0.9,
    gain: 1,
    threshold: 1,
    strict: true,
    synapse: { decay: 0.8, gain: 1, delay: 0 },
    adaptation: { to: 'threshold', weight: 0.3, decay: 0.95, jump: 1 },
    reset: { kind: 'soft', when: 'late', gradient: 'mask', drop: 'threshold' },
    multi_spike: { max: 4 },
    v_min: -1,
    refractory: { steps: 3, mode: 'hold' },
    output_lag: 0,
    record: 'pre',
  };
  const current = [[0.3, 0.9, 1.4, 0.2, 0.8, 1.1]];

  it('are taken as the request nests them', () => {
    const problem = generalProblem(request, current);
    expect(programOf(problem).step.states).toEqual(['v', 'u', 'a', 'refractory']);
    expect(generalSettings(problem)).toMatchObject({ ...request, reset: { kind: 'soft', when: 'late', gradient: 'mask' } });
  });

  it('have names for gradients by their paths', () => {
    const { parameters } = programOf(generalProblem(request, current));
    for (const name of ['leak', 'threshold', 'synapse.decay', 'adaptation.jump', 'v_min']) expect(parameters).toContain(name);
  });

  it('take a delay, a lag, drops and lists in the words of a request', () => {
    expect(
      flatSettings({
        synapse: [{ decay: 0.5, delay: 1 }, { decay: [0.7] }],
        output_lag: 1,
        reset: { kind: 'soft', drop: 'effective' },
        multi_spike: {},
        refractory: null,
      }),
    ).toEqual({
      'synapse.0.decay': 0.5,
      'synapse.0.timing': 'delayed',
      'synapse.1.decay': [0.7],
      output_lag: true,
      'reset.kind': 'soft',
      'reset.drop_effective': true,
      multi_spike: true,
    });
    expect(flatSettings({ reset: null, synapse: [{ decay: 0.5 }] })).toEqual({ 'reset.kind': 'none', 'synapse.decay': 0.5 });
    expect(flatSettings({ reset: { drop: 0.4 }, synapse: 3 })).toEqual({ 'reset.drop': 0.4, synapse: 3 });
  });

  it('are arrays where neurons differ', () => {
    const problem = neuronProblem('lif', { tau: [4, 5], v_threshold: 0.7, reset: 'soft', v_init: [0.1, 0.2] }, [
      [1, 2],
      [2, 1],
    ]);
    expect(asJson(generalSettings(problem)!)).toMatchObject({
      rate: [0.25, 0.2],
      threshold: 0.7,
      reset: { kind: 'soft' },
      v_init: [0.1, 0.2],
    });
  });

  it('say that a neuron never fires', () => {
    expect(generalSettings(neuronProblem('li', {}, [[1]]))).toMatchObject({ spiking: false });
  });
});
