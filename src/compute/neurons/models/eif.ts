import { generalStep, neutralSettings, withInitialState } from '../general.ts';
import { defineNeuron } from '../model.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneParameters } from './leaky-membrane.ts';
import { driftIntegration, driftOptions } from './nonlinear-membrane.ts';

/** The exponential integrate-and-fire neuron. */
export const eif = defineNeuron({
  name: 'eif',
  library: null,
  summary: 'Exponential integrate-and-fire neuron: near v_onset the membrane starts its own exponential rise; times in ms.',
  latex: [
    String.raw`\tau \, \dot v = v_\text{rest} - v + \Delta \, e^{(v - v_\text{onset}) / \Delta} + R \, I`,
    String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, \dot v(v_{t-1}, I_t)`,
    ...firingLatex,
  ],
  notes: ['v starts at v_rest unless v_init is given.'],
  parameters: {
    ...firingParameters,
    ...membraneParameters,
    v_onset: { default: 0.8, meaning: 'Potential at which the exponential rise sets in' },
    delta: { default: 0.2, exclusiveMinimum: 0, meaning: 'Sharpness of the rise: the smaller, the steeper' },
    tau: { default: 10, exclusiveMinimum: 0, unit: 'ms', meaning: 'Membrane time constant' },
  },
  nullable: firingNullable,
  options: { ...firingOptions, ...driftOptions },
  surrogate: 'sigmoid',
  neutral: neutralSettings,
  derive: (ops, p, options, dt) =>
    withInitialState(ops, {
      ...firingSettings(ops, p, options, dt),
      drift: {
        kind: 'exponential',
        dt,
        integration: driftIntegration(options),
        tau: p.tau,
        rest: p.v_rest,
        onset: p.v_onset,
        sharpness: p.delta,
        gain: p.resistance,
      },
      initial: { v: p.v_rest },
    }),
  step: generalStep,
});
