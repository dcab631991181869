import { generalStep, neutralSettings, withInitialState } from '../general.ts';
import { defineNeuron } from '../model.ts';
import { membraneNullable, membraneOptions, membraneParameters, membraneSettings } from './leaky-membrane.ts';

/** The leaky integrator. */
export const li = defineNeuron({
  name: 'li',
  library: null,
  summary: 'Leaky integrator: the membrane of `lif` without spikes, times in ms.',
  latex: [String.raw`v_t = v_{t-1} + k \, (v_\text{rest} + R \, I_t - v_{t-1})`],
  notes: ['It never fires: losses are on `v`.'],
  parameters: membraneParameters,
  nullable: { ...membraneNullable, v_min: { meaning: 'Lower bound of the potential' } },
  options: membraneOptions,
  surrogate: null,
  neutral: neutralSettings,
  derive: (ops, p, options, dt) =>
    withInitialState(ops, { ...membraneSettings(ops, p, options, dt), ...(p.v_min !== undefined && { v_min: p.v_min }) }),
  step: generalStep,
});
