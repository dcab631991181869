import { defineSurrogates } from '../define.ts';
import { wideExponential } from '../formulas/exponential.ts';
import { superSpike, unitPeakInverseLinear } from '../formulas/inverse-power.ts';
import { openBox } from '../formulas/piecewise.ts';
import { table } from '../formulas/table.ts';
import { papers } from './papers.ts';

/** Surrogates of libraries that bring one each, and of no library. */
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
  ...defineSurrogates(
    { name: 'Rockpool', source: 'Rockpool 3.0.3 (commit 42cee1c), rockpool.nn.modules.torch.lif_torch' },
    {
      'rockpool.StepPWL': {
        ...openBox({ window: ['learning_window', 0.5] }),
        noPrimitive: true,
        aliases: [{ library: 'Sinabs', name: 'Heaviside', note: 'window for learning_window, default 1' }],
        notes: ['The gradient stays 1 / threshold however far v is above the threshold.'],
      },
    },
  ),
  ...defineSurrogates(
    { name: 'Lava', source: 'lava-dl 0.6.0 (commit d825ac5), lava.lib.dl.slayer.spike' },
    {
      'lava.Spike': {
        ...wideExponential({ width: ['tau_grad', 1], scale: ['scale_grad', 1] }),
        noPrimitive: true,
        aliases: [{ library: 'Sinabs', name: 'SingleExponential', note: 'grad_width 100 tau_grad and grad_scale scale_grad / 20' }],
        references: [papers.shrestha2018],
        notes: [
          'The CUBA and ALIF neurons of lava-dl multiply tau_grad by 100 and scale_grad by 1 / 10, as the formula does; its other neurons multiply by other factors.',
        ],
      },
    },
  ),
  ...defineSurrogates(null, {
    table: {
      ...table({ x: [-1, 0, 1], grad: [0, 1, 0] }),
      references: [papers.zenke2021, papers.herranz2022],
      notes: [
        'The first and the last point are inside: where their gradient is not 0, it jumps there. A jump between points takes two that are close together.',
        'value is constant outside of the points.',
      ],
    },
  }),
];
