import type { Algebra } from '../../algebra.ts';
import type { FormulaPair, FormulaParameters } from '../definition.ts';
import { defineFormula, height, steepness, tex, width } from '../define.ts';
import { odd, reciprocal, stepFromRise, stepFromTail } from './building-blocks.ts';

/** The Laplace density, of area 1. */
export const laplace = defineFormula({
  family: 'exponential',
  summary: 'Two-sided exponential (Laplace density) of area 1.',
  parameters: { alpha: steepness('rate of the decay; the peak is #alpha / 2') },
  grad: (ops, x, { p }) => exponential(ops, x, ops.mul(ops.constant(0.5), p.alpha), p.alpha),
  value: (ops, x, { p }) => stepFromTail(ops, x, exponential(ops, x, ops.constant(0.5), p.alpha)),
  latex: {
    grad: tex`\frac{#alpha}{2} \, e^{-#alpha \, |x|}`,
    value: tex`\begin{cases} \frac{1}{2} \, e^{#alpha \, x} & x < 0 \\ 1 - \frac{1}{2} \, e^{-#alpha \, x} & x \ge 0 \end{cases}`,
  },
});

/** SLAYER's, with peak 1. */
export const unitPeakExponential = defineFormula({
  family: 'exponential',
  summary: 'Two-sided exponential with peak 1.',
  parameters: { alpha: steepness('rate of the decay; the area is 2 / #alpha') },
  grad: (ops, x, { p }) => exponential(ops, x, ops.constant(1), p.alpha),
  value: (ops, x, { p }) => stepFromRise(ops, x, exponentialRise(ops, x, ops.constant(1), p.alpha)),
  latex: {
    grad: tex`e^{-#alpha \, |x|}`,
    value: tex`\frac{1}{2} + \frac{\operatorname{sgn}(x)}{#alpha} \left(1 - e^{-#alpha \, |x|}\right)`,
  },
});

/** The exponential by its width in thresholds and half its area, both in units of the library's. */
function thresholdExponential(unit: { readonly width: number; readonly scale: number }, texts: ThresholdExponentialTexts) {
  const peakAndRate = <V, M>(ops: Algebra<V, M>, { p, threshold }: FormulaParameters<V, 'width' | 'scale'>) => {
    const width = ops.mul(ops.mul(ops.constant(unit.width), p.width), threshold);
    return { peak: ops.div(ops.mul(ops.constant(unit.scale), p.scale), width), rate: reciprocal(ops, width) };
  };
  return defineFormula({
    family: 'exponential',
    summary: texts.summary,
    parameters: { width: width(texts.width), scale: height(texts.scale) },
    grad: (ops, x, parameters) => {
      const { peak, rate } = peakAndRate(ops, parameters);
      return exponential(ops, x, peak, rate);
    },
    value: (ops, x, parameters) => {
      const { peak, rate } = peakAndRate(ops, parameters);
      return stepFromRise(ops, x, exponentialRise(ops, x, peak, rate));
    },
    latex: texts.latex,
    scalesWithThreshold: true,
  });
}

type ThresholdExponentialTexts = Readonly<Record<'summary' | 'width' | 'scale', string>> & Pick<FormulaPair, 'latex'>;

/** Sinabs'. */
export const scaledExponential = thresholdExponential(
  { width: 1, scale: 1 },
  {
    summary: 'Two-sided exponential of area 2 #scale; its width scales with the threshold.',
    width: 'distance, in thresholds, over which the gradient falls by the factor e',
    scale: 'factor of the whole; the peak is #scale / #width at a threshold of 1',
    latex: {
      grad: tex`\frac{#scale}{#width \, \theta} \, e^{-\frac{|x|}{#width \, \theta}}`,
      value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, #scale \left(1 - e^{-\frac{|x|}{#width \, \theta}}\right)`,
    },
  },
);

/** lava-dl's, which takes the width in hundreds of thresholds. */
export const wideExponential = thresholdExponential(
  { width: 100, scale: 0.05 },
  {
    summary: 'Two-sided exponential of area #scale / 10, so wide that it is nearly constant; its width scales with the threshold.',
    width: 'distance, in hundreds of thresholds, over which the gradient falls by the factor e',
    scale: 'factor of the whole; the peak is #scale / (2000 #width) at a threshold of 1',
    latex: {
      grad: tex`\frac{#scale}{2000 \, #width \, \theta} \, e^{-\frac{|x|}{100 \, #width \, \theta}}`,
      value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, \frac{#scale}{20} \left(1 - e^{-\frac{|x|}{100 \, #width \, \theta}}\right)`,
    },
  },
);

/** The exponential around x = 1. */
export const escapeRate = defineFormula({
  family: 'exponential',
  summary: 'Two-sided exponential around x = 1, one unit above the threshold.',
  parameters: { beta: steepness('rate of the decay'), slope: height('peak, which is at x = 1') },
  grad: (ops, x, { p }) => exponential(ops, ops.sub(x, ops.constant(1)), p.slope, p.beta),
  value: (ops, x, { p }) => {
    const centre = ops.constant(1);
    const distance = ops.sub(x, centre);
    const fromCentre = odd(ops, distance, exponentialRise(ops, distance, p.slope, p.beta));
    return ops.add(ops.constant(0.5), ops.add(fromCentre, exponentialRise(ops, centre, p.slope, p.beta)));
  },
  latex: {
    grad: tex`#slope \, e^{-#beta \, |x - 1|}`,
    value: tex`\frac{1}{2} + \frac{#slope}{#beta} \left(\operatorname{sgn}(x - 1) \left(1 - e^{-#beta \, |x - 1|}\right) + 1 - e^{-#beta}\right)`,
  },
  landmarks: () => [1],
});

/** peak * e^(-rate |x|). */
function exponential<V, M>(ops: Algebra<V, M>, x: V, peak: V, rate: V): V {
  return ops.mul(peak, ops.exp(ops.mul(ops.neg(rate), ops.abs(x))));
}

/** Integral of `exponential` over [0, |x|]. */
function exponentialRise<V, M>(ops: Algebra<V, M>, x: V, peak: V, rate: V): V {
  const one = ops.constant(1);
  return ops.mul(ops.div(peak, rate), ops.sub(one, exponential(ops, x, one, rate)));
}
