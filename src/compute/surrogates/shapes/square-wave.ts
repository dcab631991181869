import type { Algebra } from '../../algebra.ts';

/** Derivative of a square wave's Fourier series, cut after `terms` odd harmonics; periodic, and negative in places. */
export function squareWaveGrad<V, M>(ops: Algebra<V, M>, x: V, period: V, terms: number): V {
  return ops.mul(ops.div(ops.constant(4), period), ops.oddCosines(ops.div(x, period), terms));
}

/** The series itself, between about 0 and 1. */
export function squareWave<V, M>(ops: Algebra<V, M>, x: V, period: V, terms: number): V {
  const amplitude = ops.div(ops.constant(2), ops.constant(Math.PI));
  return ops.add(ops.constant(0.5), ops.mul(amplitude, ops.oddSines(ops.div(x, period), terms)));
}
