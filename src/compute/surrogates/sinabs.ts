import type { SurrogateDefinition } from './definition.ts';
import { papers } from './papers.ts';
import { height, lobeHeight, lobeWidth, position, width } from './parameters.ts';
import { exponential, exponentialIntegral } from './shapes/exponential.ts';
import { normalDensity, normalStep, scaledStep } from './shapes/gaussian.ts';
import { multiGaussian, multiGaussianIntegral, type MultiGaussian } from './shapes/multi-gaussian.ts';

const library = 'Sinabs, sinabs.activation (commit 904eb89)';
const noPrimitive = 'Sinabs defines no primitive; value is the antiderivative of the gradient with value 1/2 at 0.';

function multiGaussianParameters<V>(p: Readonly<Record<string, V>>): MultiGaussian<V> {
  return { mu: p.mu!, sigma: p.sigma!, h: p.h!, s: p.s!, scale: p.grad_scale! };
}

/** Sinabs' own surrogates, at a threshold of 1. */
export const sinabs: readonly SurrogateDefinition[] = [
  {
    name: 'sinabs.SingleExponential',
    family: 'exponential',
    summary: 'Two-sided exponential of area 2 grad_scale.',
    parameters: {
      grad_width: width(0.5, 'distance over which the gradient falls by the factor e'),
      grad_scale: height(1, 'factor of the whole; the peak is grad_scale / grad_width'),
    },
    grad: (ops, x, { p }) => exponential(ops, x, ops.div(p.grad_scale!, p.grad_width!), ops.div(ops.constant(1), p.grad_width!)),
    value: (ops, x, { p }) => exponentialIntegral(ops, x, ops.div(p.grad_scale!, p.grad_width!), ops.div(ops.constant(1), p.grad_width!)),
    kinks: () => [0],
    aliases: [
      { library: 'braintools', name: 'piecewise_exp', note: 'area 1, rate alpha = 1 / grad_width' },
      { library: 'lava-dl', name: 'Spike', note: 'half of it, with tau_rho for the width' },
    ],
    references: [papers.shrestha2018, library],
    notes: ['Sinabs multiplies grad_width by the threshold, which is 1 here.', noPrimitive],
  },
  {
    name: 'sinabs.Gaussian',
    family: 'gaussian',
    summary: 'Gaussian by mean, standard deviation and area.',
    parameters: {
      mu: position(0, 'where the peak is, relative to the threshold'),
      sigma: width(0.5, 'standard deviation'),
      grad_scale: height(1, 'area'),
    },
    grad: (ops, x, { p }) => normalDensity(ops, ops.sub(x, p.mu!), p.sigma!, p.grad_scale!),
    value: (ops, x, { p }) => {
      const step = normalStep(ops, ops.sub(x, p.mu!), p.sigma!);
      return scaledStep(ops, step, normalStep(ops, ops.neg(p.mu!), p.sigma!), p.grad_scale!);
    },
    aliases: [{ library: 'braintools', name: 'gaussian_grad', note: 'alpha for grad_scale (default 0.5), mean 0' }],
    references: [papers.yin2020, library],
    notes: [noPrimitive],
  },
  {
    name: 'sinabs.MultiGaussian',
    family: 'multi-gaussian',
    summary: 'Gaussian with negative side lobes.',
    parameters: {
      mu: position(0, 'where the peak is; the lobes stay at +-sigma'),
      sigma: width(0.5, "the peak's standard deviation"),
      h: lobeHeight(0.15),
      s: lobeWidth(6),
      grad_scale: height(1, 'factor of the whole; the area is grad_scale * (1 - h)'),
    },
    grad: (ops, x, { p }) => multiGaussian(ops, x, multiGaussianParameters(p)),
    value: (ops, x, { p }) => multiGaussianIntegral(ops, x, multiGaussianParameters(p)),
    gradNeedsFloat64: true,
    aliases: [
      { library: 'braintools', name: 'multi_gaussian_grad', note: 'scale for grad_scale (default 0.5), mean 0' },
      { library: 'Slax', name: 'multi_gauss', note: 'gamma for grad_scale, lens for sigma, scale for s, height for h' },
    ],
    references: [papers.yin2021, library],
    notes: [noPrimitive],
  },
];
