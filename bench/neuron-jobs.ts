import type { LifGradJob, LifSimulateJob, NeuronProblem } from '../src/compute/jobs.ts';
import { standardNeuron } from '../src/compute/standard-jobs.ts';
import { defaultSurrogate, ramp } from './jobs.ts';

/** What neurons are given beside their defaults. */
interface Drive {
  /** The currents' range, in which some neurons stay silent and others fire. */
  readonly from: number;
  readonly to: number;
  readonly parameters?: Readonly<Record<string, number>>;
}

/** Neurons one of each family, by their names in the catalogue. */
const drives: Readonly<Record<string, Drive>> = {
  lif: { from: 0.5, to: 2.5 },
  cuba_lif: { from: 0.05, to: 0.5 },
  alif: { from: 0.5, to: 2.5 },
  qif: { from: 0.05, to: 2.5 },
  eif: { from: 0.1, to: 2.5 },
  adex: { from: 300, to: 1500 },
  izhikevich: { from: 2, to: 20 },
  'snntorch.Leaky': { from: 0.02, to: 0.5, parameters: { beta: 0.9 } },
  'snntorch.Alpha': { from: 0.1, to: 1, parameters: { alpha: 0.9, beta: 0.8 } },
  'norse.LIF': { from: 0.1, to: 1 },
  'norse.LIFAdEx': { from: 0.1, to: 1 },
  'brainpy.state.LIF': { from: 0.5, to: 2.5, parameters: { dt: 0.1 } },
  'brainpy.state.AdExIF': { from: 0.5, to: 2.5, parameters: { dt: 0.1 } },
  'sinabs.LIF': { from: 0.5, to: 50, parameters: { tau_mem: 20 } },
};

export const benchmarkedNeurons: readonly string[] = Object.keys(drives);

function problem(name: string, neurons: number, steps: number): NeuronProblem {
  const { from, to, parameters = {} } = drives[name]!;
  const neuron = standardNeuron(name);
  const given = Object.fromEntries(Object.entries(parameters).map(([parameter, value]) => [parameter, { per: 'scalar', value } as const]));
  return {
    ...neuron,
    neurons,
    steps,
    dt: 0.1,
    current: { per: 'neuron', values: ramp(from, to, neurons) },
    parameters: { ...neuron.parameters, ...given },
  };
}

export function neuronForwardJob(name: string, neurons: number, steps: number): LifSimulateJob {
  return { kind: 'lif_simulate', problem: problem(name, neurons, steps), record: new Set(['spike_counts']) };
}

export function neuronGradJob(name: string, neurons: number, steps: number): LifGradJob {
  return {
    kind: 'lif_grad',
    problem: problem(name, neurons, steps),
    surrogates: [defaultSurrogate('sigmoid')],
    loss: { type: 'spike_count' },
    wrt: ['current'],
  };
}
