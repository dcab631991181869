import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { catalogue, surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import { withDefaults } from '../support/parameter-sets.ts';

const none = Number.NaN;

/** At the library's defaults, to the digits given: g(0), the maximum, the area, g(-1/2), g(-1). What is added to the catalogue need not stand here. */
const shapes: readonly (readonly [string, number, number, number, number, number])[] = [
  ['sigmoid', 1, 1, 1, 0.42, 0.0707],
  ['snntorch.sigmoid', 6.25, 6.25, 1, 9.3e-5, 3.5e-10],
  ['piecewise_quadratic', 1, 1, 1, 0.5, 0],
  ['piecewise_exp', 0.5, 0.5, 1, 0.303, 0.184],
  ['soft_sign', 0.5, 0.5, 1, 0.222, 0.125],
  ['spikingjelly.SoftSign', 1, 1, 1, 0.25, 0.111],
  ['arctan', 0.5, 0.5, 1, 0.309, 0.144],
  ['spikingjelly.ATan', 1, 1, 1, 0.288, 0.092],
  ['snntorch.atan', 1, 1, 1, 0.288, 0.092],
  ['spyx.arctan', 0.318, 0.318, 0.159, 0.029, 0.0079],
  ['nonzero_sign_log', 1, 1, none, 0.667, 0.5],
  ['erf', 0.564, 0.564, 1, 0.439, 0.208],
  ['spikingjelly.Erf', 1.128, 1.128, 1, 0.415, 0.0207],
  ['piecewise_leaky_relu', 0.5, 0.5, none, 0.5, 0.5],
  ['squarewave_fourier_series', 1, 1, none, 0.653, 0],
  ['spikingjelly.SquarewaveFourierSeries', 0.5, 0.5, none, 0.462, 0.354],
  ['s2nn', 1, 1, none, 0.42, 0.0707],
  ['q_pseudo_spike', 1, 1, 3, 0.5625, 0.36],
  ['spikingjelly.QPseudoSpike', 1, 1, 1, 0.25, 0.111],
  ['leaky_relu', 1, 1, none, 0.1, 0.1],
  ['log_tailed_relu', 0, 1, none, 0, 0],
  ['relu_grad', 0.3, 0.3, 0.3, 0.15, 0],
  ['norse.triangle', 0.3, 0.3, 0.3, 0.15, 0],
  ['gaussian_grad', 0.399, 0.399, 0.5, 0.242, 0.054],
  ['sinabs.Gaussian', 0.798, 0.798, 1, 0.484, 0.108],
  ['multi_gaussian_grad', 0.439, 0.439, 0.425, 0.259, 0.0435],
  ['sinabs.MultiGaussian', 0.878, 0.878, 0.85, 0.518, 0.0869],
  ['slax.multi_gauss', 0.732, 0.732, 0.425, 0.159, -0.0253],
  ['inv_square_grad', 1, 1, 0.02, 3.8e-4, 9.8e-5],
  ['norse.superspike', 1, 1, 0.02, 3.8e-4, 9.8e-5],
  ['spytorch.SurrGradSpike', 1, 1, 0.02, 3.8e-4, 9.8e-5],
  ['snntorch.fast_sigmoid', 1, 1, 0.08, 0.0055, 0.0015],
  ['slax.fast_sigmoid', 1, 1, 0.08, 0.0055, 0.0015],
  ['spyx.superspike', 1, 1, 0.08, 0.0055, 0.0015],
  ['stork.SuperSpike', 1, 1, 0.1, 1 / 121, 1 / 441],
  ['hxtorch.superspike', 1, 1, 0.04, 1 / 676, 1 / 2601],
  ['spikingjelly.SuperSpike', 1, 1, 2, 0.444, 0.25],
  ['snnax.superspike', 1, 1, none, 0.167, 0.091],
  ['slayer_grad', 1, 1, 2, 0.607, 0.368],
  ['sinabs.SingleExponential', 2, 2, 2, 0.736, 0.271],
  ['lava.Spike', 5e-4, 5e-4, 0.1, 5e-4, 5e-4],
  ['rockpool.StepPWL', 1, 1, none, 1, 0],
  ['norse.tanh', 1, 1, 0.02, 0, 0],
  ['norse.heavi_erfc', 1.128, 1.128, 0.02, 0, 0],
  ['norse.circ', 1, 1, 200, 1, 1],
  ['spyx.triangular', 1, 1, 0.5, 0, 0],
  ['spyx.boxcar', 0.5, 0.5, 1, 0.5, 0],
  ['spyx.tanh', 1, 1, 2, 0.786, 0.42],
  ['spikingjelly.Rect', 1, 1, 1, 0, 0],
  ['snntorch.spike_rate_escape', 9.2, 25, 50, 5.58, 3.38],
];

/** Equal to the digits in which `expected` is written, of which there are at least two. */
function expectDigits(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(0.02 * Math.abs(expected) + 1e-4);
}

function functionsOf(name: string): ReturnType<typeof surrogateFunctions> {
  return surrogateFunctions(withDefaults(surrogateDefinition(name)));
}

describe('shape at the defaults', () => {
  it.each(shapes)('%s', (name, ...[atZero, maximum, area, atHalf, atOne]) => {
    const { grad, value } = functionsOf(name);
    const grid = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 400);
    expectDigits(grad(0), atZero);
    expectDigits(Math.max(...grid.map((x) => grad(x))), maximum);
    expectDigits(grad(-0.5), atHalf);
    expectDigits(grad(-1), atOne);
    // 1e30, where even the inverse square's tail is gone.
    if (!Number.isNaN(area)) expectDigits(value(1e30) - value(-1e30), area);
  });

  it('has every lobe of the multi-Gaussians', () => {
    const lowest = (name: string): number => Math.min(...Array.from({ length: 2000 }, (_, i) => functionsOf(name).grad(i / 200)));
    expect(lowest('multi_gaussian_grad')).toBeCloseTo(-0.0159, 4);
    expect(lowest('sinabs.MultiGaussian')).toBeCloseTo(-0.0317, 4);
    expect(lowest('slax.multi_gauss')).toBeCloseTo(-0.0264, 4);
  });
});

describe('at a threshold of 1.6', () => {
  it.each([
    ['sinabs.SingleExponential', -0.4, (1 / 0.8) * Math.exp(-0.5)],
    ['rockpool.StepPWL', -0.4, 1 / 1.6],
    ['rockpool.StepPWL', -0.6, 0],
    ['lava.Spike', 80, (0.05 / 160) * Math.exp(-0.5)],
    ['sinabs.Gaussian', 0.5, (2 / Math.sqrt(2 * Math.PI)) * Math.exp(-0.5)],
  ])('%s at %d', (name, x, expected) => {
    expect(functionsOf(name).grad(x, 1.6)).toBeCloseTo(expected, 14);
  });

  it.each([...catalogue.values()])('$name reads the threshold only if it says so', (definition) => {
    const { grad, value } = surrogateFunctions(withDefaults(definition));
    const at = (threshold: number) => [-0.7, -0.2, 0.3, 2].map((x) => [grad(x, threshold), value(x, threshold)]);
    if (definition.scalesWithThreshold) expect(at(1.6)).not.toEqual(at(1));
    else expect(at(1.6)).toEqual(at(1));
  });
});

describe('on a corner', () => {
  it.each([
    ['piecewise_leaky_relu', 1, 0.5, 'braintools counts the edge as inside'],
    ['spikingjelly.PiecewiseLeakyReLU', 1, 0.01, 'SpikingJelly does not'],
    ['spikingjelly.PiecewiseLeakyReLU', -1, 0.01, 'on either side'],
    ['spikingjelly.Rect', 0.5, 0, 'strict'],
    ['spyx.boxcar', -1, 0, 'strict'],
    ['leaky_relu', 0, 1, 'x >= 0'],
    ['leaky_relu', -0, 1, 'x >= 0'],
    ['s2nn', -0, 1, 'x >= 0'],
    ['log_tailed_relu', 0, 0, 'x <= 0'],
    ['log_tailed_relu', 1, 1, 'x <= 1'],
    ['log_tailed_relu', 5e-324, 1, 'x > 0'],
    ['spikingjelly.FakeNumericalGradient', 0, 0.3, 'no infinity at 0'],
    ['spikingjelly.FakeNumericalGradient', -0, 0.3, 'nor at -0'],
    ['snntorch.spike_rate_escape', 1, 25, 'the peak is above the threshold'],
    ['piecewise_quadratic', 1, 0, 'continuous'],
    ['rockpool.StepPWL', -0.5, 1, 'the edge is inside'],
  ])('%s at %d is %d: %s', (name, x, expected) => {
    expect(functionsOf(name).grad(x)).toBe(expected);
  });
});

describe('relations between libraries', () => {
  it("SpikingJelly's QPseudoSpike at alpha 2 is its SoftSign at alpha 2", () => {
    for (const x of [-3, -0.7, 0, 0.01, 2]) {
      expect(functionsOf('spikingjelly.QPseudoSpike').grad(x)).toBeCloseTo(functionsOf('spikingjelly.SoftSign').grad(x), 14);
    }
  });

  it("SpikingJelly's Fourier series has one term less than braintools'", () => {
    const sj = surrogateFunctions({ name: 'spikingjelly.SquarewaveFourierSeries', parameters: { n: 6, T_period: 3 } });
    const bt = surrogateFunctions({ name: 'squarewave_fourier_series', parameters: { n: 5, t_period: 3 } });
    for (const x of [-1.1, 0.2, 7]) {
      expect(sj.grad(x)).toBe(bt.grad(x));
      expect(sj.value(x)).toBe(bt.value(x));
    }
  });

  it('the power law of braintools is a logarithm at alpha 1', () => {
    const { value } = surrogateFunctions({ name: 'q_pseudo_spike', parameters: { alpha: 1 } });
    expect(value(2)).toBeCloseTo(0.5 + Math.log(3), 14);
    expect(value(-2)).toBeCloseTo(0.5 - Math.log(3), 14);
  });
});
