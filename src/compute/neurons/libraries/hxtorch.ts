import { defineGeneralNeuron } from '../general.ts';
import { decayFactor } from '../general-settings.ts';

const lif = defineGeneralNeuron({
  name: 'hxtorch.LIF',
  library: { name: 'hxtorch', source: 'hxtorch (commit 3bfc7aa), hxtorch.spiking.functional', strictThreshold: true },
  summary: "hxtorch's leaky neuron with a synaptic current, as it simulates the BrainScaleS-2 chip.",
  latex: [
    String.raw`v^\text{pre}_t = v_{t-1} + \frac{\text{dt}}{c} \, \big(u_{t-1} + g_l \, (v_\text{leak} - v_{t-1})\big)`,
    String.raw`u_t = (1 - \text{dt} / \tau_\text{syn}) \, u_{t-1} + I_t`,
    String.raw`s_t = [v^\text{pre}_t > \theta]`,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`,
  ],
  notes: [
    'v is the membrane after the reset, and starts at leak. The membrane sees the input one step late.',
    'The spike in the reset is detached.',
    'The class LIF of hxtorch takes tau_mem = c / g_l and calls c membrane_capacitance; its step is in c and g_l, as here.',
    'Simulated as on a computer: without recordings of the chip, and without refractoriness.',
  ],
  parameters: {
    leak: { default: 80, meaning: 'Resting potential, also before the first step' },
    threshold: { default: 125, meaning: 'Threshold' },
    reset: { default: 80, meaning: 'Potential after a reset' },
    tau_syn: { default: 1e-5, exclusiveMinimum: 0, unit: 's', meaning: 'Time constant of the synaptic current' },
    c: { default: 1e-5, exclusiveMinimum: 0, meaning: 'Membrane capacitance' },
    g_l: { default: 1, minimum: 0, meaning: 'Leak conductance' },
    dt: { default: 1e-6, exclusiveMinimum: 0, unit: 's', isSetting: true, meaning: 'Length of a step' },
  },
  surrogate: 'hxtorch.superspike',
  timeStep: { parameter: 'dt', milliseconds: 1000 },
  settings: (ops, p) => {
    const gain = ops.div(p.dt, p.c);
    return {
      rate: ops.mul(gain, p.g_l),
      input_scaling: false,
      rest: p.leak,
      gain,
      synapse: { decay: decayFactor(ops, ops.div(p.dt, p.tau_syn), 'euler'), timing: 'delayed' },
      threshold: p.threshold,
      strict: true,
      reset: { kind: 'hard', gradient: 'mask', value: p.reset },
      initial: { v: p.leak },
    };
  },
});

/** hxtorch's neurons. */
export const hxtorch = [lif];
