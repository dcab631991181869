import { formulaParameters, surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { FormulaParameters } from '../../surrogates/definition.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import type { GraphFunction, Tensor } from './graph-function.ts';
import type { Tensors } from './loop.ts';
import { TensorAlgebra } from './tensor-algebra.ts';

/** The surrogate's real-valued parameters. */
export function realParameters({ name }: SurrogateShape): readonly string[] {
  return Object.entries(surrogateDefinition(name).parameters).flatMap(([parameter, { integer }]) => (integer ? [] : [parameter]));
}

/** What a parameter is called among a graph's values. */
export function parameterName(name: string): string {
  return `parameter_${name.toLowerCase()}`;
}

/**
 * Takes the parameters in as float64: TensorFlow.js has no such tensors, so that each comes as two float32 whose sum it is,
 * `..._high` and `..._low`.
 */
export function parameterInputs(graph: GraphFunction, shape: SurrogateShape): Tensors {
  const ops = new TensorAlgebra(graph);
  const entries = realParameters(shape).map((parameter) => {
    const name = parameterName(parameter);
    const [high, low] = (['high', 'low'] as const).map((part) => ops.cast(graph.input(`${name}_${part}`, 'float32'), 'float64'));
    return [name, ops.add(high!, low!)] as const;
  });
  return Object.fromEntries(entries);
}

function parameterTensors(shape: SurrogateShape, inputs: Tensors): FormulaParameters<Tensor> {
  return formulaParameters(surrogateDefinition(shape.name), (name) => inputs[parameterName(name)]!, shape.integers);
}

/** g(x) in float32, of a float32 x; computed in float64 where the definition asks for it. */
export function surrogateGradient(ops: TensorAlgebra, shape: SurrogateShape, x: Tensor, inputs: Tensors): Tensor {
  const definition = surrogateDefinition(shape.name);
  const wide = definition.gradNeedsFloat64 ? ops.cast(x, 'float64') : x;
  return ops.cast(definition.grad(ops, wide, parameterTensors(shape, inputs)), 'float32');
}

/** A formula of the surrogate in float64, rounded to float32 at the end. */
export function surrogateFormula(ops: TensorAlgebra, shape: SurrogateShape, formula: 'grad' | 'value', x: Tensor, inputs: Tensors): Tensor {
  return surrogateDefinition(shape.name)[formula](ops, ops.cast(x, 'float64'), parameterTensors(shape, inputs));
}
