import { defineSurrogates } from '../define.ts';
import { arctangent } from '../formulas/arctangent.ts';
import { multiGaussian } from '../formulas/gaussian.ts';
import { superSpike } from '../formulas/inverse-power.ts';
import { papers } from './papers.ts';

const library = { name: 'Slax', source: 'Slax, slax.surrogates' };

/** Slax' own surrogates. */
export const slax = defineSurrogates(library, {
  'slax.fast_sigmoid': {
    ...superSpike({ alpha: ['slope', 25] }),
    aliases: [
      { library: 'snnTorch', name: 'fast_sigmoid', note: 'same gradient and default' },
      { library: 'braintools', name: 'inv_square_grad', note: 'alpha for slope, default 100' },
    ],
    references: [papers.zenke2018],
  },
  'slax.atan': {
    ...arctangent({ alpha: 2 }),
    aliases: [
      { library: 'snnTorch', name: 'atan', note: 'same gradient and default' },
      { library: 'braintools', name: 'arctan', note: 'default 1' },
    ],
    references: [papers.fang2021],
  },
  'slax.multi_gauss': {
    ...multiGaussian({ scale: ['gamma', 0.5], sigma: ['lens', 0.3], s: ['scale', 6], h: ['height', 0.15] }),
    aliases: [
      {
        library: 'braintools',
        name: 'multi_gaussian_grad',
        note: 'scale for gamma, sigma for lens (default 0.5), s for scale, h for height',
      },
    ],
    references: [papers.yin2021],
  },
});
