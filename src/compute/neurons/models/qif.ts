import { generalStep, neutralSettings, withInitialState } from '../general.ts';
import { defineNeuron } from '../model.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { membraneParameters } from './leaky-membrane.ts';
import { driftIntegration, driftOptions } from './nonlinear-membrane.ts';

/** The quadratic integrate-and-fire neuron. */
export const qif = defineNeuron({
  name: 'qif',
  library: null,
  summary: 'Quadratic integrate-and-fire neuron: above v_critical the membrane drives itself to the spike; times in ms.',
  latex: [
    String.raw`\tau \, \dot v = a_0 \, (v - v_\text{rest})(v - v_\text{critical}) + R \, I`,
    String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, \dot v(v_{t-1}, I_t)`,
    ...firingLatex,
  ],
  notes: ['v starts at v_rest unless v_init is given.'],
  parameters: {
    ...firingParameters,
    ...membraneParameters,
    v_critical: { default: 0.5, meaning: 'Potential above which v grows without input' },
    a0: { default: 1, exclusiveMinimum: 0, meaning: 'Curvature of the drift' },
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
        kind: 'quadratic',
        dt,
        integration: driftIntegration(options),
        tau: p.tau,
        rest: p.v_rest,
        critical: p.v_critical,
        curvature: p.a0,
        gain: p.resistance,
      },
      initial: { v: p.v_rest },
    }),
  step: generalStep,
});
