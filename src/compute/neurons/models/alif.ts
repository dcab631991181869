import { defineGeneralNeuron } from '../general.ts';
import { decayFactor } from '../general-settings.ts';
import { firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneNullable, membraneOptions, membraneParameters, membraneSettings } from './membrane.ts';

/** The leaky integrate-and-fire neuron with an adaptive threshold. */
export const alif = defineGeneralNeuron({
  name: 'alif',
  library: null,
  summary: 'Leaky integrate-and-fire neuron whose threshold rises with every spike and decays again, times in ms.',
  latex: [
    String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{rest} + R \, I_t - v_{t-1})`,
    String.raw`s_t = [v^\text{pre}_t \ge v_\text{threshold} + a_{t-1}]`,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`,
    String.raw`a_t = \rho \, a_{t-1} + \Delta_\text{a} \, s_t, \quad \rho = 1 - \text{dt} / \tau_\text{a} \text{ or } e^{-\text{dt} / \tau_\text{a}}`,
  ],
  notes: [
    'A soft reset takes away v_threshold without the adaptation, unless reset_amount says otherwise.',
    'detach_reset leaves the spike in the adaptation differentiable.',
  ],
  parameters: {
    ...firingParameters,
    ...membraneParameters,
    tau_adaptation: { default: 100, exclusiveMinimum: 0, unit: 'ms', meaning: 'Time constant of the adaptation' },
    adaptation_step: { default: 0.1, meaning: 'What a spike adds to the threshold' },
  },
  nullable: { ...membraneNullable, ...firingNullable },
  options: { ...firingOptions, ...membraneOptions },
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({
    ...membraneSettings(ops, p, options, dt),
    ...firingSettings(ops, p, options, dt),
    adaptation: { to: 'threshold', decay: decayFactor(ops, ops.div(dt, p.tau_adaptation), options.integration), jump: p.adaptation_step },
  }),
});
