import { defineGeneralNeuron } from '../general.ts';
import { firingLatex, firingNullable, firingOptions, firingParameters, firingSettings } from './firing.ts';
import { driftIntegration, driftOptions, membraneNullable, membraneParameters } from './membrane.ts';

/** What both have beside their drift. */
const parameters = { ...firingParameters, ...membraneParameters };
const { tau } = membraneNullable;
const options = { ...firingOptions, ...driftOptions };
const latex = [String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, \dot v(v_{t-1}, I_t)`, ...firingLatex];
const notes = ['v starts at v_rest unless v_init is given.'];

/** The quadratic integrate-and-fire neuron. */
export const qif = defineGeneralNeuron({
  name: 'qif',
  library: null,
  summary: 'Quadratic integrate-and-fire neuron: above v_critical the membrane drives itself to the spike; times in ms.',
  latex: [String.raw`\tau \, \dot v = a_0 \, (v - v_\text{rest})(v - v_\text{critical}) + R \, I`, ...latex],
  notes,
  parameters: {
    ...parameters,
    v_critical: { default: 0.5, meaning: 'Potential above which v grows without input' },
    a0: { default: 1, exclusiveMinimum: 0, meaning: 'Curvature of the drift' },
    tau,
  },
  nullable: firingNullable,
  options,
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({
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
});

/** The exponential integrate-and-fire neuron. */
export const eif = defineGeneralNeuron({
  name: 'eif',
  library: null,
  summary: 'Exponential integrate-and-fire neuron: near v_onset the membrane starts its own exponential rise; times in ms.',
  latex: [String.raw`\tau \, \dot v = v_\text{rest} - v + \Delta \, e^{(v - v_\text{onset}) / \Delta} + R \, I`, ...latex],
  notes,
  parameters: {
    ...parameters,
    v_onset: { default: 0.8, meaning: 'Potential at which the exponential rise sets in' },
    delta: { default: 0.2, exclusiveMinimum: 0, meaning: 'Sharpness of the rise: the smaller, the steeper' },
    tau,
  },
  nullable: firingNullable,
  options,
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => ({
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
});
