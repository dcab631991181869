import { defineSurrogates } from '../define.ts';
import { scaledExponential } from '../formulas/exponential.ts';
import { shiftedGaussian, shiftedMultiGaussian } from '../formulas/gaussian.ts';
import { papers } from './papers.ts';

const library = { name: 'Sinabs', source: 'Sinabs, sinabs.activation (commit 904eb89)' };

/** Sinabs' own surrogates. */
export const sinabs = defineSurrogates(library, {
  'sinabs.SingleExponential': {
    ...scaledExponential({ width: ['grad_width', 0.5], scale: ['grad_scale', 1] }),
    noPrimitive: true,
    aliases: [
      { library: 'braintools', name: 'piecewise_exp', note: 'area 1, rate alpha = 1 / grad_width at a threshold of 1' },
      { library: 'Lava', name: 'Spike', note: 'width 100 tau_grad and area scale_grad / 10, in the same formula' },
    ],
    references: [papers.shrestha2018],
  },
  'sinabs.Gaussian': {
    ...shiftedGaussian({ mu: 0, sigma: 0.5, area: ['grad_scale', 1] }),
    noPrimitive: true,
    aliases: [{ library: 'braintools', name: 'gaussian_grad', note: 'alpha for grad_scale (default 0.5), mean 0' }],
    references: [papers.yin2020],
  },
  'sinabs.MultiGaussian': {
    ...shiftedMultiGaussian({ mu: 0, sigma: 0.5, h: 0.15, s: 6, scale: ['grad_scale', 1] }),
    noPrimitive: true,
    aliases: [
      { library: 'braintools', name: 'multi_gaussian_grad', note: 'scale for grad_scale (default 0.5), mean 0' },
      { library: 'Slax', name: 'multi_gauss', note: 'gamma for grad_scale, lens for sigma, scale for s, height for h' },
    ],
    references: [papers.yin2021],
  },
});
