import type { SurrogateShape } from '../../surrogates/shape.ts';
import { defineProgram, type Program } from './program.ts';
import { parameterInputs, surrogateFormula } from './surrogate-parameters.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import { broadcastLike } from './tensor-ops.ts';

const largestFloat32 = 2 ** 128 - 2 ** 104;

/** Inputs: `x` [N], `cotangent` [N] or [1], the surrogate's parameters. Output: `grad` [N]; the gradient is computed in float64. */
export function surrogateGradGraph(surrogate: SurrogateShape): Program {
  return defineProgram((graph) => {
    const ops = new TensorAlgebra(graph);
    const x = graph.input('x', 'float32');
    const cotangent = graph.input('cotangent', 'float32');
    const grad = ops.cast(surrogateFormula(ops, surrogate, 'grad', x, parameterInputs(graph, surrogate)), 'float32');
    return { grad: broadcastLike(graph, ops.mul(cotangent, grad), x) };
  });
}

/**
 * Inputs: `x` [N] and the surrogate's parameters. Outputs: `spike` as bool, `value`, [N]. Values are computed in float64; those beyond
 * float32 become its largest number.
 */
export function surrogateEvalGraph(surrogate: SurrogateShape, outputs: { readonly spike: boolean; readonly value: boolean }): Program {
  return defineProgram((graph) => {
    const ops = new TensorAlgebra(graph);
    const x = graph.input('x', 'float32');
    const parameters = parameterInputs(graph, surrogate);
    const value = (): ReturnType<TensorAlgebra['constant']> => {
      const exact = surrogateFormula(ops, surrogate, 'value', x, parameters);
      const bounded = ops.max(ops.min(exact, ops.constant(largestFloat32)), ops.constant(-largestFloat32));
      return broadcastLike(graph, ops.cast(bounded, 'float32'), x);
    };
    return { ...(outputs.spike && { spike: ops.le(ops.constant(0), x) }), ...(outputs.value && { value: value() }) };
  });
}
