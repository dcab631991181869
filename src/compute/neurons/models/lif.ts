import { generalStep, neutralSettings, withInitialState } from '../general.ts';
import { defineNeuron } from '../model.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneNullable, membraneOptions, membraneParameters, membraneSettings } from './leaky-membrane.ts';

/** The leaky integrate-and-fire neuron. */
export const lif = defineNeuron({
  name: 'lif',
  library: null,
  summary: 'Leaky integrate-and-fire neuron, times in ms.',
  latex: [String.raw`v^\text{pre}_t = v_{t-1} + k \, (v_\text{rest} + R \, I_t - v_{t-1})`, ...firingLatex],
  parameters: { ...firingParameters, ...membraneParameters },
  nullable: { ...membraneNullable, ...firingNullable },
  options: { ...firingOptions, ...membraneOptions },
  notes: ['Where tau is null there is no leak, and the input is scaled by the resistance alone.'],
  surrogate: 'sigmoid',
  neutral: neutralSettings,
  derive: (ops, p, options, dt) =>
    withInitialState(ops, { ...membraneSettings(ops, p, options, dt), ...firingSettings(ops, p, options, dt) }),
  step: generalStep,
});
