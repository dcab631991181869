import { defineGeneralNeuron } from '../general.ts';
import { decayFactor } from '../general-settings.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneNullable, membraneOptions, membraneParameters, membraneSettings } from './membrane.ts';

/** The current-based leaky integrate-and-fire neuron. */
export const cubaLif = defineGeneralNeuron({
  name: 'cuba_lif',
  library: null,
  summary: 'Leaky integrate-and-fire neuron whose input feeds a synaptic current that decays, times in ms.',
  latex: [
    String.raw`u_t = \lambda \, u_{t-1} + I_t, \quad \lambda = 1 - \text{dt} / \tau_\text{syn} \text{ or } e^{-\text{dt} / \tau_\text{syn}}`,
    String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{rest} + R \, u_t - v_{t-1})`,
    ...firingLatex,
  ],
  notes: ['An input acts in its own step: it is added to the current before the membrane sees it, and is not scaled by dt / tau_syn.'],
  parameters: {
    ...firingParameters,
    ...membraneParameters,
    tau_syn: { default: 5, exclusiveMinimum: 0, unit: 'ms', meaning: 'Time constant of the synaptic current' },
  },
  nullable: { ...membraneNullable, ...firingNullable },
  options: { ...firingOptions, ...membraneOptions },
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({
    ...membraneSettings(ops, p, options, dt),
    ...firingSettings(ops, p, options, dt),
    synapse: { decay: decayFactor(ops, ops.div(dt, p.tau_syn), options.integration) },
  }),
});
