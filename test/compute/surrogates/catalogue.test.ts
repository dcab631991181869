import { describe, expect, it } from 'vitest';
import { catalogue, leftOut, surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import type { ParameterValue } from '../../../src/compute/surrogates/definition.ts';

/** Names, parameters and defaults that the HTTP contract has promised; what is added to the catalogue need not stand here. */
const contract: readonly (readonly [string, Readonly<Record<string, ParameterValue>>])[] = [
  ['sigmoid', { alpha: 4 }],
  ['piecewise_quadratic', { alpha: 1 }],
  ['piecewise_exp', { alpha: 1 }],
  ['soft_sign', { alpha: 1 }],
  ['arctan', { alpha: 1 }],
  ['nonzero_sign_log', { alpha: 1 }],
  ['erf', { alpha: 1 }],
  ['piecewise_leaky_relu', { c: 0.01, w: 1 }],
  ['squarewave_fourier_series', { n: 2, t_period: 8 }],
  ['s2nn', { alpha: 4, beta: 1 }],
  ['q_pseudo_spike', { alpha: 2 }],
  ['leaky_relu', { alpha: 0.1, beta: 1 }],
  ['log_tailed_relu', { alpha: 0 }],
  ['relu_grad', { alpha: 0.3, width: 1 }],
  ['gaussian_grad', { sigma: 0.5, alpha: 0.5 }],
  ['inv_square_grad', { alpha: 100 }],
  ['multi_gaussian_grad', { h: 0.15, s: 6, sigma: 0.5, scale: 0.5 }],
  ['slayer_grad', { alpha: 1 }],
  ['snntorch.fast_sigmoid', { slope: 25 }],
  ['snntorch.atan', { alpha: 2 }],
  ['snntorch.sigmoid', { slope: 25 }],
  ['snntorch.spike_rate_escape', { beta: 1, slope: 25 }],
  ['snntorch.straight_through_estimator', {}],
  ['spikingjelly.Sigmoid', { alpha: 4 }],
  ['spikingjelly.ATan', { alpha: 2 }],
  ['spikingjelly.PiecewiseQuadratic', { alpha: 1 }],
  ['spikingjelly.PiecewiseExp', { alpha: 1 }],
  ['spikingjelly.SoftSign', { alpha: 2 }],
  ['spikingjelly.SuperSpike', { alpha: 1 }],
  ['spikingjelly.NonzeroSignLogAbs', { alpha: 1 }],
  ['spikingjelly.Erf', { alpha: 2 }],
  ['spikingjelly.PiecewiseLeakyReLU', { w: 1, c: 0.01 }],
  ['spikingjelly.SquarewaveFourierSeries', { n: 2, T_period: 8 }],
  ['spikingjelly.S2NN', { alpha: 4, beta: 1 }],
  ['spikingjelly.QPseudoSpike', { alpha: 2 }],
  ['spikingjelly.LeakyKReLU', { leak: 0, k: 1 }],
  ['spikingjelly.LogTailedReLU', { alpha: 0 }],
  ['spikingjelly.FakeNumericalGradient', { alpha: 0.3 }],
  ['spikingjelly.Rect', { alpha: 1 }],
  ['spikingjelly.DeterministicPass', {}],
  ['norse.superspike', { alpha: 100 }],
  ['norse.heavi_erfc', { alpha: 100 }],
  ['norse.tanh', { alpha: 100 }],
  ['norse.circ', { alpha: 100 }],
  ['norse.triangle', { alpha: 0.3 }],
  ['spyx.superspike', { k: 25 }],
  ['spyx.arctan', { k: 2 }],
  ['spyx.tanh', { k: 1 }],
  ['spyx.boxcar', { width: 2, height: 0.5 }],
  ['spyx.triangular', { k: 2 }],
  ['sinabs.SingleExponential', { grad_width: 0.5, grad_scale: 1 }],
  ['sinabs.Gaussian', { mu: 0, sigma: 0.5, grad_scale: 1 }],
  ['sinabs.MultiGaussian', { mu: 0, sigma: 0.5, h: 0.15, s: 6, grad_scale: 1 }],
  ['slax.fast_sigmoid', { slope: 25 }],
  ['slax.atan', { alpha: 2 }],
  ['slax.multi_gauss', { gamma: 0.5, lens: 0.3, scale: 6, height: 0.15 }],
  ['spytorch.SurrGradSpike', { scale: 100 }],
  ['stork.SuperSpike', { beta: 20 }],
  ['hxtorch.superspike', { alpha: 50 }],
  ['snnax.superspike', { beta: 10 }],
  ['rockpool.StepPWL', { learning_window: 0.5 }],
  ['lava.Spike', { tau_grad: 1, scale_grad: 1 }],
  ['table', { x: [-1, 0, 1], grad: [0, 1, 0] }],
];

describe('the catalogue', () => {
  it.each(contract)('has %s with the parameters and defaults that clients know, in that order', (name, parameters) => {
    const actual = Object.entries(surrogateDefinition(name).parameters).map(([parameter, { default: value }]) => [parameter, value]);
    expect(actual).toEqual(Object.entries(parameters));
  });

  it('finds each by its name, and nothing else', () => {
    for (const [name, definition] of catalogue) expect(surrogateDefinition(name)).toBe(definition);
    expect(() => surrogateDefinition('sigmoind')).toThrow(RangeError);
    expect(() => surrogateDefinition('toString')).toThrow(RangeError);
  });

  it.each([...catalogue.values()])('describes $name', ({ summary, family, references, parameters }) => {
    expect(summary).toMatch(/\.$/);
    expect(family).not.toBe('');
    expect(references, 'references name a paper, where no library stands for it').not.toEqual([]);
    for (const { default: usual, minimum, maximum, integer, meaning } of Object.values(parameters)) {
      expect(meaning).not.toBe('');
      for (const value of [usual].flat()) {
        expect(minimum).toBeLessThanOrEqual(value);
        expect(maximum).toBeGreaterThanOrEqual(value);
        if (integer) expect([minimum, maximum, value].every(Number.isInteger)).toBe(true);
      }
    }
  });

  it.each(contract)('says whether the library of %s spikes at x > 0 only', (name) => {
    const isStrict = /^(snntorch|norse|spyx|spytorch|stork|hxtorch)\./.test(name);
    expect(surrogateDefinition(name).notes.some((note) => note.includes('spikes at x > 0'))).toBe(isStrict);
  });

  it('names the library in front of all but those of braintools and of no library, and last among the references', () => {
    for (const { name, library, references } of catalogue.values()) {
      const prefix = name.split('.').slice(0, -1).join('.');
      expect(prefix).toBe(library === null || library.name === 'braintools' ? '' : library.name.toLowerCase());
      if (library) expect(references.at(-1)).toBe(library.source);
    }
  });

  it('names the same gradient in other libraries, and what differs', () => {
    expect(surrogateDefinition('arctan').aliases).toEqual([
      { library: 'snnTorch', name: 'atan', note: 'alpha is 2 by default; value has another constant' },
      { library: 'SpikingJelly', name: 'ATan', note: 'alpha is 2 by default' },
      { library: 'Slax', name: 'atan', note: 'alpha is 2 by default' },
      { library: 'Spyx', name: 'arctan', note: 'another function: its peak is 1 / pi whatever k' },
    ]);
    expect(surrogateDefinition('slax.multi_gauss').aliases).toEqual([
      {
        library: 'braintools',
        name: 'multi_gaussian_grad',
        note: 'scale for gamma; sigma for lens, default 0.5; s for scale; h for height',
      },
    ]);
    expect(surrogateDefinition('slax.fast_sigmoid').aliases).toContainEqual({
      library: 'spytorch',
      name: 'SurrGradSpike',
      note: 'scale for slope, default 100',
    });
    expect(surrogateDefinition('spikingjelly.Sigmoid').aliases[0]).toMatchObject({ note: 'same function and default' });
  });

  it('leaves out nothing that it has', () => {
    for (const { library, name } of leftOut) expect(catalogue.has(`${library.toLowerCase()}.${name}`)).toBe(false);
  });
});
