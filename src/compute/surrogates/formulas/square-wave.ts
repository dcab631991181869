import { defineFormula, terms, tex, width } from '../define.ts';
import type { ParameterRange } from '../definition.ts';

/** A square wave's Fourier series cut after `n - fewer` odd harmonics. */
function squareWaveWith(fewer: 0 | 1, n: ParameterRange) {
  const last = fewer === 0 ? '#n' : `#n - ${fewer}`;
  return defineFormula({
    family: 'square wave',
    summary: "Derivative of a square wave's Fourier series; periodic, and negative in places.",
    parameters: { n, period: width('period') },
    grad: (ops, x, { p, n: { n } }) => ops.mul(ops.div(ops.constant(4), p.period), ops.oddCosines(ops.div(x, p.period), n - fewer)),
    value: (ops, x, { p, n: { n } }) => {
      const amplitude = ops.div(ops.constant(2), ops.constant(Math.PI));
      return ops.add(ops.constant(0.5), ops.mul(amplitude, ops.oddSines(ops.div(x, p.period), n - fewer)));
    },
    latex: {
      grad: tex`\frac{4}{#period} \sum_{i=1}^{${last}} \cos\left(\frac{2 \pi \left(2 i - 1\right) x}{#period}\right)`,
      value: tex`\frac{1}{2} + \frac{2}{\pi} \sum_{i=1}^{${last}} \frac{1}{2 i - 1} \sin\left(\frac{2 \pi \left(2 i - 1\right) x}{#period}\right)`,
    },
    gradNeedsFloat64: true,
    period: ({ period }) => period,
  });
}

/** As braintools has it: `n` harmonics. */
export const squareWave = squareWaveWith(0, terms(1, 'number of odd harmonics'));
/** As SpikingJelly has it: one harmonic fewer than `n`. */
export const spikingjellySquareWave = squareWaveWith(1, terms(2, 'one more than the number of odd harmonics'));
