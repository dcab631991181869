import type { SurrogateDefinition } from './definition.ts';
import { papers } from './papers.ts';
import { height, lobeHeight, lobeWidth, steepness, width } from './parameters.ts';
import { arctangentStep, unitLorentzian } from './shapes/arctangent.ts';
import { inverseSquare, inverseSquareIntegral } from './shapes/inverse-square.ts';
import { multiGaussian, multiGaussianIntegral, type MultiGaussian } from './shapes/multi-gaussian.ts';

const library = 'Slax, slax.surrogates';

function multiGaussianParameters<V>(p: Readonly<Record<string, V>>): MultiGaussian<V> {
  return { sigma: p.lens!, h: p.height!, s: p.scale!, scale: p.gamma! };
}

/** Slax' own surrogates. */
export const slax: readonly SurrogateDefinition[] = [
  {
    name: 'slax.fast_sigmoid',
    family: 'inverse square',
    summary: 'Derivative of the fast sigmoid, with peak 1.',
    parameters: { slope: steepness(25, 'steepness; the full width at half maximum is 0.828 / slope') },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p.slope!),
    value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p.slope!),
    kinks: () => [0],
    aliases: [
      { library: 'snnTorch', name: 'fast_sigmoid', note: 'same gradient and default' },
      { library: 'braintools', name: 'inv_square_grad', note: 'alpha for slope, default 100' },
    ],
    references: [papers.zenke2018, library],
  },
  {
    name: 'slax.atan',
    family: 'arctangent',
    summary: 'Derivative of the arctangent, of area 1.',
    parameters: { alpha: steepness(2, 'steepness; the peak is alpha / 2') },
    grad: (ops, x, { p }) => unitLorentzian(ops, x, p.alpha!),
    value: (ops, x, { p }) => arctangentStep(ops, x, p.alpha!),
    aliases: [
      { library: 'snnTorch', name: 'atan', note: 'same gradient and default' },
      { library: 'braintools', name: 'arctan', note: 'default 1' },
    ],
    references: [papers.fang2021, library],
  },
  {
    name: 'slax.multi_gauss',
    family: 'multi-gaussian',
    summary: 'Gaussian with negative side lobes.',
    parameters: {
      gamma: height(0.5, 'factor of the whole; the area is gamma * (1 - height)'),
      lens: width(0.3, "the peak's standard deviation; the lobes stand at +-lens"),
      scale: lobeWidth(6),
      height: lobeHeight(0.15),
    },
    grad: (ops, x, { p }) => multiGaussian(ops, x, multiGaussianParameters(p)),
    value: (ops, x, { p }) => multiGaussianIntegral(ops, x, multiGaussianParameters(p)),
    gradNeedsFloat64: true,
    aliases: [
      {
        library: 'braintools',
        name: 'multi_gaussian_grad',
        note: 'scale for gamma, sigma for lens (default 0.5), s for scale, h for height',
      },
    ],
    references: [papers.yin2021, library],
  },
];
