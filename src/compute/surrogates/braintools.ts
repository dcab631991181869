import type { SurrogateDefinition } from './definition.ts';
import { papers } from './papers.ts';
import { height, lobeHeight, lobeWidth, slope, steepness, terms, width } from './parameters.ts';
import { arctangentStep, unitLorentzian } from './shapes/arctangent.ts';
import { leakyRamp, unitBoxHeight } from './shapes/box.ts';
import { exponential, exponentialIntegral, unitExponential, unitExponentialStep } from './shapes/exponential.ts';
import { errorFunctionStep, normalDensity, normalStep, scaledStep, unitBell } from './shapes/gaussian.ts';
import { inverseLinear, logarithmicRise } from './shapes/inverse-linear.ts';
import { inverseSquare, inverseSquareIntegral, softSignStep, unitInverseSquare } from './shapes/inverse-square.ts';
import { logisticStep, unitLogisticBump } from './shapes/logistic.ts';
import { multiGaussian, multiGaussianIntegral, type MultiGaussian } from './shapes/multi-gaussian.ts';
import { powerLaw, powerLawIntegral } from './shapes/power-law.ts';
import { logTailedIntegral, logTailedSlope, twoSlopes, twoSlopesIntegral } from './shapes/rectifier.ts';
import { singleStepGrad, singleStepIntegral } from './shapes/single-step.ts';
import { squareWave, squareWaveGrad } from './shapes/square-wave.ts';
import { odd } from './shapes/symmetry.ts';
import { triangle, triangleIntegral, unitTriangle, unitTriangleStep } from './shapes/triangle.ts';

const library = 'braintools 0.3.0, braintools.surrogate';
const noPrimitive = 'braintools defines no primitive; value is the antiderivative of the gradient with value 1/2 at 0.';

function multiGaussianParameters<V>(p: Readonly<Record<string, V>>): MultiGaussian<V> {
  return { sigma: p.sigma!, h: p.h!, s: p.s!, scale: p.scale! };
}

/** The eighteen of braintools 0.3.0, which requests name without a library in front. */
export const braintools: readonly SurrogateDefinition[] = [
  {
    name: 'sigmoid',
    family: 'logistic',
    summary: 'Derivative of the logistic sigmoid.',
    parameters: { alpha: steepness(4, 'steepness of the sigmoid; the peak is alpha / 4') },
    grad: (ops, x, { p }) => unitLogisticBump(ops, x, p.alpha!),
    value: (ops, x, { p }) => logisticStep(ops, x, p.alpha!),
    aliases: [
      { library: 'SpikingJelly', name: 'Sigmoid', note: 'same function and default' },
      { library: 'snnTorch', name: 'sigmoid', note: 'slope for alpha, default 25' },
      { library: 'stork', name: 'CustomSpike "sigmoid"', note: 'beta for alpha, default 10' },
    ],
    references: [papers.zenke2018, papers.neftci2019, library],
  },
  {
    name: 'piecewise_quadratic',
    family: 'triangle',
    summary: 'Triangle of area 1; its primitive is piecewise quadratic.',
    parameters: { alpha: steepness(1, 'peak of the triangle, and the inverse of its half width') },
    grad: (ops, x, { p }) => unitTriangle(ops, x, p.alpha!),
    value: (ops, x, { p }) => unitTriangleStep(ops, x, p.alpha!),
    kinks: ({ alpha }) => [-1 / alpha!, 0, 1 / alpha!],
    aliases: [{ library: 'SpikingJelly', name: 'PiecewiseQuadratic', note: 'same function and default' }],
    references: [papers.esser2016, papers.bellec2018, papers.neftci2019, library],
    notes: [
      'The name describes the primitive: the gradient is a triangle.',
      'braintools up to 0.1.10 and BrainPy 2.5 to 2.6 used alpha - (alpha x)^2, which is not the derivative of their primitive.',
    ],
  },
  {
    name: 'piecewise_exp',
    family: 'exponential',
    summary: 'Two-sided exponential (Laplace density) of area 1.',
    parameters: { alpha: steepness(1, 'rate of the decay; the peak is alpha / 2') },
    grad: (ops, x, { p }) => unitExponential(ops, x, p.alpha!),
    value: (ops, x, { p }) => unitExponentialStep(ops, x, p.alpha!),
    kinks: () => [0],
    aliases: [
      { library: 'SpikingJelly', name: 'PiecewiseExp', note: 'same function and default' },
      { library: 'Sinabs', name: 'SingleExponential', note: 'grad_width is 1 / alpha, area 2' },
    ],
    references: [papers.shrestha2018, papers.neftci2019, library],
  },
  {
    name: 'soft_sign',
    family: 'inverse square',
    summary: 'Derivative of the soft sign, of area 1.',
    parameters: { alpha: steepness(1, 'steepness; the peak is alpha / 2') },
    grad: (ops, x, { p }) => unitInverseSquare(ops, x, p.alpha!),
    value: (ops, x, { p }) => softSignStep(ops, x, p.alpha!),
    kinks: () => [0],
    aliases: [{ library: 'SpikingJelly', name: 'SoftSign', note: 'default 2' }],
    references: [papers.neftci2019, library],
    notes: ['The same shape as inv_square_grad, scaled to area 1 instead of peak 1.'],
  },
  {
    name: 'arctan',
    family: 'arctangent',
    summary: 'Derivative of the arctangent (a Lorentzian), of area 1.',
    parameters: { alpha: steepness(1, 'steepness; the peak is alpha / 2') },
    grad: (ops, x, { p }) => unitLorentzian(ops, x, p.alpha!),
    value: (ops, x, { p }) => arctangentStep(ops, x, p.alpha!),
    aliases: [
      { library: 'SpikingJelly', name: 'ATan', note: 'default 2' },
      { library: 'snnTorch', name: 'atan', note: 'default 2' },
      { library: 'Slax', name: 'atan', note: 'default 2' },
      { library: 'Spyx', name: 'arctan', note: 'another function: its peak is 1 / pi whatever k' },
    ],
    references: [papers.fang2021, library],
  },
  {
    name: 'nonzero_sign_log',
    family: 'inverse linear',
    summary: 'Derivative of sgn(x) ln(1 + alpha |x|).',
    parameters: { alpha: steepness(1, 'peak of the gradient, and its steepness') },
    grad: (ops, x, { p }) => inverseLinear(ops, x, p.alpha!, p.alpha!),
    value: (ops, x, { p }) => odd(ops, x, logarithmicRise(ops, x, p.alpha!)),
    kinks: () => [0],
    aliases: [
      { library: 'SpikingJelly', name: 'NonzeroSignLogAbs', note: 'same function and default' },
      { library: 'snnax', name: 'superspike_surrogate', note: 'smaller by the factor alpha, which is beta there' },
    ],
    references: [library],
    notes: ['The primitive is 0 at 0 and unbounded.'],
  },
  {
    name: 'erf',
    family: 'gaussian',
    summary: 'Gaussian of area 1, by steepness.',
    parameters: { alpha: steepness(1, 'steepness; sigma is 1 / (alpha sqrt(2)), the peak alpha / sqrt(pi)') },
    grad: (ops, x, { p }) => unitBell(ops, x, p.alpha!),
    value: (ops, x, { p }) => errorFunctionStep(ops, x, p.alpha!),
    aliases: [
      { library: 'SpikingJelly', name: 'Erf', note: 'default 2' },
      { library: 'Norse', name: 'heavi_erfc', note: 'another normalisation: its peak is 2 / sqrt(pi) whatever alpha' },
    ],
    references: [papers.wu2018, papers.yin2020, library],
  },
  {
    name: 'piecewise_leaky_relu',
    family: 'box',
    summary: 'Box of area 1 with a constant slope outside.',
    parameters: { c: slope(0.01, 'gradient outside the box'), w: width(1, 'half width of the box, whose height is 1 / (2w)') },
    grad: (ops, x, { p }) => ops.select(ops.le(ops.abs(x), p.w!), unitBoxHeight(ops, p.w!), p.c!),
    value: (ops, x, { p }) => leakyRamp(ops, x, p.w!, p.c!),
    kinks: ({ w }) => [-w!, w!],
    aliases: [{ library: 'SpikingJelly', name: 'PiecewiseLeakyReLU', note: 'w comes first there, and |x| = w counts as outside' }],
    references: [papers.yinS2017, papers.wu2018, library],
    notes: ['The docstring of braintools 0.3.0 says 1/w for the height; its code, and this function, have 1/(2w).'],
  },
  {
    name: 'squarewave_fourier_series',
    family: 'square wave',
    summary: "Derivative of a square wave's Fourier series; periodic, and negative in places.",
    parameters: { n: terms(2, 1, 'number of odd harmonics'), t_period: width(8, 'period') },
    grad: (ops, x, { p, n }) => squareWaveGrad(ops, x, p.t_period!, n.n!),
    value: (ops, x, { p, n }) => squareWave(ops, x, p.t_period!, n.n!),
    gradNeedsFloat64: true,
    aliases: [{ library: 'SpikingJelly', name: 'SquarewaveFourierSeries', note: 'T_period for t_period, and n - 1 terms instead of n' }],
    references: [library],
    notes: ['braintools before 0.2.0, and BrainPy, summed n - 1 terms.'],
  },
  {
    name: 's2nn',
    family: 'single step',
    summary: 'Logistic bump below the threshold, and a slow decay above it.',
    parameters: {
      alpha: steepness(4, 'steepness below the threshold'),
      beta: height(1, 'gradient at the threshold, from which it falls as beta / (1 + x)'),
    },
    grad: (ops, x, { p }) => singleStepGrad(ops, x, p.alpha!, p.beta!),
    value: (ops, x, { p }) => singleStepIntegral(ops, x, p.alpha!, p.beta!, 1e-8),
    kinks: () => [0],
    aliases: [{ library: 'SpikingJelly', name: 'S2NN', note: 'adds 1e-5 instead of 1e-8 in the logarithm of the primitive' }],
    references: [papers.suetake2022, library],
    notes: ['The gradient jumps at 0 unless beta = alpha / 4.'],
  },
  {
    name: 'q_pseudo_spike',
    family: 'power law',
    summary: 'Power law with peak 1.',
    parameters: { alpha: steepness(2, 'power of the tail, |x|^-alpha') },
    grad: (ops, x, { p }) => powerLaw(ops, x, p.alpha!, ops.add(p.alpha!, ops.constant(1))),
    value: (ops, x, { p }) => powerLawIntegral(ops, x, p.alpha!, ops.add(p.alpha!, ops.constant(1))),
    gradNeedsFloat64: true,
    kinks: () => [0],
    aliases: [{ library: 'SpikingJelly', name: 'QPseudoSpike', note: 'another function: alpha - 1 stands in the place of alpha + 1' }],
    references: [papers.herranz2022, library],
    notes: [
      "The paper has alpha - 1 for braintools' alpha + 1. The area at alpha > 1 is (alpha + 1) / (alpha - 1), so value leaves [0, 1].",
      'At alpha = 1 the integral is its logarithmic limit.',
    ],
  },
  {
    name: 'leaky_relu',
    family: 'rectifier',
    summary: "A leaky rectifier's derivative: one constant below the threshold, another from it on.",
    parameters: { alpha: slope(0.1, 'gradient below the threshold'), beta: slope(1, 'gradient from the threshold on') },
    grad: (ops, x, { p }) => twoSlopes(ops, x, p.alpha!, p.beta!),
    value: (ops, x, { p }) => twoSlopesIntegral(ops, x, p.alpha!, p.beta!),
    kinks: () => [0],
    aliases: [{ library: 'SpikingJelly', name: 'LeakyKReLU', note: 'leak for alpha (default 0), k for beta' }],
    references: [library],
    notes: ['The primitive is 0 at 0 and unbounded.'],
  },
  {
    name: 'log_tailed_relu',
    family: 'rectifier',
    summary: 'Slope 1 up to x = 1, then 1/x.',
    parameters: { alpha: slope(0, 'gradient at and below the threshold') },
    grad: (ops, x, { p }) => logTailedSlope(ops, x, p.alpha!),
    value: (ops, x, { p }) => logTailedIntegral(ops, x, p.alpha!),
    kinks: () => [0, 1],
    aliases: [{ library: 'SpikingJelly', name: 'LogTailedReLU', note: 'same function and default' }],
    references: [papers.cai2017, library],
    notes: [
      'With the default alpha = 0 nothing flows at or below the threshold: a silent neuron stays silent.',
      'The primitive is 0 at 0 and unbounded. braintools before 0.3.0 had ln x without the 1 above x = 1, a jump.',
    ],
  },
  {
    name: 'relu_grad',
    family: 'triangle',
    summary: 'Triangle of chosen slope and half width.',
    parameters: { alpha: height(0.3, 'slope of the sides; the peak is alpha * width'), width: width(1, 'half width of the triangle') },
    grad: (ops, x, { p }) => triangle(ops, x, p.alpha!, p.width!),
    value: (ops, x, { p }) => triangleIntegral(ops, x, p.alpha!, p.width!),
    kinks: ({ width: halfWidth }) => [-halfWidth!, 0, halfWidth!],
    aliases: [
      { library: 'Norse', name: 'triangle', note: 'width fixed at 1' },
      { library: 'Spyx', name: 'triangular', note: 'peak 1, half width 1 / k' },
      { library: 'stork', name: 'EsserSpike', note: 'peak 1, half width 1 / beta' },
      { library: 'mlGeNN', name: 'e-prop psi', note: 'peak 0.3 / threshold, half width equal to the threshold' },
    ],
    references: [papers.bellec2018, papers.bellec2020, library],
    notes: [noPrimitive],
  },
  {
    name: 'gaussian_grad',
    family: 'gaussian',
    summary: 'Gaussian by standard deviation and area.',
    parameters: { sigma: width(0.5, 'standard deviation'), alpha: height(0.5, 'area; the peak is alpha / (sigma sqrt(2 pi))') },
    grad: (ops, x, { p }) => normalDensity(ops, x, p.sigma!, p.alpha!),
    value: (ops, x, { p }) => scaledStep(ops, normalStep(ops, x, p.sigma!), ops.constant(0.5), p.alpha!),
    aliases: [{ library: 'Sinabs', name: 'Gaussian', note: 'grad_scale for alpha (default 1), and a mean mu' }],
    references: [papers.yin2020, library],
    notes: ['braintools documents alpha as the maximum of the gradient; it is the area.', noPrimitive],
  },
  {
    name: 'inv_square_grad',
    family: 'inverse square',
    summary: "SuperSpike's inverse square with peak 1.",
    parameters: { alpha: steepness(100, 'steepness; the full width at half maximum is 0.828 / alpha') },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p.alpha!),
    value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p.alpha!),
    kinks: () => [0],
    aliases: [
      { library: 'Norse', name: 'superspike', note: 'same function and default' },
      { library: 'snnTorch', name: 'fast_sigmoid', note: 'slope for alpha, default 25' },
      { library: 'Spyx', name: 'superspike', note: 'k for alpha, default 25' },
      { library: 'Slax', name: 'fast_sigmoid', note: 'slope for alpha, default 25' },
      { library: 'stork', name: 'SuperSpike', note: 'beta for alpha, default 20' },
      { library: 'spytorch', name: 'SurrGradSpike', note: 'scale for alpha, same default' },
      { library: 'hxtorch', name: 'superspike', note: 'default 50' },
      { library: 'SpikingJelly', name: 'SuperSpike', note: 'another function: alpha is its height, the width is fixed' },
    ],
    references: [papers.zenke2018, papers.zenke2021, library],
    notes: ['braintools calls it Lorentzian with a width of 2 / alpha; it is neither.', noPrimitive],
  },
  {
    name: 'multi_gaussian_grad',
    family: 'multi-gaussian',
    summary: 'Gaussian with negative side lobes.',
    parameters: {
      h: lobeHeight(0.15),
      s: lobeWidth(6),
      sigma: width(0.5, "the peak's standard deviation; the lobes stand at +-sigma"),
      scale: height(0.5, 'factor of the whole; the area is scale * (1 - h)'),
    },
    grad: (ops, x, { p }) => multiGaussian(ops, x, multiGaussianParameters(p)),
    value: (ops, x, { p }) => multiGaussianIntegral(ops, x, multiGaussianParameters(p)),
    gradNeedsFloat64: true,
    aliases: [
      { library: 'Sinabs', name: 'MultiGaussian', note: 'grad_scale for scale (default 1), and a mean mu' },
      { library: 'Slax', name: 'multi_gauss', note: 'gamma for scale, lens for sigma (default 0.3), scale for s, height for h' },
    ],
    references: [papers.yin2021, library],
    notes: [noPrimitive],
  },
  {
    name: 'slayer_grad',
    family: 'exponential',
    summary: 'Two-sided exponential with peak 1.',
    parameters: { alpha: steepness(1, 'rate of the decay; the area is 2 / alpha') },
    grad: (ops, x, { p }) => exponential(ops, x, ops.constant(1), p.alpha!),
    value: (ops, x, { p }) => exponentialIntegral(ops, x, ops.constant(1), p.alpha!),
    kinks: () => [0],
    aliases: [
      {
        library: 'lava-dl',
        name: 'Spike',
        note: 'scale_rho / (2 tau_rho) as peak and 1 / tau_rho as rate, with tau_rho = tau_grad * threshold',
      },
      { library: 'Sinabs', name: 'SingleExponential', note: 'peak grad_scale / grad_width, rate 1 / grad_width' },
    ],
    references: [papers.shrestha2018, library],
    notes: ['braintools likens it to SuperSpike; it is exponential, not an inverse square.', noPrimitive],
  },
];
