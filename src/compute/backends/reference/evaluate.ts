import { numericParameters, surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { float64Algebra, type NumberAlgebra } from './float64-algebra.ts';

/** A surrogate with its parameters filled in, as plain functions of x. */
export interface SurrogateFunctions {
  readonly grad: (x: number) => number;
  readonly value: (x: number) => number;
}

/** The functions of a surrogate that a job names. */
export function surrogateFunctions(surrogate: Surrogate, ops: NumberAlgebra = float64Algebra): SurrogateFunctions {
  const definition = surrogateDefinition(surrogate.name);
  const parameters = numericParameters(definition, surrogate.parameters);
  const { grad, value } = definition;
  return { grad: (x) => grad(ops, x, parameters), value: (x) => value(ops, x, parameters) };
}
