import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor } from '../general-settings.ts';

const lif = defineGeneralNeuron({
  name: 'stork.LIFGroup',
  library: { name: 'stork', source: 'stork (commit 258a2d6), stork.nodes.lif', strictThreshold: true },
  summary: "stork's leaky neuron with a synaptic current, whose threshold is 1.",
  latex: [
    String.raw`s_t = [v_{t-1} > 1]`,
    String.raw`v_t = (1 - s_t) \, \big(\delta_m \, v_{t-1} + (1 - \delta_m) \, u_{t-1}\big), \quad \delta_m = e^{-\text{dt} / \tau_\text{mem}}`,
    String.raw`u_t = e^{-\text{dt} / \tau_\text{syn}} \, u_{t-1} + I_t`,
  ],
  notes: [
    'A step returns the spike of the membrane that it starts from: the output lags one step. v is the membrane after the step.',
    'The membrane sees the input one step late, and a reset loses the drive of its step.',
    'The reset is detached unless diff_reset is true.',
    'clamp_mem and learn_timescales are not offered; both are off by default in stork.',
  ],
  parameters: {
    tau_mem: { default: 0.01, exclusiveMinimum: 0, unit: 's', meaning: 'Membrane time constant' },
    tau_syn: { default: 0.005, exclusiveMinimum: 0, unit: 's', meaning: 'Time constant of the synaptic current' },
    time_step: { default: 0.001, exclusiveMinimum: 0, unit: 's', isSetting: true, meaning: 'Length of a step' },
  },
  options: { diff_reset: { default: false, meaning: 'Whether the backward pass sees the reset' } },
  surrogate: 'stork.SuperSpike',
  timeStep: { parameter: 'time_step', milliseconds: 1000 },
  settings: (ops, p, { diff_reset }) => {
    const ratio = ops.div(p.time_step, p.tau_mem);
    return {
      leak: decayFactor(ops, ratio, 'exponential'),
      gain: decayedPart(ops, ratio, 'exponential'),
      synapse: { decay: decayFactor(ops, ops.div(p.time_step, p.tau_syn), 'exponential'), timing: 'delayed' },
      threshold: ops.constant(1),
      strict: true,
      reset: { kind: 'hard', when: 'late', gradient: diff_reset === true ? 'through' : 'mask' },
      output_lag: true,
    };
  },
});

/** stork's neurons. */
export const stork = [lif];
