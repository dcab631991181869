import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import type { Reset } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const library = { name: 'snnTorch', source: 'snnTorch, snntorch._neurons (0.9.4, commit 634fc22)', strictThreshold: true };

const alpha = { meaning: 'Factor of the synaptic current in a step; limited to [0, 1], with gradient 1 inside' } satisfies NeuronParameter;
const beta = { meaning: 'Factor of the membrane in a step; limited to [0, 1], with gradient 1 inside' } satisfies NeuronParameter;
const threshold = { default: 1, meaning: 'Threshold' } satisfies NeuronParameter;
const V = { default: 1, meaning: "Factor of the neuron's own last output in its input" } satisfies NeuronParameter;

const reset_mechanism = {
  default: 'subtract',
  values: ['subtract', 'zero', 'none'],
  meaning: 'What the reset takes away: the threshold, everything, nothing',
} satisfies NeuronOption;
const reset_delay = { default: true, meaning: 'Whether the reset is felt in the step after the spike' } satisfies NeuronOption;

/** A value limited to [0, 1], with derivative 1 there, ends included, and 0 outside. */
function unit<V, M>(ops: ParameterAlgebra<V, M>, a: V): V {
  const [zero, one] = [ops.constant(0), ops.constant(1)];
  return ops.select(ops.lt(a, zero), zero, ops.select(ops.lt(one, a), one, a));
}

/** The reset of Leaky: `zero` leaves the input of its step. */
function leakyReset(mechanism: OptionValue, isDelayed: boolean): Reset<never> {
  if (mechanism === 'zero' && isDelayed) return { kind: 'hard', when: 'start', gradient: 'mask' };
  return mechanism === 'zero' ? { kind: 'hard', when: 'recheck' } : resetWithDrive(mechanism, isDelayed);
}

/** The reset of the other neurons: `zero` takes the drive of its step too. */
function resetWithDrive(mechanism: OptionValue, isDelayed: boolean): Reset<never> {
  if (mechanism === 'none') return { kind: 'none' };
  const kind = mechanism === 'subtract' ? 'soft' : 'hard';
  return isDelayed ? { kind, when: 'late', gradient: 'mask' } : { kind, when: 'recheck', ...(kind === 'hard' && { drive: true }) };
}

const resetMask = String.raw`r_t = [v_{t-1} > \theta]`;
const spike = String.raw`s_t = [v_t > \theta]`;

const detachedNote = 'The reset r is detached. v is the membrane before its reset, as snnTorch records it.';
const delayNote =
  'reset_delay false: v loses (s - r) threshold, or (s - r) v, at the end of the step, not detached. This differs from an ordinary soft reset while v stays above the threshold after it.';
const driveNote = 'zero: v = (1 - r) (beta v + drive), so the step after a spike loses its drive; Leaky keeps it.';
const selfNote = 'This is all_to_all=False. The recurrent layer of all_to_all=True, the default there, belongs to a network.';

const leaky = defineGeneralNeuron({
  name: 'snntorch.Leaky',
  library,
  summary: "snnTorch's leaky neuron, whose reset is felt one step after the spike, after the decay.",
  latex: [resetMask, String.raw`v_t = \beta \, v_{t-1} + I_t - r_t \, \theta`, spike],
  notes: [detachedNote, 'zero: v = beta (1 - r) v + I.', delayNote],
  parameters: { beta, threshold },
  nullable: { graded_spikes_factor: { default: 1, none: 1, meaning: 'Factor of the returned spikes' } },
  options: { reset_mechanism, reset_delay },
  surrogate: 'snntorch.atan',
  settings: (ops, p, options) => ({
    leak: unit(ops, p.beta),
    threshold: p.threshold,
    strict: true,
    ...(p.graded_spikes_factor !== undefined && { graded_factor: p.graded_spikes_factor }),
    reset: leakyReset(options.reset_mechanism, options.reset_delay === true),
  }),
});

const synaptic = defineGeneralNeuron({
  name: 'snntorch.Synaptic',
  library,
  summary: "snnTorch's leaky neuron with a synaptic current that decays by a factor alpha.",
  latex: [resetMask, String.raw`u_t = \alpha \, u_{t-1} + I_t`, String.raw`v_t = \beta \, v_{t-1} + u_t - r_t \, \theta`, spike],
  notes: [detachedNote, `${driveNote} The synaptic current itself is never reset.`, delayNote],
  parameters: { alpha, beta, threshold },
  options: { reset_mechanism, reset_delay },
  surrogate: 'snntorch.atan',
  settings: (ops, p, options) => ({
    synapse: { decay: unit(ops, p.alpha) },
    leak: unit(ops, p.beta),
    threshold: p.threshold,
    strict: true,
    reset: resetWithDrive(options.reset_mechanism, options.reset_delay === true),
  }),
});

const rleaky = defineGeneralNeuron({
  name: 'snntorch.RLeaky',
  library,
  summary: "snnTorch's leaky neuron with its own last output in its input, one to one.",
  latex: [resetMask, String.raw`v_t = \beta \, v_{t-1} + I_t + V s_{t-1} - r_t \, \theta`, spike],
  notes: [detachedNote, 'The last output is not detached.', selfNote, driveNote, delayNote],
  parameters: { beta, V, threshold },
  options: { reset_mechanism, reset_delay },
  surrogate: 'snntorch.atan',
  settings: (ops, p, options) => ({
    recurrent: p.V,
    leak: unit(ops, p.beta),
    threshold: p.threshold,
    strict: true,
    reset: resetWithDrive(options.reset_mechanism, options.reset_delay === true),
  }),
});

const rsynaptic = defineGeneralNeuron({
  name: 'snntorch.RSynaptic',
  library,
  summary: "snnTorch's neuron with a synaptic current and its own last output in its input, one to one.",
  latex: [
    resetMask,
    String.raw`u_t = \alpha \, u_{t-1} + I_t + V s_{t-1}`,
    String.raw`v_t = \beta \, v_{t-1} + u_t - r_t \, \theta`,
    spike,
  ],
  notes: [
    detachedNote,
    'The last output is not detached.',
    selfNote,
    driveNote,
    'There is no reset_delay: with reset_delay=False snnTorch reads arguments in the place of its states, and fails or resets nothing.',
  ],
  parameters: { alpha, beta, V, threshold },
  options: { reset_mechanism },
  surrogate: 'snntorch.atan',
  settings: (ops, p, options) => ({
    recurrent: p.V,
    synapse: { decay: unit(ops, p.alpha) },
    leak: unit(ops, p.beta),
    threshold: p.threshold,
    strict: true,
    reset: resetWithDrive(options.reset_mechanism, true),
  }),
});

const lapicque = defineGeneralNeuron({
  name: 'snntorch.Lapicque',
  library,
  summary: "snnTorch's RC circuit, by an Euler step.",
  latex: [resetMask, String.raw`v_t = \left(1 - \frac{\Delta t}{R C}\right) v_{t-1} + \frac{\Delta t}{C} \, I_t - r_t \, \theta`, spike],
  notes: [
    detachedNote,
    'With beta, R C = time_step / ln(1 / beta), and R = 1 unless R or C is given: the decay is 1 + ln(beta) rather than beta, as in snnTorch.',
    'With R and C given beta has no effect; snnTorch fails where all three are given.',
    driveNote,
    'snnTorch learns only beta and threshold; here R and C have gradients too.',
  ],
  parameters: {
    time_step: { default: 1, exclusiveMinimum: 0, isSetting: true, meaning: 'Length of a step, in the unit of R C' },
    threshold,
  },
  nullable: {
    beta: { exclusiveMinimum: 0, meaning: 'e^(-time_step / (R C)), from which the one of R and C that is left out follows' },
    R: { exclusiveMinimum: 0, meaning: 'Resistance' },
    C: { exclusiveMinimum: 0, meaning: 'Capacitance' },
  },
  needs: [['R', 'C'], ['beta']],
  options: { reset_mechanism },
  surrogate: 'snntorch.atan',
  settings: (ops, { time_step, threshold, beta, R, C }, options) => {
    const rate = R !== undefined && C !== undefined ? ops.div(time_step, ops.mul(R, C)) : beta && ops.neg(ops.log(beta));
    if (rate === undefined) throw new RangeError('snntorch.Lapicque needs R and C, or beta');
    const driven = R === undefined ? rate : ops.mul(R, rate);
    return {
      leak: ops.sub(ops.constant(1), rate),
      gain: C === undefined ? driven : ops.div(time_step, C),
      threshold,
      strict: true,
      reset: resetWithDrive(options.reset_mechanism, true),
    };
  },
});

const alphaNeuron = defineGeneralNeuron({
  name: 'snntorch.Alpha',
  library,
  summary: "snnTorch's neuron whose membrane is the alpha-shaped response to its input, the difference of two currents.",
  latex: [
    resetMask,
    String.raw`u_{1,t} = (1 - r_t) (\alpha \, u_{1,t-1} + I_t)`,
    String.raw`u_{2,t} = (1 - r_t) (\beta \, u_{2,t-1} - I_t)`,
    String.raw`v_t = (1 - r_t) \, \tau_\alpha (u_{1,t} + u_{2,t}), \quad \tau_\alpha = \frac{\ln \alpha}{\ln \beta - \ln \alpha} + 1`,
    spike,
  ],
  notes: [
    detachedNote,
    'alpha has to be greater than beta. The membrane has no leak of its own.',
    'u_1 is the excitatory current (syn_exc in snnTorch), u_2 the inhibitory one (syn_inh).',
    'There is no subtract: in snnTorch it puts other values in the place of the currents and subtracts nothing of the threshold from the membrane.',
    'alpha has a gradient here; in snnTorch learn_alpha=True fails.',
  ],
  parameters: {
    alpha: { exclusiveMinimum: 0, maximum: 1, meaning: 'Factor of the excitatory current in a step, greater than beta' },
    beta: { exclusiveMinimum: 0, maximum: 1, meaning: 'Factor of the inhibitory current in a step' },
    threshold,
  },
  options: {
    reset_mechanism: { default: 'zero', values: ['zero', 'none'], meaning: 'What the reset takes away: membrane and currents, or nothing' },
  },
  surrogate: 'snntorch.atan',
  settings: (ops, p, options) => {
    const [one, logAlpha] = [ops.constant(1), ops.log(p.alpha)];
    const weight = ops.add(ops.div(logAlpha, ops.sub(ops.log(p.beta), logAlpha)), one);
    return {
      synapse: [{ decay: p.alpha }, { decay: p.beta, gain: ops.constant(-1) }],
      // Of the sum of the currents, which cancel, rather than of each.
      gain: weight,
      leak: ops.constant(0),
      threshold: p.threshold,
      strict: true,
      reset: options.reset_mechanism === 'none' ? { kind: 'none' } : { kind: 'hard', when: 'late', gradient: 'mask', currents: true },
    };
  },
});

/** snnTorch's neurons. */
export const snntorch = [leaky, synaptic, rleaky, rsynaptic, lapicque, alphaNeuron];
