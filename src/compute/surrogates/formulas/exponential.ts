import type { Algebra } from '../../algebra.ts';
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

/** The exponential by its width and half its area. */
export const scaledExponential = defineFormula({
  family: 'exponential',
  summary: 'Two-sided exponential of area 2 #scale.',
  parameters: {
    width: width('distance over which the gradient falls by the factor e'),
    scale: height('factor of the whole; the peak is #scale / #width'),
  },
  grad: (ops, x, { p }) => exponential(ops, x, ops.div(p.scale, p.width), reciprocal(ops, p.width)),
  value: (ops, x, { p }) => stepFromRise(ops, x, exponentialRise(ops, x, ops.div(p.scale, p.width), reciprocal(ops, p.width))),
  latex: {
    grad: tex`\frac{#scale}{#width} \, e^{-\frac{|x|}{#width}}`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, #scale \left(1 - e^{-\frac{|x|}{#width}}\right)`,
  },
});

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
