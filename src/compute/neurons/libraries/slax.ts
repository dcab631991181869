import { defineGeneralNeuron } from '../general.ts';

const lif = defineGeneralNeuron({
  name: 'slax.LIF',
  library: { name: 'Slax', source: 'Slax (commit a21191e), slax.neuron' },
  summary: "Slax's leaky neuron, whose leak is the logistic function of tau.",
  latex: [
    String.raw`v^\text{pre}_t = \sigma(\tau) \, v_{t-1} + I_t`,
    String.raw`s_t = [v^\text{pre}_t \ge \theta]`,
    String.raw`v_t = v^\text{pre}_t - s_t \, \theta, \quad \text{or}\ (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`,
  ],
  notes: [
    'v is the membrane after the reset. Nothing is detached: the argument stop_du_ds of Slax is stored there and never used.',
    'tau is no time constant; it is init_tau in Slax.',
    'The other neurons of Slax 0.0.1 (ALIF, CUBA) are not in its present version.',
  ],
  parameters: {
    tau: { default: 2, meaning: 'The membrane decays by the factor 1 / (1 + exp(-tau)) in a step' },
    v_threshold: { default: 1, meaning: 'Threshold' },
    v_reset: { default: 0, meaning: 'Potential after a reset without subtraction' },
  },
  options: {
    subtraction_reset: { default: true, meaning: 'Whether a reset takes the threshold away rather than leading to v_reset' },
    no_reset: { default: false, meaning: 'Whether there is no reset' },
  },
  surrogate: 'slax.fast_sigmoid',
  settings: (ops, p, { subtraction_reset, no_reset }) => {
    const one = ops.constant(1);
    return {
      leak: ops.div(one, ops.add(one, ops.exp(ops.neg(p.tau)))),
      threshold: p.v_threshold,
      reset: no_reset === true ? { kind: 'none' } : subtraction_reset === true ? { kind: 'soft' } : { kind: 'hard', value: p.v_reset },
    };
  },
});

/** Slax's neurons. */
export const slax = [lif];
