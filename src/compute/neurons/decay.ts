import type { ParameterAlgebra } from '../algebra.ts';
import type { OptionValue } from './model.ts';

/** The part of a distance that an exponential decay covers in a step of `ratio` time constants: the ratio itself (`euler`), or 1 - exp(-ratio). */
export function decayedPart<V, M>(ops: ParameterAlgebra<V, M>, ratio: V, integration: OptionValue): V {
  return integration === 'euler' ? ratio : ops.neg(ops.expm1(ops.neg(ratio)));
}

/** What is left of a quantity after that step. */
export function decayFactor<V, M>(ops: ParameterAlgebra<V, M>, ratio: V, integration: OptionValue): V {
  return integration === 'euler' ? ops.sub(ops.constant(1), ratio) : ops.exp(ops.neg(ratio));
}
