import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor } from '../general-settings.ts';
import { firingLatex, firingNullable, firingOptions, firingSettings } from './firing.ts';
import { driftIntegration, driftOptions } from './membrane.ts';

/** The adaptive exponential integrate-and-fire neuron of Brette and Gerstner (2005), with their numbers. */
export const adex = defineGeneralNeuron({
  name: 'adex',
  library: null,
  summary: 'Adaptive exponential integrate-and-fire neuron in pA, mV and ms, after Brette and Gerstner (2005).',
  latex: [
    String.raw`C \, \dot v = g_\text{L} \, (E_\text{L} - v) + g_\text{L} \, \Delta_T \, e^{(v - V_T) / \Delta_T} - w + I`,
    String.raw`\tau_w \, \dot w = a \, (v - E_\text{L}) - w`,
    String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, \dot v(v_{t-1}, w_{t-1}, I_t), \quad w^\text{pre}_t = w_{t-1} + \text{dt} \, \dot w(v_{t-1}, w_{t-1})`,
    ...firingLatex,
    String.raw`w_t = w^\text{pre}_t + b \, s_t`,
  ],
  notes: [
    'The input is a current in pA; the state `a` is the adaptation current w.',
    'v starts at v_rest and w at 0 unless v_init and a_init are given.',
    'v_threshold is where a spike counts, V_T + 5 Delta_T unless given; the upswing sets in at v_onset, V_T.',
    'Steps of at most 0.1 ms follow the differential equation closely.',
    'detach_reset leaves the spike in w differentiable.',
  ],
  parameters: {
    v_threshold: { default: -40.4, unit: 'mV', meaning: 'Potential at which a spike counts' },
    v_reset: { default: -70.6, unit: 'mV', meaning: 'Potential after a hard reset' },
    v_rest: { default: -70.6, unit: 'mV', meaning: 'Resting potential E_L' },
    v_onset: { default: -50.4, unit: 'mV', meaning: 'Potential V_T at which the exponential rise sets in' },
    delta: { default: 2, exclusiveMinimum: 0, unit: 'mV', meaning: 'Sharpness Delta_T of the rise' },
    capacitance: { default: 281, exclusiveMinimum: 0, unit: 'pF', meaning: 'Membrane capacitance C' },
    conductance: { default: 30, exclusiveMinimum: 0, unit: 'nS', meaning: 'Leak conductance g_L' },
    tau_w: { default: 144, exclusiveMinimum: 0, unit: 'ms', meaning: 'Time constant of the adaptation current' },
    a: { default: 4, unit: 'nS', meaning: 'How strongly the adaptation current follows v' },
    b: { default: 80.5, unit: 'pA', meaning: 'What a spike adds to the adaptation current' },
  },
  nullable: firingNullable,
  options: { ...firingOptions, ...driftOptions },
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => {
    const ratio = ops.div(dt, p.tau_w);
    return {
      ...firingSettings(ops, p, options, dt),
      drift: {
        kind: 'exponential',
        dt,
        integration: driftIntegration(options),
        tau: ops.div(p.capacitance, p.conductance),
        rest: p.v_rest,
        onset: p.v_onset,
        sharpness: p.delta,
        gain: ops.div(ops.constant(1), p.conductance),
      },
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: decayFactor(ops, ratio, options.integration),
        coupling: ops.mul(p.a, decayedPart(ops, ratio, options.integration)),
        rest: p.v_rest,
        couples_to: 'v',
        jump: p.b,
      },
      initial: { v: p.v_rest },
    };
  },
});
