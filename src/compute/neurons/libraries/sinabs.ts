import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor, type GeneralSettings, type Synapse } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const library = { name: 'Sinabs', source: 'Sinabs 3.1.3 (commit 904eb89), sinabs.layers' };

const tau = (meaning: string) => ({ exclusiveMinimum: 0, unit: 'steps', meaning }) as const satisfies NeuronParameter;

const tau_mem = tau('Membrane time constant');
const tau_syn = tau('Time constant of the synaptic current; null for none');
const spike_threshold = { default: 1, exclusiveMinimum: 0, meaning: 'Threshold' } as const satisfies NeuronParameter;
const min_v_mem = { meaning: 'Lower bound of the membrane' } as const satisfies NeuronParameter;
const subtract_value = {
  meaning: 'What MembraneSubtract takes away for each spike; the threshold unless given',
} as const satisfies NeuronParameter;

const nullable = {
  tau_syn,
  min_v_mem,
  subtract_value,
  max_num_spikes_per_bin: { minimum: 1, isSetting: true, meaning: 'Largest number of spikes in a step of MaxSpike' },
} as const satisfies Record<string, NeuronParameter>;

const reset_fn = {
  default: 'MembraneSubtract',
  values: ['MembraneSubtract', 'MembraneReset'],
  meaning: 'Whether a spike takes the threshold away or sets the membrane to 0',
} as const satisfies NeuronOption;

const options = {
  spike_fn: {
    default: 'MultiSpike',
    values: ['MultiSpike', 'MaxSpike', 'SingleSpike'],
    meaning: 'How often a neuron may fire in a step: any number of times, max_num_spikes_per_bin times, once',
  },
  reset_fn,
} as const satisfies Record<string, NeuronOption>;

const normInput = (isDefault: boolean) =>
  ({ default: isDefault, meaning: 'Whether the input is multiplied by 1 - exp(-1 / tau_mem)' }) as const satisfies NeuronOption;

const surrogate = 'sinabs.SingleExponential';

const gradientNotes = [
  "The spike's gradient does not reach the threshold; only what the reset takes away does. Sinabs does not train the threshold at all.",
  'The backward pass sees the reset of MembraneSubtract, but not which neurons MembraneReset resets.',
];
const resetValueNote =
  'MembraneReset leads to 0. In Sinabs its reset_value is added to every neuron in every step, whether it fires or not; it has no parameter here.';
const recordNote = 'v is the membrane after reset and lower bound.';

const spikeLatex = String.raw`n_t = \lfloor v^\text{pre}_t / \theta \rfloor \ \text{where}\ v^\text{pre}_t \ge \theta,\ \text{else}\ 0`;
const resetLatex = String.raw`v_t = \max(v^\text{pre}_t - n_t \, \theta, v_\text{min})`;

/** u <- factor exp(-1 / time) (u + x), where there is a synapse. */
function synapse<V, M>(ops: ParameterAlgebra<V, M>, time: V | undefined, factor = ops.constant(1)): { readonly synapse?: Synapse<V> } {
  if (time === undefined) return {};
  const decay = ops.mul(factor, decayFactor(ops, ops.div(ops.constant(1), time), 'exponential'));
  return { synapse: { decay, gain: decay } };
}

/** The leaky membrane, with its input normalised or not. */
function leaky<V, M>(ops: ParameterAlgebra<V, M>, time: V, norm_input: OptionValue): Pick<GeneralSettings<V>, 'leak' | 'gain'> {
  const ratio = ops.div(ops.constant(1), time);
  return { leak: decayFactor(ops, ratio, 'exponential'), ...(norm_input === true && { gain: decayedPart(ops, ratio, 'exponential') }) };
}

/** Spikes, reset and lower bound of LIF and IAF. */
function firing<V>(
  p: { readonly spike_threshold: V } & { readonly [N in keyof typeof nullable]?: V | undefined },
  { spike_fn, reset_fn: how }: { readonly spike_fn: OptionValue; readonly reset_fn: OptionValue },
): Pick<GeneralSettings<V>, 'threshold' | 'threshold_gradient' | 'multi_spike' | 'reset' | 'v_min'> {
  const max = spike_fn === 'MaxSpike' ? p.max_num_spikes_per_bin : undefined;
  return {
    threshold: p.spike_threshold,
    threshold_gradient: 'none',
    ...(spike_fn !== 'SingleSpike' && { multi_spike: max === undefined ? {} : { max } }),
    reset: how === 'MembraneSubtract' ? { kind: 'soft', drop: p.subtract_value ?? 'threshold' } : { kind: 'hard', gradient: 'mask' },
    ...(p.min_v_mem !== undefined && { v_min: p.min_v_mem }),
  };
}

const lif = defineGeneralNeuron({
  name: 'sinabs.LIF',
  library,
  summary: "Sinabs' leaky integrate-and-fire neuron, which may fire several times in a step.",
  latex: [
    String.raw`u_t = e^{-1 / \tau_\text{syn}} \, (u_{t-1} + I_t), \quad \text{or}\ u_t = I_t\ \text{without}\ \tau_\text{syn}`,
    String.raw`v^\text{pre}_t = \alpha \, v_{t-1} + (1 - \alpha) \, u_t, \quad \alpha = e^{-1 / \tau_\text{mem}}`,
    spikeLatex,
    resetLatex,
  ],
  notes: [
    recordNote,
    ...gradientNotes,
    resetValueNote,
    'With norm_input false the membrane takes u as it is; with tau_syn, a single synapse and no bias that is rockpool.LIFTorch, up to the surrogate.',
  ],
  parameters: { tau_mem, spike_threshold },
  nullable,
  options: { ...options, norm_input: normInput(true) },
  surrogate,
  settings: (ops, p, { norm_input, ...how }) => ({ ...leaky(ops, p.tau_mem, norm_input), ...synapse(ops, p.tau_syn), ...firing(p, how) }),
});

const iaf = defineGeneralNeuron({
  name: 'sinabs.IAF',
  library,
  summary: "Sinabs' integrate-and-fire neuron without leak, which may fire several times in a step.",
  latex: [
    String.raw`u_t = e^{-1 / \tau_\text{syn}} \, (u_{t-1} + I_t), \quad \text{or}\ u_t = I_t\ \text{without}\ \tau_\text{syn}`,
    String.raw`v^\text{pre}_t = v_{t-1} + u_t`,
    spikeLatex,
    resetLatex,
  ],
  notes: [recordNote, ...gradientNotes, resetValueNote],
  parameters: { spike_threshold },
  nullable,
  options,
  surrogate,
  settings: (ops, p, how) => ({ ...synapse(ops, p.tau_syn), ...firing(p, how) }),
});

const expLeak = defineGeneralNeuron({
  name: 'sinabs.ExpLeak',
  library,
  summary: "Sinabs' leaky integrator, which returns its membrane and never fires.",
  latex: [String.raw`v_t = \max(\alpha \, v_{t-1} + I_t, v_\text{min}), \quad \alpha = e^{-1 / \tau_\text{mem}}`],
  notes: ['With norm_input true the input is multiplied by 1 - alpha; the default is false here and true for sinabs.LIF.'],
  parameters: { tau_mem },
  nullable: { min_v_mem },
  options: { norm_input: normInput(false) },
  surrogate: null,
  settings: (ops, p, { norm_input }) => ({
    ...leaky(ops, p.tau_mem, norm_input),
    ...(p.min_v_mem !== undefined && { v_min: p.min_v_mem }),
  }),
});

const alif = defineGeneralNeuron({
  name: 'sinabs.ALIF',
  library,
  summary: "Sinabs' adaptive neuron, whose threshold rises with its spikes.",
  latex: [
    String.raw`v^\text{pre}_t = \alpha \, v_{t-1} + (1 - \alpha) \, u_t, \quad \alpha = e^{-1 / \tau_\text{mem}}`,
    String.raw`\theta_t = \theta + \text{scale} \, b_{t-1}, \quad s_t = [v^\text{pre}_t \ge \theta_t]`,
    String.raw`v_t = \max(v^\text{pre}_t - s_t \, \theta_t, v_\text{min})`,
    String.raw`b_t = \alpha_\text{adapt} \, b_{t-1} + (1 - \alpha_\text{adapt}) \, s_t, \quad \alpha_\text{adapt} = e^{-1 / \tau_\text{adapt}}`,
  ],
  notes: [
    'It fires once in a step (SingleSpike), and the reset takes the risen threshold away. The state `a` is b.',
    "The spike's gradient does not reach the threshold, nor b through it; both are reached by what the reset takes away.",
    'v is the membrane after the reset. The recordings of Sinabs hold that of the next step before its reset, since every step writes over the dictionary that has been recorded.',
    'With norm_input and tau_syn the stored current is the normalised one, as in Sinabs: u = (1 - alpha) exp(-1 / tau_syn) (u + I).',
  ],
  parameters: {
    tau_mem,
    tau_adapt: tau('Time constant of the threshold'),
    adapt_scale: { default: 1.8, meaning: 'How strongly b raises the threshold' },
    spike_threshold: { ...spike_threshold, meaning: 'Threshold of a neuron that has not fired' },
  },
  nullable: { tau_syn, min_v_mem, subtract_value },
  options: { reset_fn, norm_input: normInput(true) },
  surrogate,
  settings: (ops, p, { reset_fn: how, norm_input }) => {
    const ratio = ops.div(ops.constant(1), p.tau_adapt);
    const { gain, ...membrane } = leaky(ops, p.tau_mem, norm_input);
    return {
      ...membrane,
      ...(p.tau_syn === undefined ? gain !== undefined && { gain } : synapse(ops, p.tau_syn, gain)),
      threshold: p.spike_threshold,
      threshold_gradient: 'none',
      adaptation: {
        to: 'threshold',
        weight: p.adapt_scale,
        decay: decayFactor(ops, ratio, 'exponential'),
        jump: decayedPart(ops, ratio, 'exponential'),
      },
      reset: how === 'MembraneSubtract' ? { kind: 'soft', drop: p.subtract_value ?? 'effective' } : { kind: 'hard', gradient: 'mask' },
      ...(p.min_v_mem !== undefined && { v_min: p.min_v_mem }),
    };
  },
});

/** Sinabs' neurons. */
export const sinabs = [lif, iaf, expLeak, alif];
