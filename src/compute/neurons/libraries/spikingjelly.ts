import type { Algebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import type { GeneralSettings, Reset } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter } from '../model.ts';

const library = { name: 'SpikingJelly', source: 'SpikingJelly 2.0.0.dev1 (commit afb1322), spikingjelly.activation_based.neuron' };

const v_threshold = { default: 1, meaning: 'Threshold' } satisfies NeuronParameter;
const v_reset = {
  default: 0,
  meaning: 'Potential after a hard reset, and before the first step; null for a soft reset by v_threshold, from 0',
} satisfies NeuronParameter;
/** v_reset of a neuron whose leak leads there. */
const v_reset_and_rest = { ...v_reset, meaning: `${v_reset.meaning}. The leak leads there too` } satisfies NeuronParameter;
const tau = { default: 2, exclusiveMinimum: 1, unit: 'steps', meaning: 'Membrane time constant' } satisfies NeuronParameter;
const a0 = { default: 1, exclusiveMinimum: 0, meaning: 'Curvature of the drift' } satisfies NeuronParameter;
const v_c = { default: 0.8, meaning: 'Critical potential, above which v grows without input' } satisfies NeuronParameter;

const detach_reset = {
  default: false,
  meaning: 'Whether the spike in the reset counts as a constant in the backward pass',
} satisfies NeuronOption;
const decay_input = { default: true, meaning: 'Whether the input is divided by the time constant too' } satisfies NeuronOption;

const spike = String.raw`s_t = [h_t \ge v_\text{threshold}]`;
const hardReset = String.raw`v_t = s_t \, v_\text{reset} + (1 - s_t) \, h_t`;
const leakyCharge = String.raw`h_t = v_{t-1} + \frac{I_t - (v_{t-1} - v_\text{reset})}{\tau}`;

const recordNote = 'v is the membrane after the reset, v_pre the charged membrane h. With v_reset null the reset is v = h - s v_threshold.';
const learnedNote = "SpikingJelly's constants are numbers that it does not learn; here they have gradients.";
const decayNote = 'decay_input false: h = v - (v - v_reset) / tau + I. With v_reset null the leak leads to 0.';

interface Firing<V> {
  readonly v_threshold: V;
  readonly v_reset?: V | undefined;
}

function resetOf<V>({ v_reset }: Firing<V>, isDetached: boolean): Reset<V> {
  const gradient = isDetached ? 'mask' : 'through';
  return v_reset === undefined ? { kind: 'soft', gradient } : { kind: 'hard', value: v_reset, gradient };
}

/** A neuron that charges as `charge` says, fires, and resets in the same step; it starts from v_reset. */
function node<V, M>(ops: Algebra<V, M>, p: Firing<V>, reset: Reset<V>, charge: Partial<GeneralSettings<V>>): GeneralSettings<V> {
  const initial = { ...charge.initial, ...(p.v_reset !== undefined && { v: p.v_reset }) };
  return { ...charge, threshold: p.v_threshold, reset, initial };
}

/** The leak towards v_reset, by 1 / tau of the distance. */
function leak<V>({ v_reset }: Firing<V>, rate: V, scalesInput: boolean): Partial<GeneralSettings<V>> {
  return { rate, input_scaling: scalesInput, ...(v_reset !== undefined && { rest: v_reset }) };
}

const ifNode = defineGeneralNeuron({
  name: 'spikingjelly.IFNode',
  library,
  summary: "SpikingJelly's integrate-and-fire neuron, without a leak.",
  latex: [String.raw`h_t = v_{t-1} + I_t`, spike, hardReset],
  notes: [recordNote, learnedNote],
  parameters: { v_threshold },
  nullable: { v_reset },
  options: { detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) => node(ops, p, resetOf(p, options.detach_reset === true), {}),
});

const lifNode = defineGeneralNeuron({
  name: 'spikingjelly.LIFNode',
  library,
  summary: "SpikingJelly's leaky integrate-and-fire neuron, whose resting potential is v_reset.",
  latex: [leakyCharge, spike, hardReset],
  notes: [recordNote, decayNote, learnedNote],
  parameters: { tau, v_threshold },
  nullable: { v_reset: v_reset_and_rest },
  options: { decay_input, detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) =>
    node(ops, p, resetOf(p, options.detach_reset === true), leak(p, ops.div(ops.constant(1), p.tau), options.decay_input === true)),
});

/** 1 / (1 + e^-a), without overflow. */
function sigmoid<V, M>(ops: Algebra<V, M>, a: V): V {
  const one = ops.constant(1);
  const small = ops.exp(ops.neg(ops.abs(a)));
  return ops.div(ops.select(ops.lt(a, ops.constant(0)), small, one), ops.add(one, small));
}

const parametricLifNode = defineGeneralNeuron({
  name: 'spikingjelly.ParametricLIFNode',
  library,
  summary: "SpikingJelly's leaky integrate-and-fire neuron with a learnable time constant, 1 / tau = sigmoid(w).",
  latex: [String.raw`h_t = v_{t-1} + \sigma(w) \, (I_t - (v_{t-1} - v_\text{reset}))`, spike, hardReset],
  notes: [
    recordNote,
    'decay_input false: h = v - sigmoid(w) (v - v_reset) + I. With v_reset null the leak leads to 0.',
    'w is -ln(init_tau - 1) unless given, and has a gradient either way. SpikingJelly has one w a layer; here it may differ from neuron to neuron.',
  ],
  parameters: {
    init_tau: { default: 2, exclusiveMinimum: 1, unit: 'steps', isSetting: true, meaning: 'Membrane time constant that w starts from' },
    v_threshold,
  },
  nullable: {
    v_reset: v_reset_and_rest,
    w: {
      meaning: 'Logit of 1 / tau; -ln(init_tau - 1) unless given',
      otherwise: (ops, { init_tau }) => ops.neg(ops.log(ops.sub(init_tau!, ops.constant(1)))),
    },
  },
  options: { decay_input, detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) =>
    node(ops, p, resetOf(p, options.detach_reset === true), leak(p, sigmoid(ops, p.w!), options.decay_input === true)),
});

const klifNode = defineGeneralNeuron({
  name: 'spikingjelly.KLIFNode',
  library,
  summary: "SpikingJelly's leaky integrate-and-fire neuron with a learnable gain k and a rectifier before the threshold.",
  latex: [String.raw`h_t = \max\left(0, k \left(v_{t-1} + \frac{I_t - (v_{t-1} - v_\text{reset})}{\tau}\right)\right)`, spike, hardReset],
  notes: [
    recordNote,
    'scale_reset true: v = s v_reset + (1 - s) h / k, or with v_reset null v = (h - s v_threshold) / k. It divides by k, which may not be 0 then.',
    'Below 0 the rectifier lets no gradient through.',
    decayNote,
  ],
  parameters: { k: { default: 1, meaning: 'Gain before the rectifier' }, tau, v_threshold },
  nullable: { v_reset: v_reset_and_rest },
  options: { scale_reset: { default: false, meaning: 'Whether the reset takes the gain k away again' }, decay_input, detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) => {
    const reset = resetOf(p, options.detach_reset === true);
    return node(ops, p, options.scale_reset === true ? { ...reset, divisor: p.k } : reset, {
      ...leak(p, ops.div(ops.constant(1), p.tau), options.decay_input === true),
      rectifier_gain: p.k,
    });
  },
});

const cubaLifNode = defineGeneralNeuron({
  name: 'spikingjelly.CUBALIFNode',
  library,
  summary: "SpikingJelly's current-based leaky integrate-and-fire neuron, whose current and membrane decay by factors.",
  latex: [String.raw`u_t = c_\text{decay} \, u_{t-1} + I_t`, String.raw`h_t = v_\text{decay} \, v_{t-1} + u_t`, spike, hardReset],
  notes: [
    recordNote,
    'The reset is never detached: the class has no such argument. The membrane decays to 0, not to v_reset.',
    learnedNote,
  ],
  parameters: {
    c_decay: { default: 0.5, meaning: 'Factor of the current in a step' },
    v_decay: { default: 0.75, meaning: 'Factor of the membrane in a step' },
    v_threshold: { ...v_threshold, default: 0.5 },
  },
  nullable: { v_reset },
  surrogate: 'spikingjelly.Rect',
  settings: (ops, p) => node(ops, p, resetOf(p, false), { synapse: { decay: p.c_decay }, leak: p.v_decay }),
});

const qifNode = defineGeneralNeuron({
  name: 'spikingjelly.QIFNode',
  library,
  summary: "SpikingJelly's quadratic integrate-and-fire neuron, by an Euler step.",
  latex: [String.raw`h_t = v_{t-1} + \frac{I_t + a_0 (v_{t-1} - v_\text{rest}) (v_{t-1} - v_c)}{\tau}`, spike, hardReset],
  notes: [recordNote, 'SpikingJelly refuses v_reset above v_rest, or not below v_threshold; here both run.', learnedNote],
  parameters: { tau, v_c, a0, v_threshold, v_rest: { default: 0, meaning: 'Resting potential' } },
  nullable: { v_reset: { ...v_reset, default: -0.1 } },
  options: { detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) =>
    node(ops, p, resetOf(p, options.detach_reset === true), {
      drift: { kind: 'quadratic', integration: 'euler', dt: ops.constant(1), tau: p.tau, rest: p.v_rest, critical: p.v_c, curvature: p.a0 },
    }),
});

const eifNode = defineGeneralNeuron({
  name: 'spikingjelly.EIFNode',
  library,
  summary: "SpikingJelly's exponential integrate-and-fire neuron, by an Euler step.",
  latex: [
    String.raw`h_t = v_{t-1} + \frac{I_t + v_\text{rest} - v_{t-1} + \Delta_T \, e^{(v_{t-1} - \theta_\text{rh}) / \Delta_T}}{\tau}`,
    spike,
    hardReset,
  ],
  notes: [recordNote, 'SpikingJelly refuses v_reset above v_rest, or not below v_threshold; here both run.', learnedNote],
  parameters: {
    tau,
    delta_T: { default: 1, exclusiveMinimum: 0, meaning: 'Sharpness of the exponential' },
    theta_rh: { default: 0.8, meaning: 'Rheobase threshold, where the exponential is 1' },
    v_threshold,
    v_rest: { default: 0, meaning: 'Resting potential' },
  },
  nullable: { v_reset: { ...v_reset, default: -0.1 } },
  options: { detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) =>
    node(ops, p, resetOf(p, options.detach_reset === true), {
      drift: {
        kind: 'exponential',
        integration: 'euler',
        dt: ops.constant(1),
        tau: p.tau,
        rest: p.v_rest,
        onset: p.theta_rh,
        sharpness: p.delta_T,
      },
    }),
});

const izhikevichNode = defineGeneralNeuron({
  name: 'spikingjelly.IzhikevichNode',
  library,
  summary: "SpikingJelly's Izhikevich neuron: a quadratic integrate-and-fire neuron with an adaptation current.",
  latex: [
    String.raw`h_t = v_{t-1} + \frac{I_t + a_0 (v_{t-1} - v_\text{rest}) (v_{t-1} - v_c) - w_{t-1}}{\tau}`,
    spike,
    hardReset,
    String.raw`w_t = w_{t-1} + \frac{a (h_t - v_\text{rest}) - w_{t-1}}{\tau_w} + b \, s_t`,
  ],
  notes: [
    recordNote,
    'w is the state a here; it starts from w_rest.',
    'The adaptation follows h, the membrane after the charge; in Norse it follows the one before.',
    'detach_reset detaches only the factor 1 - s of h, and the soft reset: b s and s v_reset keep their gradient, as in SpikingJelly.',
    'With v_reset null and a strong input the membrane grows without bound, as it does there.',
    learnedNote,
  ],
  parameters: {
    tau,
    v_c,
    a0,
    v_threshold,
    v_rest: { default: -0.1, meaning: 'Resting potential' },
    w_rest: { default: 0, meaning: 'Adaptation before the first step' },
    tau_w: { default: 2, exclusiveMinimum: 0, unit: 'steps', meaning: 'Time constant of the adaptation' },
    a: { default: 0, meaning: "Coupling of the adaptation to the membrane's distance from v_rest" },
    b: { default: 0, meaning: 'What a spike adds to the adaptation' },
  },
  nullable: { v_reset },
  options: { detach_reset },
  surrogate: 'spikingjelly.Sigmoid',
  settings: (ops, p, options) => {
    const one = ops.constant(1);
    const reset = resetOf(p, options.detach_reset === true);
    return node(ops, p, reset.kind === 'hard' && reset.gradient === 'mask' ? { ...reset, gradient: 'value_only' } : reset, {
      drift: { kind: 'quadratic', integration: 'euler', dt: one, tau: p.tau, rest: p.v_rest, critical: p.v_c, curvature: p.a0 },
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: ops.sub(one, ops.div(one, p.tau_w)),
        coupling: ops.div(p.a, p.tau_w),
        rest: p.v_rest,
        jump: p.b,
      },
      initial: { a: p.w_rest },
    });
  },
});

/** SpikingJelly's neurons. */
export const spikingjelly = [ifNode, lifNode, parametricLifNode, klifNode, cubaLifNode, qifNode, eifNode, izhikevichNode];
