import { defineSurrogates } from '../define.ts';
import { arctangent } from '../formulas/arctangent.ts';
import { multiGaussian } from '../formulas/gaussian.ts';
import { superSpike } from '../formulas/inverse-power.ts';
import { papers } from './papers.ts';

const library = { name: 'Slax', source: 'Slax, slax.surrogates' };

/** Slax' own surrogates. */
export const slax = defineSurrogates(library, {
  'slax.fast_sigmoid': { ...superSpike({ alpha: ['slope', 25] }), references: [papers.zenke2018] },
  'slax.atan': { ...arctangent({ alpha: 2 }), references: [papers.fang2021] },
  'slax.multi_gauss': {
    ...multiGaussian({ scale: ['gamma', 0.5], sigma: ['lens', 0.3], s: ['scale', 6], h: ['height', 0.15] }),
    references: [papers.yin2021],
  },
});
