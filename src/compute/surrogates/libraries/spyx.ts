import { defineSurrogates } from '../define.ts';
import { fixedPeakArctangent } from '../formulas/arctangent.ts';
import { superSpike } from '../formulas/inverse-power.ts';
import { sechSquared } from '../formulas/logistic.ts';
import { boxcar, unitPeakTriangle } from '../formulas/piecewise.ts';
import { papers } from './papers.ts';

const library = { name: 'Spyx', source: 'Spyx, spyx.axn (commit 38374e9)', strictThreshold: true };

/** Spyx's own surrogates. It defines no primitives. */
export const spyx = defineSurrogates(library, {
  'spyx.superspike': { ...superSpike({ alpha: ['k', 25] }), references: [papers.zenke2018] },
  'spyx.arctan': {
    ...fixedPeakArctangent({ alpha: ['k', 2] }),
    aliases: [{ library: 'braintools', name: 'arctan', note: 'with 2k for alpha, and greater by the factor pi k' }],
    references: [papers.fang2021],
    notes: ['Not the normalisation of other libraries, whose arctangent has area 1.'],
  },
  'spyx.tanh': { ...sechSquared({ alpha: ['k', 1] }), notes: ['The factor k of the derivative of tanh(k x) is left out, as in Spyx.'] },
  'spyx.boxcar': {
    ...boxcar({ width: 2, height: 0.5 }),
    aliases: [{ library: 'SpikingJelly', name: 'Rect', note: 'area 1, by its height' }],
    references: [papers.wu2018],
    notes: ['The edge |x| = width / 2 is outside.'],
  },
  'spyx.triangular': {
    ...unitPeakTriangle({ alpha: ['k', 2] }),
    aliases: [
      { library: 'braintools', name: 'relu_grad', note: 'with alpha = k and width = 1 / k' },
      { library: 'stork', name: 'EsserSpike', note: 'beta for k, default 1' },
    ],
    references: [papers.esser2016],
  },
});
