import type { Algebra } from '../../algebra.ts';
import type { ParameterRange } from '../definition.ts';
import { defineFormula, height, position, steepness, tex, width } from '../define.ts';
import { reciprocal, square, stepFromTail } from './building-blocks.ts';

/** The derivative of the error function, of area 1. */
export const errorFunction = defineFormula({
  family: 'gaussian',
  summary: 'Gaussian of area 1, by steepness.',
  parameters: { alpha: steepness('steepness; sigma is 1 / (#alpha sqrt(2)), the peak #alpha / sqrt(pi)') },
  grad: (ops, x, { p }) => bell(ops, x, ops.div(p.alpha, ops.sqrt(ops.constant(Math.PI))), square(ops, p.alpha)),
  value: (ops, x, { p }) => errorFunctionStep(ops, x, p.alpha),
  latex: {
    grad: tex`\frac{#alpha}{\sqrt{\pi}} \, e^{-#alpha^2 \, x^2}`,
    value: tex`\frac{1}{2} \operatorname{erfc}\left(-#alpha \, x\right)`,
  },
});

/** The Gaussian of fixed height. */
export const fixedPeakGaussian = defineFormula({
  family: 'gaussian',
  summary: 'Gaussian with a peak of 2 / sqrt(pi) at every steepness.',
  parameters: { alpha: steepness('steepness; the area is 2 / #alpha') },
  grad: (ops, x, { p }) => bell(ops, x, ops.div(ops.constant(2), ops.sqrt(ops.constant(Math.PI))), square(ops, p.alpha)),
  value: (ops, x, { p }) => scaledStep(ops, errorFunctionStep(ops, x, p.alpha), ops.constant(0.5), ops.div(ops.constant(2), p.alpha)),
  latex: {
    grad: tex`\frac{2}{\sqrt{\pi}} \, e^{-#alpha^2 \, x^2}`,
    value: tex`\frac{1}{2} + \frac{1}{#alpha} \operatorname{erf}\left(#alpha \, x\right)`,
  },
});

/** The Gaussian around the threshold. */
export const gaussian = defineFormula({
  family: 'gaussian',
  summary: 'Gaussian by standard deviation and area.',
  parameters: { sigma: width('standard deviation'), area: height('area; the peak is #area / (#sigma sqrt(2 pi))') },
  grad: (ops, x, { p }) => normalDensity(ops, x, p.sigma, p.area),
  value: (ops, x, { p }) => scaledStep(ops, normalStep(ops, x, p.sigma), ops.constant(0.5), p.area),
  latex: {
    grad: tex`\frac{#area}{#sigma \, \sqrt{2 \pi}} \, e^{-\frac{x^2}{2 \, #sigma^2}}`,
    value: tex`\frac{1}{2} + \frac{#area}{2} \operatorname{erf}\left(\frac{x}{#sigma \, \sqrt{2}}\right)`,
  },
});

/** The Gaussian around any point. */
export const shiftedGaussian = defineFormula({
  family: 'gaussian',
  summary: 'Gaussian by mean, standard deviation and area.',
  parameters: { mu: position('where the peak is, relative to the threshold'), sigma: width('standard deviation'), area: height('area') },
  grad: (ops, x, { p }) => normalDensity(ops, ops.sub(x, p.mu), p.sigma, p.area),
  value: (ops, x, { p }) => scaledStep(ops, normalStep(ops, ops.sub(x, p.mu), p.sigma), normalStep(ops, ops.neg(p.mu), p.sigma), p.area),
  latex: {
    grad: tex`\frac{#area}{#sigma \, \sqrt{2 \pi}} \, e^{-\frac{\left(x - #mu\right)^2}{2 \, #sigma^2}}`,
    value: tex`\frac{1}{2} + \frac{#area}{2} \left(\operatorname{erf}\left(\frac{x - #mu}{#sigma \, \sqrt{2}}\right) + \operatorname{erf}\left(\frac{#mu}{#sigma \, \sqrt{2}}\right)\right)`,
  },
  landmarks: ({ mu }) => [mu],
});

const multiGaussianTexts = { family: 'multi-gaussian', summary: 'Gaussian with negative side lobes.', gradNeedsFloat64: true } as const;

const lobeParameters = {
  h: { minimum: 0, maximum: 100, meaning: 'weight of the negative lobes' },
  s: { minimum: 0.01, maximum: 1000, meaning: "the lobes' width in units of the peak's" },
  sigma: width("the peak's standard deviation; the lobes stand at +-#sigma"),
  scale: height('factor of the whole; the area is #scale * (1 - #h)'),
} satisfies Record<string, ParameterRange>;

const lobesGradLatex = tex`\frac{#h}{#s} \left(e^{-\frac{\left(x - #sigma\right)^2}{2 \, #s^2 \, #sigma^2}} + e^{-\frac{\left(x + #sigma\right)^2}{2 \, #s^2 \, #sigma^2}}\right)`;
const lobesValueLatex = tex`#h \left(\operatorname{erf}\left(\frac{x - #sigma}{#s \, #sigma \, \sqrt{2}}\right) + \operatorname{erf}\left(\frac{x + #sigma}{#s \, #sigma \, \sqrt{2}}\right)\right)`;

/** The multi-Gaussian around the threshold. */
export const multiGaussian = defineFormula({
  ...multiGaussianTexts,
  parameters: lobeParameters,
  grad: (ops, x, { p }) => peakAndLobes(ops, x, x, p),
  value: (ops, x, { p }) => peakAndLobesIntegral(ops, x, { peak: normalStep(ops, x, p.sigma), atZero: ops.constant(0.5) }, p),
  latex: {
    grad: tex`\frac{#scale}{#sigma \, \sqrt{2 \pi}} \left(\left(1 + #h\right) e^{-\frac{x^2}{2 \, #sigma^2}} - ${lobesGradLatex}\right)`,
    value: tex`\frac{1}{2} + \frac{#scale}{2} \left(\left(1 + #h\right) \operatorname{erf}\left(\frac{x}{#sigma \, \sqrt{2}}\right) - ${lobesValueLatex}\right)`,
  },
  landmarks: ({ sigma }) => [-sigma, sigma],
});

/** The multi-Gaussian with its peak anywhere; the lobes stay where they are. */
export const shiftedMultiGaussian = defineFormula({
  ...multiGaussianTexts,
  parameters: { mu: position('where the peak is; the lobes stay at +-#sigma'), ...lobeParameters },
  grad: (ops, x, { p }) => peakAndLobes(ops, x, ops.sub(x, p.mu), p),
  value: (ops, x, { p }) => {
    const peak = normalStep(ops, ops.sub(x, p.mu), p.sigma);
    return peakAndLobesIntegral(ops, x, { peak, atZero: normalStep(ops, ops.neg(p.mu), p.sigma) }, p);
  },
  latex: {
    grad: tex`\frac{#scale}{#sigma \, \sqrt{2 \pi}} \left(\left(1 + #h\right) e^{-\frac{\left(x - #mu\right)^2}{2 \, #sigma^2}} - ${lobesGradLatex}\right)`,
    value: tex`\frac{1}{2} + \frac{#scale}{2} \left(\left(1 + #h\right) \left(\operatorname{erf}\left(\frac{x - #mu}{#sigma \, \sqrt{2}}\right) + \operatorname{erf}\left(\frac{#mu}{#sigma \, \sqrt{2}}\right)\right) - ${lobesValueLatex}\right)`,
  },
  landmarks: ({ mu, sigma }) => [mu, -sigma, sigma],
});

/** peak * e^(-rate d^2). */
function bell<V, M>(ops: Algebra<V, M>, d: V, peak: V, rate: V): V {
  return ops.mul(peak, ops.exp(ops.mul(ops.neg(rate), square(ops, d))));
}

/** 1/2 erfc(-k d), which goes from 0 to 1. */
function errorFunctionStep<V, M>(ops: Algebra<V, M>, d: V, k: V): V {
  return stepFromTail(ops, d, ops.mul(ops.constant(0.5), ops.erfc(ops.mul(k, ops.abs(d)))));
}

/** The normal distribution's density times `area`, at distance d from its mean. */
function normalDensity<V, M>(ops: Algebra<V, M>, d: V, sigma: V, area: V): V {
  const norm = ops.mul(sigma, ops.sqrt(ops.mul(ops.constant(2), ops.constant(Math.PI))));
  const rate = reciprocal(ops, ops.mul(ops.constant(2), square(ops, sigma)));
  return bell(ops, d, ops.div(area, norm), rate);
}

/** The normal distribution's cumulative probability at distance d from its mean. */
function normalStep<V, M>(ops: Algebra<V, M>, d: V, sigma: V): V {
  return errorFunctionStep(ops, d, reciprocal(ops, ops.mul(sigma, ops.sqrt(ops.constant(2)))));
}

/**
 * 1/2 + area * (step(x) - step(0)) for a step that goes from 0 to 1. The constant is taken together first, so that at area 1 and
 * step(0) = 1/2 it vanishes and the lower tail keeps its digits.
 */
function scaledStep<V, M>(ops: Algebra<V, M>, step: V, stepAtZero: V, area: V): V {
  return ops.add(ops.sub(ops.constant(0.5), ops.mul(area, stepAtZero)), ops.mul(area, step));
}

type Lobes<V> = Readonly<Record<keyof typeof lobeParameters, V>>;

/** scale * [(1 + h) N(distance; 0, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma)]. */
function peakAndLobes<V, M>(ops: Algebra<V, M>, x: V, distance: V, { sigma, h, s, scale }: Lobes<V>): V {
  const one = ops.constant(1);
  const wide = ops.mul(s, sigma);
  const peak = normalDensity(ops, distance, sigma, one);
  const upper = normalDensity(ops, ops.sub(x, sigma), wide, one);
  const lower = normalDensity(ops, ops.add(x, sigma), wide, one);
  return ops.mul(scale, ops.sub(ops.mul(ops.add(one, h), peak), ops.mul(h, ops.add(upper, lower))));
}

/** Antiderivative of `peakAndLobes` with value 1/2 at 0, from the peak's cumulative probability at x and at 0. */
function peakAndLobesIntegral<V, M>(
  ops: Algebra<V, M>,
  x: V,
  { peak, atZero }: { readonly peak: V; readonly atZero: V },
  { sigma, h, s, scale }: Lobes<V>,
): V {
  const one = ops.constant(1);
  const wide = ops.mul(s, sigma);
  const scaledPeak = scaledStep(ops, peak, atZero, ops.mul(scale, ops.add(one, h)));
  const lobes = ops.add(normalStep(ops, ops.sub(x, sigma), wide), normalStep(ops, ops.add(x, sigma), wide));
  return ops.sub(scaledPeak, ops.mul(ops.mul(scale, h), ops.sub(lobes, one)));
}
