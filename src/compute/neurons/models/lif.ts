import { defineGeneralNeuron } from '../general.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneNullable, membraneOptions, membraneParameters, membraneSettings } from './membrane.ts';

/** The leaky integrate-and-fire neuron. */
export const lif = defineGeneralNeuron({
  name: 'lif',
  library: null,
  summary: 'Leaky integrate-and-fire neuron, times in ms.',
  latex: [String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{rest} + R \, I_t - v_{t-1})`, ...firingLatex],
  parameters: { ...firingParameters, ...membraneParameters },
  nullable: { ...membraneNullable, ...firingNullable },
  options: { ...firingOptions, ...membraneOptions },
  notes: ['Where tau is null there is no leak, and the input is scaled by the resistance alone.'],
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({ ...membraneSettings(ops, p, options, dt), ...firingSettings(ops, p, options, dt) }),
});

/** The perfect integrate-and-fire neuron. */
export const perfectIf = defineGeneralNeuron({
  name: 'if',
  library: null,
  summary: 'Integrate-and-fire neuron without a leak: the membrane adds up its input.',
  latex: [String.raw`v^\text{pre}_t = v_{t-1} + R \, I_t`, ...firingLatex],
  notes: ['The input is what a step adds, whatever the length of the step.', 'It is `lif` with `tau` null.'],
  parameters: { ...firingParameters, resistance: membraneParameters.resistance },
  nullable: firingNullable,
  options: firingOptions,
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({ gain: p.resistance, ...firingSettings(ops, p, options, dt) }),
});

/** The leaky integrator. */
export const li = defineGeneralNeuron({
  name: 'li',
  library: null,
  summary: 'Leaky integrator: the membrane of `lif` without spikes, times in ms.',
  latex: [String.raw`v_t = v_{t-1} + k \, (v_\text{rest} + R \, I_t - v_{t-1})`],
  notes: ['It never fires: losses are on `v`.'],
  parameters: membraneParameters,
  nullable: { ...membraneNullable, v_min: { meaning: 'Lower bound of the potential' } },
  options: membraneOptions,
  surrogate: null,
  settings: (ops, p, options, dt) => ({ ...membraneSettings(ops, p, options, dt), ...(p.v_min !== undefined && { v_min: p.v_min }) }),
});
