import type { Algebra } from '../../algebra.ts';
import { defineFormula, height, steepness, tex } from '../define.ts';
import { odd, square, stepFromRise, stepFromTail } from './building-blocks.ts';

/** The derivative of the soft sign, of area 1. */
export const softSign = defineFormula({
  family: 'inverse square',
  summary: 'Derivative of the soft sign, of area 1.',
  parameters: { alpha: steepness('steepness; the peak is #alpha / 2') },
  grad: (ops, x, { p }) => inverseSquare(ops, x, ops.mul(ops.constant(0.5), p.alpha), p.alpha),
  value: (ops, x, { p }) => stepFromTail(ops, x, ops.div(ops.constant(0.5), onePlusDistance(ops, x, p.alpha))),
  latex: {
    grad: tex`\frac{#alpha}{2 \left(1 + #alpha \, |x|\right)^2}`,
    value: tex`\frac{1}{2} + \frac{#alpha \, x}{2 \left(1 + #alpha \, |x|\right)}`,
  },
});

const superSpikeGrad = {
  family: 'inverse square',
  summary: "SuperSpike's inverse square with peak 1, the derivative of the fast sigmoid.",
  parameters: { alpha: steepness('steepness; the full width at half maximum is 0.828 / #alpha') },
  grad: <V, M>(ops: Algebra<V, M>, x: V, { p }: { readonly p: { readonly alpha: V } }) => inverseSquare(ops, x, ops.constant(1), p.alpha),
};
const superSpikeLatex = tex`\frac{1}{\left(1 + #alpha \, |x|\right)^2}`;

/** SuperSpike's, with value 1/2 at 0. */
export const superSpike = defineFormula({
  ...superSpikeGrad,
  value: (ops, x, { p }) => inverseSquareIntegral(ops, x, ops.constant(1), p.alpha),
  latex: { grad: superSpikeLatex, value: tex`\frac{1}{2} + \frac{x}{1 + #alpha \, |x|}` },
});

/** SuperSpike's, with the fast sigmoid x / (1 + alpha |x|) as it is. */
export const fastSigmoid = defineFormula({
  ...superSpikeGrad,
  value: (ops, x, { p }) => ops.div(x, onePlusDistance(ops, x, p.alpha)),
  latex: { grad: superSpikeLatex, value: tex`\frac{x}{1 + #alpha \, |x|}` },
  valueAtZero: 0,
});

/** The inverse square by its height. */
export const fixedWidthInverseSquare = defineFormula({
  family: 'inverse square',
  summary: 'Inverse square of fixed width and chosen height.',
  parameters: { alpha: height('peak of the gradient; the width is fixed') },
  grad: (ops, x, { p }) => inverseSquare(ops, x, p.alpha, ops.constant(1)),
  value: (ops, x, { p }) => inverseSquareIntegral(ops, x, p.alpha, ops.constant(1)),
  latex: { grad: tex`\frac{#alpha}{\left(1 + |x|\right)^2}`, value: tex`\frac{1}{2} + \frac{#alpha \, x}{1 + |x|}` },
});

/** The derivative of sgn(x) ln(1 + alpha |x|). */
export const signedLogarithm = defineFormula({
  family: 'inverse linear',
  summary: 'Derivative of sgn(x) ln(1 + #alpha |x|).',
  parameters: { alpha: steepness('peak of the gradient, and its steepness') },
  grad: (ops, x, { p }) => inverseLinear(ops, x, p.alpha, p.alpha),
  value: (ops, x, { p }) => odd(ops, x, logDistance(ops, x, p.alpha)),
  latex: { grad: tex`\frac{#alpha}{1 + #alpha \, |x|}`, value: tex`\operatorname{sgn}(x) \ln\left(1 + #alpha \, |x|\right)` },
  valueAtZero: 0,
});

/** The inverse linear function with peak 1. */
export const unitPeakInverseLinear = defineFormula({
  family: 'inverse linear',
  summary: 'Inverse of 1 + #beta |x|, not squared.',
  parameters: { beta: steepness('steepness; the full width at half maximum is 2 / #beta') },
  grad: (ops, x, { p }) => inverseLinear(ops, x, ops.constant(1), p.beta),
  value: (ops, x, { p }) => stepFromRise(ops, x, ops.div(logDistance(ops, x, p.beta), p.beta)),
  latex: {
    grad: tex`\frac{1}{1 + #beta \, |x|}`,
    value: tex`\frac{1}{2} + \frac{\operatorname{sgn}(x)}{#beta} \ln\left(1 + #beta \, |x|\right)`,
  },
});

/** The q-pseudo-spike with alpha + 1 for a width, as braintools has it; a logarithm at alpha = 1. */
export const powerLaw = defineFormula({
  family: 'power law',
  summary: 'Power law with peak 1.',
  parameters: { alpha: steepness('power of the tail, |x|^-#alpha') },
  grad: (ops, x, { p }) => inversePower(ops, x, p.alpha, ops.add(p.alpha, ops.constant(1))),
  value: (ops, x, { p }) => {
    const width = ops.add(p.alpha, ops.constant(1));
    const log = logWidths(ops, x, width);
    const exponent = ops.mul(ops.sub(ops.constant(1), p.alpha), log);
    return stepFromRise(ops, x, ops.mul(ops.mul(ops.div(width, ops.constant(2)), log), ops.exprel(exponent)));
  },
  latex: {
    grad: tex`\left(1 + \frac{2 \, |x|}{#alpha + 1}\right)^{-#alpha}`,
    value: tex`\frac{1}{2} + \operatorname{sgn}(x) \, \frac{#alpha + 1}{2 \left(1 - #alpha\right)} \left(\left(1 + \frac{2 \, |x|}{#alpha + 1}\right)^{1 - #alpha} - 1\right)`,
  },
  gradNeedsFloat64: true,
});

/** The q-pseudo-spike with alpha - 1 for a width, of area 1. */
export const unitPowerLaw = defineFormula({
  family: 'power law',
  summary: 'Power law of area 1 with peak 1.',
  parameters: { alpha: { minimum: 1.001, maximum: 1e4, meaning: 'power of the tail, |x|^-#alpha; above 1' } },
  grad: (ops, x, { p }) => inversePower(ops, x, p.alpha, ops.sub(p.alpha, ops.constant(1))),
  value: (ops, x, { p }) => {
    const one = ops.constant(1);
    const tail = ops.exp(ops.mul(ops.sub(one, p.alpha), logWidths(ops, x, ops.sub(p.alpha, one))));
    return stepFromTail(ops, x, ops.mul(ops.constant(0.5), tail));
  },
  latex: {
    grad: tex`\left(1 + \frac{2 \, |x|}{#alpha - 1}\right)^{-#alpha}`,
    value: tex`\frac{1}{2} + \frac{\operatorname{sgn}(x)}{2} \left(1 - \left(1 + \frac{2 \, |x|}{#alpha - 1}\right)^{1 - #alpha}\right)`,
  },
  gradNeedsFloat64: true,
});

function onePlusDistance<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return ops.add(ops.constant(1), ops.mul(k, ops.abs(x)));
}

/** peak / (1 + k |x|). Its area diverges with the logarithm of x. */
export function inverseLinear<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, onePlusDistance(ops, x, k));
}

/** ln(1 + k |x|), which is the integral of `inverseLinear` over [0, |x|] where peak = k. */
function logDistance<V, M>(ops: Algebra<V, M>, x: V, k: V): V {
  return ops.log1p(ops.mul(k, ops.abs(x)));
}

/** peak / (1 + k |x|)^2. */
function inverseSquare<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, square(ops, onePlusDistance(ops, x, k)));
}

/** Antiderivative of `inverseSquare` with value 1/2 at 0. */
function inverseSquareIntegral<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.add(ops.constant(0.5), ops.mul(peak, ops.div(x, onePlusDistance(ops, x, k))));
}

/** ln(1 + 2 |x| / width). */
function logWidths<V, M>(ops: Algebra<V, M>, x: V, width: V): V {
  return ops.log1p(ops.mul(ops.div(ops.constant(2), width), ops.abs(x)));
}

/** (1 + 2 |x| / width)^-power. */
function inversePower<V, M>(ops: Algebra<V, M>, x: V, power: V, width: V): V {
  return ops.exp(ops.mul(ops.neg(power), logWidths(ops, x, width)));
}
