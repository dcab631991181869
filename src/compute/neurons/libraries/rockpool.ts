import { defineGeneralNeuron } from '../general.ts';
import { decayFactor } from '../general-settings.ts';

const lif = defineGeneralNeuron({
  name: 'rockpool.LIFTorch',
  library: { name: 'Rockpool', source: 'Rockpool 3.0.3 (commit 42cee1c), rockpool.nn.modules.torch.lif_torch' },
  summary: "Rockpool's leaky integrate-and-fire neuron with a synapse and a bias, which may fire several times in a step.",
  latex: [
    String.raw`u_t = e^{-\text{dt} / \tau_\text{syn}} \, (u_{t-1} + I_t)`,
    String.raw`v^\text{pre}_t = e^{-\text{dt} / \tau_\text{mem}} \, v_{t-1} + u_t + \text{bias}`,
    String.raw`n_t = \min(\lfloor v^\text{pre}_t / \theta \rfloor, n_\text{max}) \ \text{where}\ v^\text{pre}_t \ge \theta,\ \text{else}\ 0`,
    String.raw`v_t = v^\text{pre}_t - n_t \, \theta`,
  ],
  notes: [
    'v is the membrane after the reset. Nothing is detached.',
    "The number of spikes has the threshold's gradient -(v_pre / threshold) g, where g is the surrogate's.",
    'One synapse a neuron, without recurrent weights and noise. LIFJax is the same neuron; LIFNeuronTorch is it without the synapse.',
    'sinabs.LIF with norm_input false and a tau_syn is this neuron without the bias, up to the surrogate.',
  ],
  parameters: {
    tau_mem: { default: 0.02, exclusiveMinimum: 0, unit: 's', meaning: 'Membrane time constant' },
    tau_syn: { default: 0.02, exclusiveMinimum: 0, unit: 's', meaning: 'Time constant of the synaptic current' },
    bias: { default: 0, meaning: 'What every step adds to the membrane' },
    threshold: { default: 1, exclusiveMinimum: 0, meaning: 'Threshold' },
    max_spikes_per_dt: { default: 65536, minimum: 1, isSetting: true, meaning: 'Largest number of spikes in a step' },
    dt: { default: 0.001, exclusiveMinimum: 0, unit: 's', isSetting: true, meaning: 'Length of a step' },
  },
  surrogate: 'rockpool.StepPWL',
  timeStep: { parameter: 'dt', milliseconds: 1000 },
  settings: (ops, p) => {
    const decay = decayFactor(ops, ops.div(p.dt, p.tau_syn), 'exponential');
    return {
      leak: decayFactor(ops, ops.div(p.dt, p.tau_mem), 'exponential'),
      bias: p.bias,
      synapse: { decay, gain: decay },
      threshold: p.threshold,
      threshold_gradient: 'relative',
      multi_spike: { max: p.max_spikes_per_dt },
      reset: { kind: 'soft' },
    };
  },
});

/** Rockpool's neurons. */
export const rockpool = [lif];
