import { generalStep, neutralSettings, withInitialState } from '../general.ts';
import { defineNeuron } from '../model.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneParameters } from './leaky-membrane.ts';

/** The perfect integrate-and-fire neuron. */
export const perfectIf = defineNeuron({
  name: 'if',
  library: null,
  summary: 'Integrate-and-fire neuron without a leak: the membrane adds up its input.',
  latex: [String.raw`v^\text{pre}_t = v_{t-1} + R \, I_t`, ...firingLatex],
  notes: ['The input is what a step adds, whatever the length of the step.', 'It is `lif` with `tau` null.'],
  parameters: { ...firingParameters, resistance: membraneParameters.resistance },
  nullable: firingNullable,
  options: firingOptions,
  surrogate: 'sigmoid',
  neutral: neutralSettings,
  derive: (ops, p, options, dt) => withInitialState(ops, { gain: p.resistance, ...firingSettings(ops, p, options, dt) }),
  step: generalStep,
});
