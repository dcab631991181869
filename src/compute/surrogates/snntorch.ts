import type { SurrogateDefinition } from './definition.ts';
import { papers, strictThreshold } from './papers.ts';
import { height, steepness } from './parameters.ts';
import { centredArctangent, unitLorentzian } from './shapes/arctangent.ts';
import { exponential, shiftedExponentialIntegral } from './shapes/exponential.ts';
import { fastSigmoid, inverseSquare } from './shapes/inverse-square.ts';
import { logisticStep, unitLogisticBump } from './shapes/logistic.ts';

const library = 'snnTorch 0.9.4, snntorch.surrogate';
const threshold = strictThreshold('snnTorch');

/** snnTorch's own surrogates. */
export const snntorch: readonly SurrogateDefinition[] = [
  {
    name: 'snntorch.fast_sigmoid',
    family: 'inverse square',
    summary: 'Derivative of the fast sigmoid x / (1 + slope |x|), with peak 1.',
    parameters: { slope: steepness(25, 'steepness; the full width at half maximum is 0.828 / slope') },
    grad: (ops, x, { p }) => inverseSquare(ops, x, ops.constant(1), p.slope!),
    value: (ops, x, { p }) => fastSigmoid(ops, x, p.slope!),
    kinks: () => [0],
    aliases: [{ library: 'braintools', name: 'inv_square_grad', note: 'alpha for slope, default 100' }],
    references: [papers.zenke2018, library],
    notes: ['value is the primitive that snnTorch documents, x / (1 + slope |x|), which is 0 at 0.', threshold],
  },
  {
    name: 'snntorch.atan',
    family: 'arctangent',
    summary: 'Derivative of the arctangent, of area 1.',
    parameters: { alpha: steepness(2, 'steepness; the peak is alpha / 2') },
    grad: (ops, x, { p }) => unitLorentzian(ops, x, p.alpha!),
    value: (ops, x, { p }) => centredArctangent(ops, x, p.alpha!),
    aliases: [
      { library: 'braintools', name: 'arctan', note: 'default 1' },
      { library: 'SpikingJelly', name: 'ATan', note: 'same function and default' },
    ],
    references: [papers.fang2021, library],
    notes: [
      "snnTorch documents a gradient smaller than its code's by the factor pi alpha / 2; this is the code's.",
      'value is the primitive that snnTorch documents, atan(pi alpha x / 2) / pi, which is 0 at 0.',
      threshold,
    ],
  },
  {
    name: 'snntorch.sigmoid',
    family: 'logistic',
    summary: 'Derivative of the logistic sigmoid.',
    parameters: { slope: steepness(25, 'steepness of the sigmoid; the peak is slope / 4') },
    grad: (ops, x, { p }) => unitLogisticBump(ops, x, p.slope!),
    value: (ops, x, { p }) => logisticStep(ops, x, p.slope!),
    aliases: [{ library: 'braintools', name: 'sigmoid', note: 'alpha for slope, default 4' }],
    references: [papers.zenke2018, library],
    notes: ['snnTorch 0.9.4 lets e^(-slope x) overflow, which gives NaN in float32 below x = -85.5 / slope; here it is finite.', threshold],
  },
  {
    name: 'snntorch.spike_rate_escape',
    family: 'exponential',
    summary: 'Two-sided exponential around x = 1, one unit above the threshold.',
    parameters: { beta: steepness(1, 'rate of the decay'), slope: height(25, 'peak, which is at x = 1') },
    grad: (ops, x, { p }) => exponential(ops, ops.sub(x, ops.constant(1)), p.slope!, p.beta!),
    value: (ops, x, { p }) => shiftedExponentialIntegral(ops, x, ops.constant(1), p.slope!, p.beta!),
    kinks: () => [1],
    aliases: [{ library: 'braintools', name: 'slayer_grad', note: 'centred on the threshold, peak 1' }],
    references: [papers.gerstner2002, library],
    notes: ['snnTorch subtracts the threshold before it subtracts 1, so the peak is not at the threshold.', threshold],
  },
  {
    name: 'snntorch.straight_through_estimator',
    family: 'straight through',
    summary: 'The gradient of the identity, 1.',
    parameters: {},
    grad: (ops) => ops.constant(1),
    value: (ops, x) => ops.add(ops.constant(0.5), x),
    aliases: [{ library: 'SpikingJelly', name: 'DeterministicPass', note: 'same gradient' }],
    references: [papers.bengio2013, library],
    notes: [threshold],
  },
];
