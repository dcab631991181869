import { defineGeneralNeuron } from '../general.ts';
import { decayFactor } from '../general-settings.ts';

const lif = defineGeneralNeuron({
  name: 'bindsnet.LIFNodes',
  library: { name: 'BindsNET', source: 'BindsNET 0.3.3 (commit 34ee292), bindsnet.network.nodes' },
  summary: "BindsNET's leaky integrate-and-fire neuron in mV and ms, to simulate only.",
  latex: [
    String.raw`v^\text{pre}_t = v_\text{rest} + e^{-\text{dt} / \tau} \, (v_{t-1} - v_\text{rest}) + (1 - r_t) \, I_t, \quad r_t = [\text{refractory}]`,
    String.raw`s_t = [v^\text{pre}_t \ge \theta]`,
    String.raw`v_t = \max\big((1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}, v_\text{lbound}\big)`,
  ],
  notes: [
    'v is the membrane after the reset.',
    'In refractoriness, of ceil(refrac / dt) steps, the input is lost, the membrane goes on leaking, and it may fire again.',
    'Where refrac is no multiple of dt, BindsNET loses the input of one step more.',
    'Traces and sum_input are not part of the neuron here.',
  ],
  parameters: {
    thresh: { default: -52, unit: 'mV', meaning: 'Threshold' },
    rest: { default: -65, unit: 'mV', meaning: 'Resting potential, also before the first step' },
    reset: { default: -65, unit: 'mV', meaning: 'Potential after a reset' },
    tc_decay: { default: 100, exclusiveMinimum: 0, unit: 'ms', meaning: 'Membrane time constant' },
    dt: { default: 1, exclusiveMinimum: 0, unit: 'ms', isSetting: true, meaning: 'Length of a step' },
  },
  nullable: {
    refrac: { default: 5, minimum: 0, unit: 'ms', isSetting: true, none: 0, meaning: 'Refractory time' },
    lbound: { unit: 'mV', meaning: 'Lower bound of the membrane' },
  },
  surrogate: 'sigmoid',
  timeStep: { parameter: 'dt', milliseconds: 1 },
  noGradient: 'BindsNET trains by local rules and has no gradient through its neurons.',
  settings: (ops, p) => ({
    leak: decayFactor(ops, ops.div(p.dt, p.tc_decay), 'exponential'),
    rest: p.rest,
    threshold: p.thresh,
    reset: { kind: 'hard', value: p.reset },
    ...(p.refrac !== undefined && {
      // ceil(x) = -floor(-x); 1.1 / 0.1 counts as 11, although it is 11.000000000000002.
      refractory: { steps: ops.neg(ops.floor(ops.mul(ops.div(p.refrac, p.dt), ops.constant(4 * Number.EPSILON - 1)))), mode: 'leak' },
    }),
    ...(p.lbound !== undefined && { v_min: p.lbound }),
    initial: { v: p.rest },
  }),
});

/** BindsNET's neurons. */
export const bindsnet = [lif];
