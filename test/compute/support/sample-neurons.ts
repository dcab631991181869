import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import type { NeuronProblem, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { programOf, termValuesByPath } from '../../../src/compute/neurons/terms.ts';
import { neuronModel, neurons } from '../../../src/compute/neurons/catalogue.ts';
import { stepLength } from '../../../src/compute/neurons/program.ts';
import { golden } from './golden.ts';
import { neuronProblem, type GivenNeuron } from './neurons.ts';
import { scattered } from './scattered.ts';

/** A neuron with what a request gives of it. */
export interface SampleNeuron {
  readonly model: string;
  readonly given: GivenNeuron;
}

/** Values of parameters and options that a request must give, where no golden case does. */
const required: GivenNeuron = { beta: 0.8, alpha: 0.9, dt: 0.001, discretization: 'exponential', tau: 0.01, tau_mem: 0.01, tau_syn: 0.005 };

function requiredOf(name: string): GivenNeuron {
  const { parameters, options } = neuronModel(name);
  const missing = Object.entries({ ...parameters, ...options }).filter(([, { default: usual }]) => usual === undefined);
  return Object.fromEntries(missing.map(([parameter]) => [parameter, required[parameter] ?? 0.5]));
}

function withoutModel(neuron: GivenNeuron): GivenNeuron {
  return Object.fromEntries(Object.entries(neuron).filter(([name]) => name !== 'model'));
}

/** The settings of the general neuron at once. */
const generalSettings: GivenNeuron = {
  leak: 0.85,
  rest: 0.1,
  gain: 0.9,
  'synapse.0.decay': 0.7,
  'synapse.1.decay': 0.5,
  'synapse.1.weight': -0.2,
  'synapse.1.timing': 'delayed',
  'adaptation.decay': 0.9,
  'adaptation.jump': 0.2,
  'reset.kind': 'soft',
  recurrent: 0.1,
  graded_factor: 1.2,
};

/** Every neuron of the catalogue, with a golden case's parameters where there is one, and our own with their options. */
export const sampleNeurons: readonly SampleNeuron[] = [
  ...Array.from(neurons.keys(), (model): SampleNeuron => {
    const known = golden('neurons.json').cases.find(({ request }) => request.neuron.model === model);
    return { model, given: known === undefined ? requiredOf(model) : withoutModel(known.request.neuron) };
  }),
  ...['hold', 'free', 'leak', 'norse'].map((refractory_mode) => ({ model: 'lif', given: { refractory: 2, refractory_mode } })),
  { model: 'lif', given: { reset: 'soft', reset_delay: true, reset_amount: 0.7, spike_scale: 0.8, v_min: -0.3, fires: '>' } },
  { model: 'lif', given: { tau: null, v_init: 0.2, detach_reset: true } },
  { model: 'cuba_lif', given: { integration: 'exponential', input_scaling: false, tau: 4, refractory: 3 } },
  { model: 'alif', given: { reset: 'soft', adaptation_step: 0.4, refractory: 1 } },
  { model: 'adex', given: { integration: 'exponential', refractory: 2 } },
  { model: 'izhikevich', given: { integration: 'exponential' } },
  { model: 'general', given: generalSettings },
];

export function titleOf({ model, given }: SampleNeuron): string {
  return `${model} ${JSON.stringify(given)}`;
}

const amplitudes = [1, 3, 10, 30, 100, 300, 1000, 3000];

/** A batch of a neuron with a current [B, T] of which it spikes now and then. */
export function sampleProblem({ model, given }: SampleNeuron, count: number, steps: number): NeuronProblem {
  const at = (amplitude: number) =>
    neuronProblem(
      model,
      given,
      Array.from({ length: count }, (_, b) => scattered(steps, -0.3 * amplitude, amplitude, b + 1)),
    );
  const fires = (problem: NeuronProblem) => {
    const { spike_counts } = new ReferenceBackend().run({ kind: 'lif_simulate', problem, record: new Set(['spike_counts']) }).result;
    return spike_counts!.reduce((sum, spikes) => sum + spikes, 0) >= (count * steps) / 12;
  };
  if (programOf(at(1)).step.spike === undefined) return at(1);
  return at(amplitudes.find((amplitude) => fires(at(amplitude))) ?? amplitudes.at(-1)!);
}

/** All that has a gradient but the current: parameters on which the run depends, and the states before the first step. */
export function parametersOf(problem: NeuronProblem): readonly string[] {
  const { parameters, step } = programOf(problem);
  const model = neuronModel(problem.model);
  const tables = { ...model.parameters, ...model.nullable };
  const initial = step.states.map((state) => `${state}_init`);
  return [...new Set([...Array.from(parameters).filter((name) => name !== stepLength && tables[name]?.isSetting !== true), ...initial])];
}

/** The value of a parameter, or of a state before the first step, that is the same for all neurons. */
export function valueOf(problem: NeuronProblem, name: string): number {
  const term = problem.parameters[name] ?? termValuesByPath(problem, programOf(problem)).get(`initial.${name.replace(/_init$/, '')}`);
  if (term?.per !== 'scalar') throw new Error(`${name} is not one number`);
  return term.value;
}

export function withParameter(problem: NeuronProblem, name: string, value: NeuronQuantity): NeuronProblem {
  return { ...problem, parameters: { ...problem.parameters, [name]: value } };
}

export function rows(count: number, steps: number, seed: number): Quantity & { readonly per: 'step' } {
  return { per: 'step', values: Float64Array.from(scattered(count * steps, -1, 1, seed)) };
}
