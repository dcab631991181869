import { defineSurrogates } from '../define.ts';
import { arctangent } from '../formulas/arctangent.ts';
import { laplace, unitPeakExponential } from '../formulas/exponential.ts';
import { errorFunction, gaussian, multiGaussian } from '../formulas/gaussian.ts';
import { powerLaw, signedLogarithm, softSign, superSpike } from '../formulas/inverse-power.ts';
import { logistic, singleStep } from '../formulas/logistic.ts';
import { leakyBox, logTailedRectifier, slopedTriangle, twoSlopes, unitTriangle } from '../formulas/piecewise.ts';
import { squareWave } from '../formulas/square-wave.ts';
import { papers } from './papers.ts';

const library = { name: 'braintools', source: 'braintools 0.3.0, braintools.surrogate' };

/** The eighteen of braintools 0.3.0, which requests name without a library in front. */
export const braintools = defineSurrogates(library, {
  sigmoid: {
    ...logistic({ alpha: 4 }),
    aliases: [{ library: 'stork', name: 'CustomSpike "sigmoid"', note: 'beta for alpha, default 10' }],
    references: [papers.zenke2018, papers.neftci2019],
  },
  piecewise_quadratic: {
    ...unitTriangle({ alpha: 1 }),
    references: [papers.esser2016, papers.bellec2018, papers.neftci2019],
    notes: [
      'The name describes the primitive: the gradient is a triangle.',
      'braintools up to 0.1.10 and BrainPy 2.5 to 2.6 used alpha - (alpha x)^2, which is not the derivative of their primitive.',
    ],
  },
  piecewise_exp: {
    ...laplace({ alpha: 1 }),
    aliases: [{ library: 'Sinabs', name: 'SingleExponential', note: 'grad_width is 1 / alpha, area 2' }],
    references: [papers.shrestha2018, papers.neftci2019],
  },
  soft_sign: {
    ...softSign({ alpha: 1 }),
    references: [papers.neftci2019],
    notes: ['The same shape as inv_square_grad, scaled to area 1 instead of peak 1.'],
  },
  arctan: {
    ...arctangent({ alpha: 1 }),
    aliases: [{ library: 'Spyx', name: 'arctan', note: 'another function: its peak is 1 / pi whatever k' }],
    references: [papers.fang2021],
  },
  nonzero_sign_log: {
    ...signedLogarithm({ alpha: 1 }),
    aliases: [{ library: 'snnax', name: 'superspike_surrogate', note: 'smaller by the factor alpha, which is beta there' }],
    notes: ['The primitive is 0 at 0 and unbounded.'],
  },
  erf: {
    ...errorFunction({ alpha: 1 }),
    aliases: [{ library: 'Norse', name: 'heavi_erfc', note: 'another normalisation: its peak is 2 / sqrt(pi) whatever alpha' }],
    references: [papers.wu2018, papers.yin2020],
  },
  piecewise_leaky_relu: {
    ...leakyBox({ c: 0.01, w: 1 }),
    aliases: [{ library: 'SpikingJelly', name: 'PiecewiseLeakyReLU', note: 'w comes first there, and |x| = w counts as outside' }],
    references: [papers.yinS2017, papers.wu2018],
    notes: ['The docstring of braintools 0.3.0 says 1/w for the height; its code, and this function, have 1/(2w).'],
  },
  squarewave_fourier_series: {
    ...squareWave({ n: 2, period: ['t_period', 8] }),
    aliases: [{ library: 'SpikingJelly', name: 'SquarewaveFourierSeries', note: 'T_period for t_period, and n - 1 terms instead of n' }],
    notes: ['braintools before 0.2.0, and BrainPy, summed n - 1 terms.'],
  },
  s2nn: {
    ...singleStep({ alpha: 4, beta: 1 }),
    aliases: [{ library: 'SpikingJelly', name: 'S2NN', note: 'adds 1e-5 instead of 1e-8 in the logarithm of the primitive' }],
    references: [papers.suetake2022],
    notes: ['The gradient jumps at 0 unless beta = alpha / 4.'],
  },
  q_pseudo_spike: {
    ...powerLaw({ alpha: 2 }),
    aliases: [{ library: 'SpikingJelly', name: 'QPseudoSpike', note: 'another function: alpha - 1 stands in the place of alpha + 1' }],
    references: [papers.herranz2022],
    notes: [
      "The paper has alpha - 1 for braintools' alpha + 1. The area at alpha > 1 is (alpha + 1) / (alpha - 1), so value leaves [0, 1].",
      'At alpha = 1 the integral is its logarithmic limit.',
    ],
  },
  leaky_relu: { ...twoSlopes({ below: ['alpha', 0.1], above: ['beta', 1] }), notes: ['The primitive is 0 at 0 and unbounded.'] },
  log_tailed_relu: {
    ...logTailedRectifier({ alpha: 0 }),
    references: [papers.cai2017],
    notes: [
      'With the default alpha = 0 nothing flows at or below the threshold: a silent neuron stays silent.',
      'The primitive is 0 at 0 and unbounded. braintools before 0.3.0 had ln x without the 1 above x = 1, a jump.',
    ],
  },
  relu_grad: {
    ...slopedTriangle({ alpha: 0.3, width: 1 }),
    noPrimitive: true,
    aliases: [
      { library: 'Norse', name: 'triangle', note: 'width fixed at 1' },
      { library: 'Spyx', name: 'triangular', note: 'peak 1, half width 1 / k' },
      { library: 'stork', name: 'EsserSpike', note: 'peak 1, half width 1 / beta' },
      { library: 'mlGeNN', name: 'e-prop psi', note: 'peak 0.3 / threshold, half width equal to the threshold' },
    ],
    references: [papers.bellec2018, papers.bellec2020],
  },
  gaussian_grad: {
    ...gaussian({ sigma: 0.5, area: ['alpha', 0.5] }),
    noPrimitive: true,
    aliases: [{ library: 'Sinabs', name: 'Gaussian', note: 'grad_scale for alpha (default 1), and a mean mu' }],
    references: [papers.yin2020],
    notes: ['braintools documents alpha as the maximum of the gradient; it is the area.'],
  },
  inv_square_grad: {
    ...superSpike({ alpha: 100 }),
    noPrimitive: true,
    aliases: [{ library: 'SpikingJelly', name: 'SuperSpike', note: 'another function: alpha is its height, the width is fixed' }],
    references: [papers.zenke2018, papers.zenke2021],
    notes: ['braintools calls it Lorentzian with a width of 2 / alpha; it is neither.'],
  },
  multi_gaussian_grad: {
    ...multiGaussian({ h: 0.15, s: 6, sigma: 0.5, scale: 0.5 }),
    noPrimitive: true,
    aliases: [{ library: 'Sinabs', name: 'MultiGaussian', note: 'grad_scale for scale (default 1), and a mean mu' }],
    references: [papers.yin2021],
  },
  slayer_grad: {
    ...unitPeakExponential({ alpha: 1 }),
    noPrimitive: true,
    aliases: [
      { library: 'Lava', name: 'Spike', note: 'peak scale_grad / (2000 tau_grad threshold), rate 1 / (100 tau_grad threshold)' },
      { library: 'Sinabs', name: 'SingleExponential', note: 'peak grad_scale / (grad_width threshold), rate 1 / (grad_width threshold)' },
    ],
    references: [papers.shrestha2018],
    notes: ['braintools likens it to SuperSpike; it is exponential, not an inverse square.'],
  },
});
