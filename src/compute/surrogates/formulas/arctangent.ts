import type { Algebra } from '../../algebra.ts';
import { defineFormula, steepness, tex, width } from '../define.ts';
import { odd, reciprocal, square, stepFromRise, stepFromTail } from './building-blocks.ts';

const unitAreaGrad = {
  family: 'arctangent',
  summary: 'Derivative of the arctangent (a Lorentzian), of area 1.',
  parameters: { alpha: steepness('steepness; the peak is #alpha / 2') },
  grad: <V, M>(ops: Algebra<V, M>, x: V, { p }: { readonly p: { readonly alpha: V } }) =>
    lorentzian(ops, x, ops.mul(ops.constant(0.5), p.alpha), unitSteepness(ops, p.alpha)),
};
const unitAreaLatex = tex`\frac{#alpha}{2 \left(1 + \left(\frac{\pi}{2} \, #alpha \, x\right)^2\right)}`;

/** The Lorentzian of area 1; its value goes from 0 to 1. */
export const arctangent = defineFormula({
  ...unitAreaGrad,
  value: (ops, x, { p }) => {
    // The arctangent of the reciprocal keeps the digits of the lower tail, which a difference from 1/2 would lose. At 0 the reciprocal
    // is infinite, and its arctangent pi/2.
    const inverse = reciprocal(ops, ops.mul(unitSteepness(ops, p.alpha), ops.abs(x)));
    return stepFromTail(ops, x, ops.div(ops.atan(inverse), ops.constant(Math.PI)));
  },
  latex: { grad: unitAreaLatex, value: tex`\frac{1}{2} + \frac{1}{\pi} \arctan\left(\frac{\pi}{2} \, #alpha \, x\right)` },
});

/** The Lorentzian of area 1; its value goes from -1/2 to 1/2. */
export const centredArctangent = defineFormula({
  ...unitAreaGrad,
  value: (ops, x, { p }) => {
    const factor = reciprocal(ops, ops.constant(Math.PI));
    return odd(ops, x, ops.mul(factor, ops.atan(ops.mul(unitSteepness(ops, p.alpha), ops.abs(x)))));
  },
  latex: { grad: unitAreaLatex, value: tex`\frac{1}{\pi} \arctan\left(\frac{\pi}{2} \, #alpha \, x\right)` },
  valueAtZero: 0,
});

/** The Lorentzian of fixed height. */
export const fixedPeakArctangent = defineFormula({
  family: 'arctangent',
  summary: 'Lorentzian with a peak of 1 / pi at every steepness.',
  parameters: { alpha: steepness('steepness; the area is 1 / (pi #alpha)') },
  grad: (ops, x, { p }) => {
    const pi = ops.constant(Math.PI);
    return lorentzian(ops, x, reciprocal(ops, pi), ops.mul(pi, p.alpha));
  },
  value: (ops, x, { p }) => {
    const pi = ops.constant(Math.PI);
    const k = ops.mul(pi, p.alpha);
    return stepFromRise(ops, x, ops.mul(ops.div(reciprocal(ops, pi), k), ops.atan(ops.mul(k, ops.abs(x)))));
  },
  latex: {
    grad: tex`\frac{1}{\pi \left(1 + \left(\pi \, #alpha \, x\right)^2\right)}`,
    value: tex`\frac{1}{2} + \frac{1}{\pi^2 \, #alpha} \arctan\left(\pi \, #alpha \, x\right)`,
  },
});

/** The cubed cosine of an angle whose tangent is x / alpha. */
export const circular = defineFormula({
  family: 'circular',
  summary: 'Derivative of x / sqrt(x^2 + #alpha^2), with peak 1.',
  parameters: { alpha: width('width, not steepness; the area is 2 #alpha') },
  grad: (ops, x, { p }) => {
    const cosine = ops.div(p.alpha, hypotenuse(ops, x, p.alpha));
    return ops.mul(cosine, square(ops, cosine));
  },
  value: (ops, x, { p }) => ops.add(ops.constant(0.5), ops.div(ops.mul(p.alpha, x), hypotenuse(ops, x, p.alpha))),
  latex: {
    grad: tex`\frac{#alpha^3}{\left(#alpha^2 + x^2\right)^{3/2}}`,
    value: tex`\frac{1}{2} + \frac{#alpha \, x}{\sqrt{#alpha^2 + x^2}}`,
  },
});

/** peak / (1 + (k x)^2). */
function lorentzian<V, M>(ops: Algebra<V, M>, x: V, peak: V, k: V): V {
  return ops.div(peak, ops.add(ops.constant(1), square(ops, ops.mul(k, x))));
}

/** Steepness of the arctangent whose `lorentzian` of area 1 has the peak alpha / 2: pi alpha / 2. */
function unitSteepness<V, M>(ops: Algebra<V, M>, alpha: V): V {
  return ops.mul(ops.mul(ops.constant(0.5), ops.constant(Math.PI)), alpha);
}

function hypotenuse<V, M>(ops: Algebra<V, M>, x: V, alpha: V): V {
  return ops.sqrt(ops.add(square(ops, alpha), square(ops, x)));
}
