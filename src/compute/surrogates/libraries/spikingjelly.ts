import { defineSurrogates } from '../define.ts';
import { arctangent } from '../formulas/arctangent.ts';
import { laplace } from '../formulas/exponential.ts';
import { errorFunction } from '../formulas/gaussian.ts';
import { fixedWidthInverseSquare, signedLogarithm, softSign, unitPowerLaw } from '../formulas/inverse-power.ts';
import { logistic, spikingjellySingleStep } from '../formulas/logistic.ts';
import {
  clippedReciprocal,
  leakyBoxWithoutEdges,
  logTailedRectifier,
  straightThrough,
  twoSlopes,
  unitBox,
  unitTriangle,
} from '../formulas/piecewise.ts';
import { spikingjellySquareWave } from '../formulas/square-wave.ts';
import { papers } from './papers.ts';

const library = { name: 'SpikingJelly', source: 'SpikingJelly 2.0.0.dev1, spikingjelly.activation_based.surrogate' };

/** SpikingJelly's own surrogates, as its PyTorch code has them. */
export const spikingjelly = defineSurrogates(library, {
  'spikingjelly.Sigmoid': { ...logistic({ alpha: 4 }), references: [papers.zenke2018, papers.neftci2019] },
  'spikingjelly.ATan': { ...arctangent({ alpha: 2 }), references: [papers.fang2021] },
  'spikingjelly.PiecewiseQuadratic': {
    ...unitTriangle({ alpha: 1 }),
    references: [papers.esser2016, papers.bellec2018, papers.neftci2019],
    notes: ['The name describes the primitive: the gradient is a triangle.'],
  },
  'spikingjelly.PiecewiseExp': { ...laplace({ alpha: 1 }), references: [papers.shrestha2018, papers.neftci2019] },
  'spikingjelly.SoftSign': {
    ...softSign({ alpha: 2 }),
    references: [papers.neftci2019],
    notes: ["The helper's docstring in SpikingJelly has x / alpha where its code, and this function, have alpha x."],
  },
  'spikingjelly.SuperSpike': {
    ...fixedWidthInverseSquare({ alpha: 1 }),
    noPrimitive: true,
    aliases: [{ library: 'braintools', name: 'inv_square_grad', note: 'another function: alpha is its steepness, the height is 1' }],
    references: [papers.zenke2018],
  },
  'spikingjelly.NonzeroSignLogAbs': { ...signedLogarithm({ alpha: 1 }), notes: ['The primitive is 0 at 0 and unbounded.'] },
  'spikingjelly.Erf': { ...errorFunction({ alpha: 2 }), references: [papers.wu2018, papers.yin2020] },
  'spikingjelly.PiecewiseLeakyReLU': {
    ...leakyBoxWithoutEdges({ w: 1, c: 0.01 }),
    aliases: [{ library: 'braintools', name: 'piecewise_leaky_relu', note: 'c comes first there, and |x| = w counts as inside' }],
    references: [papers.yinS2017, papers.wu2018],
    notes: ["SpikingJelly's CuPy kernels have 1/w for the height and count |x| = w as inside; this is its PyTorch code."],
  },
  'spikingjelly.SquarewaveFourierSeries': {
    ...spikingjellySquareWave({ n: 2, period: ['T_period', 8] }),
    aliases: [{ library: 'braintools', name: 'squarewave_fourier_series', note: 't_period for T_period, and n terms instead of n - 1' }],
    notes: ['SpikingJelly sums the terms 1 to n - 1, so that n = 1 would leave none.'],
  },
  'spikingjelly.S2NN': {
    ...spikingjellySingleStep({ alpha: 4, beta: 1 }),
    aliases: [{ library: 'braintools', name: 's2nn', note: 'adds 1e-8 instead of 1e-5 in the logarithm of the primitive' }],
    references: [papers.suetake2022],
    notes: [
      'The gradient jumps at 0 unless beta = alpha / 4.',
      "SpikingJelly documents + 1 for the primitive's constant; its code has + 1/2.",
    ],
  },
  'spikingjelly.QPseudoSpike': {
    ...unitPowerLaw({ alpha: 2 }),
    aliases: [{ library: 'braintools', name: 'q_pseudo_spike', note: 'another function: alpha + 1 stands in the place of alpha - 1' }],
    references: [papers.herranz2022],
    notes: ['Singular at alpha = 1, which the range leaves out. At alpha = 2 it equals SoftSign with alpha = 2.'],
  },
  'spikingjelly.LeakyKReLU': { ...twoSlopes({ below: ['leak', 0], above: ['k', 1] }), notes: ['The primitive is 0 at 0 and unbounded.'] },
  'spikingjelly.LogTailedReLU': {
    ...logTailedRectifier({ alpha: 0 }),
    references: [papers.cai2017],
    notes: ['With the default alpha = 0 nothing flows at or below the threshold: a silent neuron stays silent.'],
  },
  'spikingjelly.FakeNumericalGradient': {
    ...clippedReciprocal({ alpha: 0.3 }),
    noPrimitive: true,
    notes: ['SpikingJelly divides a sign by x, which gives minus infinity at x = -0; here both zeros give alpha.'],
  },
  'spikingjelly.Rect': {
    ...unitBox({ alpha: 1 }),
    aliases: [
      { library: 'Spyx', name: 'boxcar', note: 'width and height apart' },
      { library: 'snnax', name: 'piecewise_surrogate', note: 'height 1, half width beta (default 0.5)' },
    ],
    references: [papers.wu2018],
    notes: ['The edge |x| = 1 / (2 alpha) is outside.'],
  },
  'spikingjelly.DeterministicPass': { ...straightThrough({}), noPrimitive: true, references: [papers.bengio2013] },
});
