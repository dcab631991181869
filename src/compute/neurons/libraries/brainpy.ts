import type { ParameterAlgebra } from '../../algebra.ts';
import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor, type Drift, type GeneralSettings } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

const library = { name: 'brainpy.state', source: 'brainpy.state of BrainPy 2.7.3 (commit 0fd8469)' };

const timeStep = { parameter: 'dt', milliseconds: 1 } as const;

const dt = {
  exclusiveMinimum: 0,
  unit: 'ms',
  isSetting: true,
  meaning: "Length of a step, which brainpy.state takes from brainstate's environment",
} as const satisfies NeuronParameter;

const membrane = {
  R: { default: 1, meaning: 'Membrane resistance in ohm' },
  tau: { default: 5, exclusiveMinimum: 0, unit: 'ms', meaning: 'Membrane time constant' },
  V_th: { default: 1, unit: 'mV', meaning: 'Threshold' },
} as const satisfies Record<string, NeuronParameter>;

const leakyMembrane = {
  ...membrane,
  V_reset: { default: 0, unit: 'mV', meaning: 'Potential after a reset; less than V_th' },
  V_rest: { default: 0, unit: 'mV', meaning: 'Resting potential' },
  V_init: { default: 0, unit: 'mV', meaning: 'Potential before the first step' },
  dt,
} as const satisfies Record<string, NeuronParameter>;

/** Of the neurons whose membrane is not linear. */
const nonlinearMembrane = {
  ...leakyMembrane,
  tau: { ...membrane.tau, default: 10 },
  V_th: { ...membrane.V_th, default: -30 },
  V_reset: { ...leakyMembrane.V_reset, default: -68 },
  V_rest: { ...leakyMembrane.V_rest, default: -65 },
  V_init: { ...leakyMembrane.V_init, default: -65 },
} as const satisfies Record<string, NeuronParameter>;

const exponentialMembrane = {
  ...nonlinearMembrane,
  V_T: { default: -59.9, unit: 'mV', meaning: 'Potential at which the exponential rise begins' },
  delta_T: { default: 3.48, exclusiveMinimum: 0, unit: 'mV', meaning: 'Sharpness of the rise' },
} as const satisfies Record<string, NeuronParameter>;

const options = {
  spk_reset: { default: 'soft', values: ['soft', 'hard'], meaning: 'What a reset does: v loses V_th - V_reset, or becomes V_reset' },
} as const satisfies Record<string, NeuronOption>;

const surrogate = 'relu_grad';

const startsWithReset =
  'The reset takes place at the start of the next step: v is the membrane before it, and the first step resets an initial potential that has reached the threshold.';

const notes = [
  startsWithReset,
  'The surrogate is taken at (v - V_th) / (V_th - V_reset). The quotient is differentiated, so that V_reset has a gradient even where nothing fires.',
  'The reset is differentiated; a hard one as v - (V - V_reset) s, where V is v as a constant.',
];

const exponentialEuler = "The exponential Euler step is differentiated as a whole, its f'(v) included.";

const overflow =
  "e^z with z = dt f'(v) leaves the range of float32 where the rise is steep and steps are long: one step above the threshold can pass 1e38.";

const resetLatex = String.raw`v'_t = v_{t-1} - (V_\text{th} - V_\text{reset}) \, [v_{t-1} \ge V_\text{th}]`;
const spikeLatex = String.raw`s_t = [v_t \ge V_\text{th}]`;
const leakyLatex = String.raw`v_t = v'_t + (1 - e^{-\text{dt} / \tau}) \, (V_\text{rest} + R \, I_t - v'_t)`;
const driftLatex = String.raw`v_t = v'_t + \text{dt} \, \frac{e^z - 1}{z} \, f(v'_t), \quad z = \text{dt} \, f'(v'_t)`;

/** The drift of a membrane with `exponentialMembrane`. */
function exponentialDrift<V>(p: Readonly<Record<keyof typeof exponentialMembrane, V>>): Drift<V> {
  return {
    kind: 'exponential',
    dt: p.dt,
    integration: 'exponential',
    tau: p.tau,
    rest: p.V_rest,
    onset: p.V_T,
    sharpness: p.delta_T,
    gain: p.R,
  };
}

/** Threshold and reset. */
function firing<V, M>(
  ops: ParameterAlgebra<V, M>,
  { V_th, V_reset }: { readonly V_th: V; readonly V_reset: V },
  spk_reset: OptionValue,
): Pick<GeneralSettings<V>, 'threshold' | 'scale' | 'reset' | 'record'> {
  const distance = ops.sub(V_th, V_reset);
  return {
    threshold: V_th,
    scale: ops.div(ops.constant(1), distance),
    reset:
      spk_reset === 'soft'
        ? { kind: 'soft', when: 'start', drop: distance }
        : { kind: 'hard', when: 'start', gradient: 'value', value: V_reset },
    record: 'pre',
  };
}

/** The leaky membrane by an exponential Euler step, which is exact for it. */
function leaky<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: { readonly tau: V; readonly dt: V; readonly R: V },
): Pick<GeneralSettings<V>, 'rate' | 'gain'> {
  return { rate: decayedPart(ops, ops.div(p.dt, p.tau), 'exponential'), gain: p.R };
}

const lif = defineGeneralNeuron({
  name: 'brainpy.state.LIF',
  library,
  summary: "brainpy.state's leaky integrate-and-fire neuron, which resets at the start of the step after the spike.",
  latex: [resetLatex, leakyLatex, spikeLatex],
  notes,
  parameters: leakyMembrane,
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({ ...leaky(ops, p), rest: p.V_rest, ...firing(ops, p, spk_reset), initial: { v: p.V_init } }),
});

const integrateAndFire = defineGeneralNeuron({
  name: 'brainpy.state.IF',
  library,
  summary: "brainpy.state's integrate-and-fire neuron, which leaks to 0 despite its name.",
  latex: [
    String.raw`v'_t = v_{t-1} - V_\text{th} \, [v_{t-1} \ge V_\text{th}]`,
    String.raw`v_t = v'_t + (1 - e^{-\text{dt} / \tau}) \, (R \, I_t - v'_t)`,
    spikeLatex,
  ],
  notes: [
    'The neuron of brainpy.state.LIF with V_rest = V_reset = 0: BrainPy calls it free of leak, its code leaks with the time constant tau.',
    startsWithReset,
    'The surrogate is taken at (v - V_th) / V_th, and the quotient is differentiated.',
    'The reset is differentiated; a hard one as v - V s, where V is v as a constant.',
  ],
  parameters: { ...membrane, V_init: leakyMembrane.V_init, dt },
  options: { spk_reset: { ...options.spk_reset, meaning: 'What a reset does: v loses V_th, or becomes 0' } },
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({
    ...leaky(ops, p),
    ...firing(ops, { V_th: p.V_th, V_reset: ops.constant(0) }, spk_reset),
    initial: { v: p.V_init },
  }),
});

const lifRef = defineGeneralNeuron({
  name: 'brainpy.state.LIFRef',
  library,
  summary: 'The neuron of brainpy.state.LIF with a membrane that is kept for a time after a spike.',
  latex: [
    resetLatex,
    String.raw`v_t = \begin{cases} v'_t & \text{refractory} \\ v'_t + (1 - e^{-\text{dt} / \tau}) \, (V_\text{rest} + R \, I_t - v'_t) & \text{else} \end{cases}`,
    spikeLatex,
  ],
  notes: [
    'A spike is followed by ceil(tau_ref / dt) - 1 refractory steps.',
    'Spike and reset take place in refractory steps too, and are differentiated there.',
    ...notes,
  ],
  parameters: leakyMembrane,
  nullable: { tau_ref: { default: 5, minimum: 0, unit: 'ms', isSetting: true, none: 0, meaning: 'Refractory time' } },
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({
    ...leaky(ops, p),
    rest: p.V_rest,
    ...firing(ops, p, spk_reset),
    ...(p.tau_ref !== undefined && {
      // ceil(x) = -floor(-x); 1.1 / 0.1 counts as 11, although it is 11.000000000000002.
      refractory: {
        steps: ops.sub(ops.neg(ops.floor(ops.mul(ops.div(p.tau_ref, p.dt), ops.constant(4 * Number.EPSILON - 1)))), ops.constant(1)),
        mode: 'free',
      },
    }),
    initial: { v: p.V_init },
  }),
});

const alif = defineGeneralNeuron({
  name: 'brainpy.state.ALIF',
  library,
  summary: 'The neuron of brainpy.state.LIF with a threshold that rises with its spikes.',
  latex: [
    String.raw`r_t = [v_{t-1} \ge V_\text{th} + \beta \, a_{t-1}], \quad v'_t = v_{t-1} - (V_\text{th} - V_\text{reset}) \, r_t`,
    leakyLatex,
    String.raw`a_t = e^{-\text{dt} / \tau_a} \, (a_{t-1} + r_t)`,
    String.raw`s_t = [v_t \ge V_\text{th} + \beta \, a_t]`,
  ],
  notes: ['A soft reset takes V_th - V_reset away, not the threshold that has risen.', ...notes],
  parameters: {
    ...leakyMembrane,
    tau_a: { default: 100, exclusiveMinimum: 0, unit: 'ms', meaning: 'Time constant of the adaptation' },
    beta: { default: 0.1, unit: 'mV', meaning: 'How strongly the adaptation raises the threshold' },
    a_init: { default: 0, meaning: 'Adaptation before the first step' },
  },
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({
    ...leaky(ops, p),
    rest: p.V_rest,
    ...firing(ops, p, spk_reset),
    adaptation: {
      to: 'threshold',
      weight: p.beta,
      decay: decayFactor(ops, ops.div(p.dt, p.tau_a), 'exponential'),
      decays_first: true,
      jump: ops.constant(1),
    },
    initial: { v: p.V_init, a: p.a_init },
  }),
});

const expIf = defineGeneralNeuron({
  name: 'brainpy.state.ExpIF',
  library,
  summary: "brainpy.state's exponential integrate-and-fire neuron by exponential Euler steps.",
  latex: [
    resetLatex,
    String.raw`f(v) = \big(V_\text{rest} - v + \Delta_T \, e^{(v - V_T) / \Delta_T} + R \, I_t\big) / \tau`,
    driftLatex,
    spikeLatex,
  ],
  notes: [...notes, exponentialEuler, overflow],
  parameters: exponentialMembrane,
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({ drift: exponentialDrift(p), ...firing(ops, p, spk_reset), initial: { v: p.V_init } }),
});

const adExIf = defineGeneralNeuron({
  name: 'brainpy.state.AdExIF',
  library,
  summary: 'The neuron of brainpy.state.ExpIF with an adaptation current w.',
  latex: [
    String.raw`r_t = [v_{t-1} \ge V_\text{th}], \quad v'_t = v_{t-1} - (V_\text{th} - V_\text{reset}) \, r_t, \quad w'_t = w_{t-1} + b \, r_t`,
    String.raw`f(v) = \big(V_\text{rest} - v + \Delta_T \, e^{(v - V_T) / \Delta_T} + R \, (I_t - w'_t)\big) / \tau`,
    driftLatex,
    String.raw`w_t = e^{-\text{dt} / \tau_w} \, w'_t + (1 - e^{-\text{dt} / \tau_w}) \, a \, (v_t - V_\text{rest})`,
    spikeLatex,
  ],
  notes: ['The state `a` is the current w.', ...notes, exponentialEuler, overflow],
  parameters: {
    ...exponentialMembrane,
    V_th: { ...membrane.V_th, default: -55 },
    tau_w: { default: 30, exclusiveMinimum: 0, unit: 'ms', meaning: 'Time constant of the current w' },
    a: { default: 1, meaning: 'How strongly w follows v, in siemens' },
    b: { default: 1, meaning: 'What a spike adds to w, in mA' },
    w_init: { default: 0, meaning: 'w before the first step, in mA' },
  },
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => {
    const ratio = ops.div(p.dt, p.tau_w);
    return {
      drift: exponentialDrift(p),
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: decayFactor(ops, ratio, 'exponential'),
        coupling: ops.mul(decayedPart(ops, ratio, 'exponential'), p.a),
        rest: p.V_rest,
        jump: p.b,
      },
      ...firing(ops, p, spk_reset),
      initial: { v: p.V_init, a: p.w_init },
    };
  },
});

const quaIf = defineGeneralNeuron({
  name: 'brainpy.state.QuaIF',
  library,
  summary: "brainpy.state's quadratic integrate-and-fire neuron by exponential Euler steps.",
  latex: [resetLatex, String.raw`f(v) = \big(c \, (v - V_\text{rest}) (v - V_c) + R \, I_t\big) / \tau`, driftLatex, spikeLatex],
  notes: [...notes, exponentialEuler],
  parameters: {
    ...nonlinearMembrane,
    V_c: { default: -50, unit: 'mV', meaning: 'Critical potential, above which v rises by itself; greater than V_rest' },
    c: { default: 0.07, exclusiveMinimum: 0, meaning: 'Curvature in 1/mV' },
  },
  options,
  surrogate,
  timeStep,
  settings: (ops, p, { spk_reset }) => ({
    drift: {
      kind: 'quadratic',
      dt: p.dt,
      integration: 'exponential',
      tau: p.tau,
      rest: p.V_rest,
      critical: p.V_c,
      curvature: p.c,
      gain: p.R,
    },
    ...firing(ops, p, spk_reset),
    initial: { v: p.V_init },
  }),
});

const izhikevich = defineGeneralNeuron({
  name: 'brainpy.state.Izhikevich',
  library,
  summary: "brainpy.state's Izhikevich neuron by exponential Euler steps.",
  latex: [
    String.raw`r_t = [v_{t-1} \ge V_\text{th}], \quad v'_t = (1 - r_t) \, v_{t-1} + r_t \, c, \quad u'_t = u_{t-1} + d \, r_t`,
    String.raw`f(v) = 0.04 \, v^2 + 5 \, v + 140 - u'_t + I_t`,
    driftLatex,
    String.raw`u_t = e^{-a \, \text{dt}} \, u'_t + (1 - e^{-a \, \text{dt}}) \, b \, v_t`,
    spikeLatex,
  ],
  notes: [
    'The state `a` is the recovery variable u.',
    'The backward pass does not see which neurons are reset, but it sees the spike that adds d to u.',
    startsWithReset,
    'The surrogate is taken at (v - V_th) / V_th, and the quotient is differentiated.',
    'BrainPy has an argument spk_reset too, which changes nothing.',
  ],
  parameters: {
    a: { default: 0.02, unit: '1/ms', meaning: 'Rate of the recovery' },
    b: { default: 0.2, unit: '1/ms', meaning: 'How strongly the recovery follows v' },
    c: { default: -65, unit: 'mV', meaning: 'Potential after a reset' },
    d: { default: 8, unit: 'mV/ms', meaning: 'What a spike adds to the recovery variable' },
    V_th: { default: 30, unit: 'mV', meaning: 'Threshold' },
    V_init: { default: -65, unit: 'mV', meaning: 'Potential before the first step' },
    u_init: { default: 0, unit: 'mV/ms', meaning: 'Recovery variable before the first step' },
    dt,
  },
  surrogate,
  timeStep,
  settings: (ops, p) => {
    const ratio = ops.mul(p.a, p.dt);
    return {
      drift: {
        kind: 'polynomial',
        dt: p.dt,
        integration: 'exponential',
        rate: ops.constant(1),
        square: ops.constant(0.04),
        linear: ops.constant(5),
        constant: ops.constant(140),
      },
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: decayFactor(ops, ratio, 'exponential'),
        coupling: ops.mul(decayedPart(ops, ratio, 'exponential'), p.b),
        jump: p.d,
      },
      threshold: p.V_th,
      scale: ops.div(ops.constant(1), p.V_th),
      reset: { kind: 'hard', when: 'start', gradient: 'mask', value: p.c },
      record: 'pre',
      initial: { v: p.V_init, a: p.u_init },
    };
  },
});

/** brainpy.state's neurons. */
export const brainpy = [lif, integrateAndFire, lifRef, alif, expIf, adExIf, quaIf, izhikevich];
