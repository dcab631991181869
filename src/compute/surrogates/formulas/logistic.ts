import type { Algebra } from '../../algebra.ts';
import { defineFormula, height, steepness, tex } from '../define.ts';
import { square, stepFromRise, stepFromTail } from './building-blocks.ts';
import { inverseLinear } from './inverse-power.ts';

/** The derivative of the logistic sigmoid. */
export const logistic = defineFormula({
  family: 'logistic',
  summary: 'Derivative of the logistic sigmoid.',
  parameters: { alpha: steepness('steepness of the sigmoid; the peak is #alpha / 4') },
  grad: (ops, x, { p }) => bump(ops, x, p.alpha, p.alpha),
  value: (ops, x, { p }) => stepFromTail(ops, x, lowerTail(ops, x, p.alpha)),
  latex: {
    grad: tex`\frac{#alpha \, e^{-#alpha \, |x|}}{\left(1 + e^{-#alpha \, |x|}\right)^2}`,
    value: tex`\frac{1}{1 + e^{-#alpha \, x}}`,
  },
});

/** The squared hyperbolic secant, sech^2(alpha x). */
export const sechSquared = defineFormula({
  family: 'logistic',
  summary: 'Derivative of the hyperbolic tangent, with peak 1.',
  parameters: { alpha: steepness('steepness; the area is 2 / #alpha') },
  grad: (ops, x, { p }) => bump(ops, x, ops.mul(ops.constant(2), p.alpha), ops.constant(4)),
  value: (ops, x, { p }) => {
    const one = ops.constant(1);
    const e = decay(ops, x, ops.mul(ops.constant(2), p.alpha));
    return stepFromRise(ops, x, ops.div(ops.div(ops.sub(one, e), ops.add(one, e)), p.alpha));
  },
  latex: {
    grad: tex`1 - \left(\tanh\left(#alpha \, x\right)\right)^2`,
    value: tex`\frac{1}{2} + \frac{1}{#alpha} \tanh\left(#alpha \, x\right)`,
  },
});

/** S2NN's gradient; libraries add 10^`epsilonExponent` in the logarithm of its primitive. */
function singleStepWith(epsilonExponent: number) {
  const epsilon = Number(`1e${epsilonExponent}`);
  return defineFormula({
    family: 'single step',
    summary: 'Logistic bump below the threshold, and a slow decay above it.',
    parameters: {
      alpha: steepness('steepness below the threshold'),
      beta: height('gradient at the threshold, from which it falls as #beta / (1 + x)'),
    },
    grad: (ops, x, { p }) => {
      const above = inverseLinear(ops, x, p.beta, ops.constant(1));
      return ops.select(ops.lt(x, ops.constant(0)), bump(ops, x, p.alpha, p.alpha), above);
    },
    value: (ops, x, { p }) => {
      const above = ops.log1p(ops.add(ops.abs(x), ops.constant(epsilon)));
      return ops.select(ops.lt(x, ops.constant(0)), lowerTail(ops, x, p.alpha), ops.add(ops.constant(0.5), ops.mul(p.beta, above)));
    },
    latex: {
      grad: tex`\begin{cases} \frac{#alpha \, e^{#alpha \, x}}{\left(1 + e^{#alpha \, x}\right)^2} & x < 0 \\ \frac{#beta}{1 + x} & x \ge 0 \end{cases}`,
      value: tex`\begin{cases} \frac{1}{1 + e^{-#alpha \, x}} & x < 0 \\ \frac{1}{2} + #beta \ln\left(1 + x + 10^{${epsilonExponent}}\right) & x \ge 0 \end{cases}`,
    },
    primitiveError: ({ beta }) => beta * epsilon,
  });
}

/** S2NN's, as braintools has it. */
export const singleStep = singleStepWith(-8);
/** S2NN's, as SpikingJelly has it. */
export const spikingjellySingleStep = singleStepWith(-5);

/** e^(-steepness |x|): of the negative argument only, so that neither side overflows and both tails keep their digits. */
function decay<V, M>(ops: Algebra<V, M>, x: V, steepness: V): V {
  return ops.exp(ops.mul(ops.neg(steepness), ops.abs(x)));
}

/** `scale` times sigma(z) sigma(-z) at z = steepness x. With scale 4 this is sech^2(z / 2). */
function bump<V, M>(ops: Algebra<V, M>, x: V, steepness: V, scale: V): V {
  const e = decay(ops, x, steepness);
  return ops.div(ops.mul(scale, e), square(ops, ops.add(ops.constant(1), e)));
}

/** sigma(-|z|) at z = steepness x: the lower half of a sigmoid. */
function lowerTail<V, M>(ops: Algebra<V, M>, x: V, steepness: V): V {
  const e = decay(ops, x, steepness);
  return ops.div(e, ops.add(ops.constant(1), e));
}
