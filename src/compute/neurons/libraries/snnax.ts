import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import type { GeneralSettings, Reset } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const library = { name: 'snnax', source: 'snnax (commit b7a55c6), snnax.snn.layers' };

const alpha = {
  meaning: 'Factor of the membrane in a step, limited to [0.5, 1]; decay_constants[0] in snnax',
} as const satisfies NeuronParameter;
const beta = {
  meaning: 'Factor of the current in a step, limited to [0.5, 1]; decay_constants[1] in snnax',
} as const satisfies NeuronParameter;
const threshold = { default: 1, meaning: 'Threshold' } as const satisfies NeuronParameter;

const options = {
  stop_reset_grad: { default: true, meaning: 'Whether the backward pass sees nothing of what the reset takes away' },
} as const satisfies Record<string, NeuronOption>;

const surrogate = 'snnax.superspike';

const stopNote = 'stop_reset_grad detaches the whole of what the reset takes away, not only the spike.';
const clampNote = 'The gradients of parameters that are limited are 0 at the limits and beyond.';
const delayNote = 'The membrane sees the input one step late. v is the membrane before its reset.';
const spikeLatex = String.raw`s_t = [v^\text{pre}_t \ge \theta]`;
const currentLatex = [
  String.raw`v^\text{pre}_t = \alpha \, v_{t-1} + (1 - \alpha) \, u_{t-1}`,
  String.raw`u_t = \beta \, u_{t-1} + (1 - \beta) \, I_t`,
  spikeLatex,
];

/** jax.lax.clamp, whose derivative is 0 at the limits. */
function clamped<V, M>(ops: ParameterAlgebra<V, M>, a: V, low: number, high: number): V {
  return ops.min(ops.max(a, ops.constant(low)), ops.constant(high));
}

/** ln(1 + e^a) without overflow. */
function softplus<V, M>(ops: ParameterAlgebra<V, M>, a: V): V {
  return ops.add(ops.max(ops.constant(0), a), ops.log1p(ops.exp(ops.min(a, ops.neg(a)))));
}

function gradientOf(stop_reset_grad: OptionValue): 'jump' | 'through' {
  return stop_reset_grad === true ? 'jump' : 'through';
}

/** The membrane as a mean of itself and its drive. */
function averaging<V, M>(ops: ParameterAlgebra<V, M>, factor: V): Pick<GeneralSettings<V>, 'leak' | 'gain'> {
  const leak = clamped(ops, factor, 0.5, 1);
  return { leak, gain: ops.sub(ops.constant(1), leak) };
}

const simpleLif = defineGeneralNeuron({
  name: 'snnax.SimpleLIF',
  library,
  summary: "snnax's leaky neuron without a synaptic current.",
  latex: [
    String.raw`v^\text{pre}_t = \alpha \, v_{t-1} + (1 - \alpha) \, I_t`,
    spikeLatex,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t, \quad \text{or}\ v^\text{pre}_t - s_t \ln(1 + e^{v_\text{reset}})`,
  ],
  notes: [
    'v is the membrane after the reset.',
    stopNote,
    clampNote,
    'A reset_val is no potential that a reset leads to: softplus(reset_val) is taken away.',
  ],
  parameters: { alpha, threshold },
  nullable: { reset_val: { meaning: 'A reset takes softplus(reset_val) away; null for a reset to 0' } },
  options,
  surrogate,
  settings: (ops, p, { stop_reset_grad }) => {
    const gradient = gradientOf(stop_reset_grad);
    return {
      ...averaging(ops, p.alpha),
      threshold: p.threshold,
      reset: p.reset_val === undefined ? { kind: 'hard', gradient } : { kind: 'soft', gradient, drop: softplus(ops, p.reset_val) },
    };
  },
});

/** The settings of LIF and LIFSoftReset. */
function withCurrent<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: { readonly alpha: V; readonly beta: V; readonly threshold: V },
  reset: Reset<V>,
): Partial<GeneralSettings<V>> {
  const decay = clamped(ops, p.beta, 0.5, 1);
  return {
    ...averaging(ops, p.alpha),
    synapse: { decay, gain: ops.sub(ops.constant(1), decay), timing: 'delayed' },
    threshold: p.threshold,
    reset,
    record: 'pre',
  };
}

const lif = defineGeneralNeuron({
  name: 'snnax.LIF',
  library,
  summary: "snnax's leaky neuron with a synaptic current.",
  latex: [...currentLatex, String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`],
  notes: [delayNote, stopNote, clampNote],
  parameters: { alpha, beta, threshold },
  nullable: { reset_val: { meaning: 'Potential after a reset; null for 0' } },
  options,
  surrogate,
  settings: (ops, p, { stop_reset_grad }) =>
    withCurrent(ops, p, { kind: 'hard', gradient: gradientOf(stop_reset_grad), ...(p.reset_val !== undefined && { value: p.reset_val }) }),
});

const lifSoftReset = defineGeneralNeuron({
  name: 'snnax.LIFSoftReset',
  library,
  summary: 'The neuron of snnax.LIF with a reset that takes a number away.',
  latex: [...currentLatex, String.raw`v_t = v^\text{pre}_t - s_t \, v_\text{reset}`],
  notes: [delayNote, 'Without a reset_val the reset takes 1 away, whatever the threshold.', stopNote, clampNote],
  parameters: { alpha, beta, threshold },
  nullable: { reset_val: { meaning: 'What a reset takes away; null for 1' } },
  options,
  surrogate,
  settings: (ops, p, { stop_reset_grad }) =>
    withCurrent(ops, p, { kind: 'soft', gradient: gradientOf(stop_reset_grad), drop: p.reset_val ?? ops.constant(1) }),
});

const adaptiveLif = defineGeneralNeuron({
  name: 'snnax.AdaptiveLIF',
  library,
  summary: "snnax's leaky neuron with an adaptation current.",
  latex: [
    String.raw`v^\text{pre}_t = \alpha \, v_{t-1} + (1 - \alpha) \, (I_t + a_{t-1})`,
    spikeLatex,
    String.raw`a_t = \beta \, a_{t-1} + (1 - \beta) \, c \, v^\text{pre}_t - b \, s_t`,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t, \quad \text{or}\ v^\text{pre}_t - s_t \, v_\text{reset}`,
  ],
  notes: [
    'beta, c and b of the equations are ada_decay, ada_coupling and ada_step: ada_decay_constant, ada_coupling_var and ada_step_val in snnax.',
    'v is the membrane after the reset. The spike in a is detached.',
    stopNote,
    'reset_val is taken away as it is, not its softplus as by snnax.SimpleLIF.',
    clampNote,
  ],
  parameters: {
    alpha,
    ada_decay: { default: 0.8, meaning: 'Factor of the adaptation in a step, limited to [0.5, 1]' },
    ada_step: { default: 1, meaning: 'What a spike takes away from the adaptation, limited to [0, 2]' },
    ada_coupling: { default: 0.5, meaning: 'How strongly the adaptation follows v, limited to [-1, 1]' },
    threshold,
  },
  nullable: { reset_val: { meaning: 'What a reset takes away; null for a reset to 0' } },
  options,
  surrogate,
  settings: (ops, p, { stop_reset_grad }) => {
    const gradient = gradientOf(stop_reset_grad);
    const decay = clamped(ops, p.ada_decay, 0.5, 1);
    return {
      ...averaging(ops, p.alpha),
      adaptation: {
        to: 'current',
        decay,
        coupling: ops.mul(ops.sub(ops.constant(1), decay), clamped(ops, p.ada_coupling, -1, 1)),
        jump: ops.neg(clamped(ops, p.ada_step, 0, 2)),
        detached: true,
      },
      threshold: p.threshold,
      reset: p.reset_val === undefined ? { kind: 'hard', gradient } : { kind: 'soft', gradient, drop: p.reset_val },
    };
  },
});

/** snnax's neurons. */
export const snnax = [simpleLif, lif, lifSoftReset, adaptiveLif];
