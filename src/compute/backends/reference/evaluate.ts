import type { Formula, FormulaParameters, Surrogate, SurrogateDefinition } from '../../surrogates/definition.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import { float64Algebra, type NumberAlgebra } from './float64-algebra.ts';

/** A surrogate with its parameters filled in, as plain functions of x. */
export interface SurrogateFunctions {
  readonly grad: (x: number) => number;
  readonly value: (x: number) => number;
}

/** The functions of a surrogate that a job names. */
export function surrogateFunctions(surrogate: Surrogate, ops: NumberAlgebra = float64Algebra): SurrogateFunctions {
  const definition = surrogateDefinition(surrogate.name);
  const parameters = formulaParameters(definition, surrogate.parameters);
  const bind = (formula: Formula) => (x: number) => formula(ops, x, parameters);
  return { grad: bind(definition.grad), value: bind(definition.value) };
}

function formulaParameters(definition: SurrogateDefinition, values: Readonly<Record<string, number>>): FormulaParameters<number> {
  const p: Record<string, number> = {};
  const n: Record<string, number> = {};
  for (const [name, { integer }] of Object.entries(definition.parameters)) (integer ? n : p)[name] = values[name]!;
  return { p, n };
}
