import type { SurrogateDefinition } from './definition.ts';
import { papers, strictThreshold } from './papers.ts';
import { height, steepness, width } from './parameters.ts';
import { lorentzian, lorentzianIntegral } from './shapes/arctangent.ts';
import { box, boxIntegral } from './shapes/box.ts';
import { inverseSquare, inverseSquareIntegral } from './shapes/inverse-square.ts';
import { sechSquared, sechSquaredIntegral } from './shapes/logistic.ts';
import { triangle, triangleIntegral } from './shapes/triangle.ts';

const library = 'Spyx, spyx.axn (commit 38374e9)';
const threshold = strictThreshold('Spyx');

/** Spyx's own surrogates. It defines no primitives. */
export const spyx: readonly SurrogateDefinition[] = [
  {
    name: 'spyx.superspike',
    family: 'inverse square',
    summary: "SuperSpike's inverse square with peak 1.",
    parameters: { k: steepness(25, 'steepness; the full width at half maximum is 0.828 / k') },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p.k!),
    value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p.k!),
    kinks: () => [0],
    aliases: [{ library: 'braintools', name: 'inv_square_grad', note: 'alpha for k, default 100' }],
    references: [papers.zenke2018, library],
    notes: [threshold],
  },
  {
    name: 'spyx.arctan',
    family: 'arctangent',
    summary: 'Lorentzian with a peak of 1 / pi at every steepness.',
    parameters: { k: steepness(2, 'steepness; the area is 1 / (pi k)') },
    grad: (ops, x, { p }) => {
      const pi = ops.constant(Math.PI);
      return lorentzian(ops, x, ops.div(ops.constant(1), pi), ops.mul(pi, p.k!));
    },
    value: (ops, x, { p }) => {
      const pi = ops.constant(Math.PI);
      return lorentzianIntegral(ops, x, ops.div(ops.constant(1), pi), ops.mul(pi, p.k!));
    },
    aliases: [{ library: 'braintools', name: 'arctan', note: 'with 2k for alpha, and greater by the factor pi k' }],
    references: [papers.fang2021, library],
    notes: ['Not the normalisation of other libraries, whose arctangent has area 1.', threshold],
  },
  {
    name: 'spyx.tanh',
    family: 'logistic',
    summary: 'Derivative of the hyperbolic tangent, with peak 1.',
    parameters: { k: steepness(1, 'steepness; the area is 2 / k') },
    grad: (ops, x, { p }) => sechSquared(ops, x, p.k!),
    value: (ops, x, { p }) => sechSquaredIntegral(ops, x, p.k!),
    aliases: [{ library: 'Norse', name: 'tanh', note: 'alpha for k, default 100' }],
    references: [library],
    notes: ['The factor k of the derivative of tanh(k x) is left out, as in Spyx.', threshold],
  },
  {
    name: 'spyx.boxcar',
    family: 'box',
    summary: 'Box of chosen width and height.',
    parameters: { width: width(2, 'full width of the box'), height: height(0.5, 'height of the box') },
    grad: (ops, x, { p }) => box(ops, x, p.height!, ops.mul(ops.constant(0.5), p.width!)),
    value: (ops, x, { p }) => boxIntegral(ops, x, p.height!, ops.mul(ops.constant(0.5), p.width!)),
    kinks: ({ width: fullWidth }) => [-0.5 * fullWidth!, 0.5 * fullWidth!],
    aliases: [{ library: 'SpikingJelly', name: 'Rect', note: 'area 1, by its height' }],
    references: [papers.wu2018, library],
    notes: ['The edge |x| = width / 2 is outside.', threshold],
  },
  {
    name: 'spyx.triangular',
    family: 'triangle',
    summary: 'Triangle of height 1.',
    parameters: { k: steepness(2, 'slope of the sides, and the inverse of the half width') },
    grad: (ops, x, { p }) => triangle(ops, x, p.k!, ops.div(ops.constant(1), p.k!)),
    value: (ops, x, { p }) => triangleIntegral(ops, x, p.k!, ops.div(ops.constant(1), p.k!)),
    kinks: ({ k }) => [-1 / k!, 0, 1 / k!],
    aliases: [
      { library: 'braintools', name: 'relu_grad', note: 'with alpha = k and width = 1 / k' },
      { library: 'stork', name: 'EsserSpike', note: 'beta for k, default 1' },
    ],
    references: [papers.esser2016, library],
    notes: [threshold],
  },
];
