import type { SurrogateDefinition } from './definition.ts';
import { papers, strictThreshold } from './papers.ts';
import { height, steepness, width } from './parameters.ts';
import { circular, circularIntegral } from './shapes/circular.ts';
import { bell, errorFunctionStep, scaledStep } from './shapes/gaussian.ts';
import { inverseSquare, inverseSquareIntegral } from './shapes/inverse-square.ts';
import { sechSquared, sechSquaredIntegral } from './shapes/logistic.ts';
import { square } from './shapes/symmetry.ts';
import { triangle, triangleIntegral } from './shapes/triangle.ts';

const library = 'Norse, norse.torch.functional (commit 065a3b4)';
const threshold = strictThreshold('Norse');

function disagreement(primitive: string, where: string): string {
  const documented = `Norse documents the primitive ${primitive}, whose derivative is its gradient only at ${where}`;
  return `${documented}; value is the antiderivative of the gradient with value 1/2 at 0.`;
}

/** Norse's own surrogates. */
export const norse: readonly SurrogateDefinition[] = [
  {
    name: 'norse.superspike',
    family: 'inverse square',
    summary: "SuperSpike's inverse square with peak 1.",
    parameters: { alpha: steepness(100, 'steepness; the full width at half maximum is 0.828 / alpha') },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p.alpha!),
    value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p.alpha!),
    kinks: () => [0],
    aliases: [{ library: 'braintools', name: 'inv_square_grad', note: 'same function and default' }],
    references: [papers.zenke2018, library],
    notes: ['Norse\'s method "super", its default.', threshold],
  },
  {
    name: 'norse.heavi_erfc',
    family: 'gaussian',
    summary: 'Gaussian with a peak of 2 / sqrt(pi) at every steepness.',
    parameters: { alpha: steepness(100, 'steepness; the area is 2 / alpha') },
    grad: (ops, x, { p }) => {
      const peak = ops.div(ops.constant(2), ops.sqrt(ops.constant(Math.PI)));
      return bell(ops, x, peak, square(ops, p.alpha!));
    },
    value: (ops, x, { p }) => {
      const area = ops.div(ops.constant(2), p.alpha!);
      return scaledStep(ops, errorFunctionStep(ops, x, p.alpha!), ops.constant(0.5), area);
    },
    aliases: [{ library: 'braintools', name: 'erf', note: 'area 1 at every steepness; equal at alpha = 2' }],
    references: [library],
    notes: [disagreement('1/2 + erfc(alpha x) / 2', 'alpha = 2, and with erf for erfc'), threshold],
  },
  {
    name: 'norse.tanh',
    family: 'logistic',
    summary: 'Derivative of the hyperbolic tangent, with peak 1.',
    parameters: { alpha: steepness(100, 'steepness; the area is 2 / alpha') },
    grad: (ops, x, { p }) => sechSquared(ops, x, p.alpha!),
    value: (ops, x, { p }) => sechSquaredIntegral(ops, x, p.alpha!),
    aliases: [
      { library: 'braintools', name: 'sigmoid', note: 'with 2 alpha for alpha, and greater by the factor alpha / 2' },
      { library: 'Spyx', name: 'tanh', note: 'k for alpha, default 1' },
    ],
    references: [library],
    notes: [disagreement('1/2 + tanh(alpha x) / 2', 'alpha = 2'), threshold],
  },
  {
    name: 'norse.circ',
    family: 'circular',
    summary: 'Derivative of x / sqrt(x^2 + alpha^2), with peak 1.',
    parameters: { alpha: width(100, 'width, not steepness; the area is 2 alpha') },
    grad: (ops, x, { p }) => circular(ops, x, p.alpha!),
    value: (ops, x, { p }) => circularIntegral(ops, x, p.alpha!),
    aliases: [],
    references: [library],
    notes: [
      'alpha is a width here, but Norse gives it the default of its steepnesses, 100, at which the gradient is about 1 everywhere.',
      disagreement('1/2 + x / (2 sqrt(x^2 + alpha^2))', 'alpha = 1/2'),
      threshold,
    ],
  },
  {
    name: 'norse.triangle',
    family: 'triangle',
    summary: 'Triangle of half width 1.',
    parameters: { alpha: height(0.3, 'peak of the triangle') },
    grad: (ops, x, { p }) => triangle(ops, x, p.alpha!, ops.constant(1)),
    value: (ops, x, { p }) => triangleIntegral(ops, x, p.alpha!, ops.constant(1)),
    kinks: () => [-1, 0, 1],
    aliases: [{ library: 'braintools', name: 'relu_grad', note: 'with a width' }],
    references: [papers.bellec2018, papers.bellec2020, library],
    notes: ["Norse's LIFParameters have alpha = 100: whoever changes only the method there gets a peak of 100.", threshold],
  },
];
