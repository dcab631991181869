import { defineSurrogates } from '../define.ts';
import { superSpike, unitPeakInverseLinear } from '../formulas/inverse-power.ts';
import { papers } from './papers.ts';

/** Surrogates of libraries that bring one each; one of no library would stand last, in `defineSurrogates(null, { ... })`. */
export const others = [
  ...defineSurrogates(
    { name: 'spytorch', source: 'spytorch (commit d363dbf)', strictThreshold: true },
    {
      'spytorch.SurrGradSpike': {
        ...superSpike({ alpha: ['scale', 100] }),
        references: [papers.zenke2018],
        notes: ['Tutorial 5 of spytorch sets scale = 20.'],
      },
    },
  ),
  ...defineSurrogates(
    { name: 'stork', source: 'stork (commit 258a2d6), stork.activations', strictThreshold: true },
    {
      'stork.SuperSpike': {
        ...superSpike({ alpha: ['beta', 20] }),
        references: [papers.zenke2018],
        notes: ['stork has variants of other height: SuperSpike_asymptote (times beta) and SuperSpike_rescaled (times (beta + 1)^2).'],
      },
    },
  ),
  ...defineSurrogates(
    { name: 'hxtorch', source: 'hxtorch (commit 3bfc7aa)', strictThreshold: true },
    { 'hxtorch.superspike': { ...superSpike({ alpha: 50 }), references: [papers.zenke2018] } },
  ),
  ...defineSurrogates(
    { name: 'snnax', source: 'snnax (commit b7a55c6), superspike_surrogate' },
    {
      'snnax.superspike': {
        ...unitPeakInverseLinear({ beta: 10 }),
        aliases: [{ library: 'braintools', name: 'nonzero_sign_log', note: 'with beta for alpha, and greater by the factor beta' }],
        references: [papers.zenke2018],
        notes: ['The paper that snnax cites squares the denominator; its code does not.'],
      },
    },
  ),
];
