import { formulaParameters, surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { FormulaParameters } from '../../surrogates/definition.ts';
import { runtimeNames, type SurrogateShape } from '../../surrogates/shape.ts';
import type { Tensor, Tensors } from './graph-function.ts';
import { defineProgram, type Program } from './program.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';

const maxFloat32 = 2 ** 128 - 2 ** 104;

/** Inputs: `x` [N], `cotangent` [N] or [1], the surrogate's parameters. Output: `grad` [N]; the gradient is computed in float64. */
export function surrogateGradGraph(surrogate: SurrogateShape): Program {
  return defineProgram((graph) => {
    const x = graph.input('x', 'float32');
    const cotangent = graph.input('cotangent', 'float32');
    const parameters = surrogateParameters(surrogate, parameterInputs(graph, surrogate), graph.constant(1));
    const exact = surrogateDefinition(surrogate.name).grad(graph, graph.cast(x, 'float64'), parameters);
    return { grad: graph.broadcastLike(graph.mul(cotangent, graph.cast(exact, 'float32')), x) };
  });
}

/**
 * Inputs: `x` [N] and the surrogate's parameters. Outputs: `spike` as bool, `value`, [N]. Values are computed in float64; those beyond
 * float32 become its largest number.
 */
export function surrogateEvalGraph(surrogate: SurrogateShape, outputs: { readonly spike: boolean; readonly value: boolean }): Program {
  return defineProgram((graph) => {
    const x = graph.input('x', 'float32');
    const parameters = surrogateParameters(surrogate, parameterInputs(graph, surrogate), graph.constant(1));
    const value = (): Tensor => {
      const exact = surrogateDefinition(surrogate.name).value(graph, graph.cast(x, 'float64'), parameters);
      const bounded = graph.max(graph.min(exact, graph.constant(maxFloat32)), graph.constant(-maxFloat32));
      return graph.broadcastLike(graph.cast(bounded, 'float32'), x);
    };
    return { ...(outputs.spike && { spike: graph.le(graph.constant(0), x) }), ...(outputs.value && { value: value() }) };
  });
}

/** g(x) in float32, of a float32 x; computed in float64 where the definition requires it. */
export function surrogateGradient(
  graph: TensorAlgebra,
  surrogate: SurrogateShape,
  x: Tensor,
  parameters: FormulaParameters<Tensor>,
): Tensor {
  const { grad, gradNeedsFloat64 } = surrogateDefinition(surrogate.name);
  return graph.cast(grad(graph, gradNeedsFloat64 ? graph.cast(x, 'float64') : x, parameters), 'float32');
}

/** @param tensors the parameters by their names in the graph, among others. */
export function surrogateParameters(surrogate: SurrogateShape, tensors: Tensors, threshold: Tensor): FormulaParameters<Tensor> {
  const definition = surrogateDefinition(surrogate.name);
  return formulaParameters(definition, (name) => tensors[parameterName(name)]!, surrogate.integers, threshold);
}

/** A parameter's name among a graph's values. */
export function parameterName(name: string): string {
  return `parameter_${name.toLowerCase()}`;
}

/** The parameters in float64. TensorFlow.js has no float64 tensors: each is the sum of two float32 inputs, `..._high` and `..._low`. */
export function parameterInputs(graph: TensorAlgebra, surrogate: SurrogateShape): Tensors {
  const entries = runtimeNames(surrogate).map((parameter) => {
    const name = parameterName(parameter);
    const part = (suffix: string) => graph.cast(graph.input(`${name}_${suffix}`, 'float32'), 'float64');
    return [name, graph.add(part('high'), part('low'))] as const;
  });
  return Object.fromEntries(entries);
}
