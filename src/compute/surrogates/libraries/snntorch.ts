import { defineSurrogates } from '../define.ts';
import { centredArctangent } from '../formulas/arctangent.ts';
import { escapeRate } from '../formulas/exponential.ts';
import { fastSigmoid } from '../formulas/inverse-power.ts';
import { logistic } from '../formulas/logistic.ts';
import { straightThrough } from '../formulas/piecewise.ts';
import { papers } from './papers.ts';

const library = { name: 'snnTorch', source: 'snnTorch 0.9.4, snntorch.surrogate', strictThreshold: true };

/** snnTorch's own surrogates. */
export const snntorch = defineSurrogates(library, {
  'snntorch.fast_sigmoid': {
    ...fastSigmoid({ alpha: ['slope', 25] }),
    references: [papers.zenke2018],
    notes: ['value is the primitive that snnTorch documents, x / (1 + slope |x|), which is 0 at 0.'],
  },
  'snntorch.atan': {
    ...centredArctangent({ alpha: 2 }),
    references: [papers.fang2021],
    notes: [
      "snnTorch documents a gradient smaller than its code's by the factor pi alpha / 2; this is the code's.",
      'value is the primitive that snnTorch documents, atan(pi alpha x / 2) / pi, which is 0 at 0.',
    ],
  },
  'snntorch.sigmoid': {
    ...logistic({ alpha: ['slope', 25] }),
    references: [papers.zenke2018],
    notes: ['snnTorch 0.9.4 lets e^(-slope x) overflow, which gives NaN in float32 below x = -85.5 / slope; here it is finite.'],
  },
  'snntorch.spike_rate_escape': {
    ...escapeRate({ beta: 1, slope: 25 }),
    aliases: [{ library: 'braintools', name: 'slayer_grad', note: 'centred on the threshold, peak 1' }],
    references: [papers.gerstner2002],
    notes: ['snnTorch subtracts the threshold before it subtracts 1, so the peak is not at the threshold.'],
  },
  'snntorch.straight_through_estimator': { ...straightThrough({}), references: [papers.bengio2013] },
});
