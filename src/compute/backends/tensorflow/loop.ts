import type { FunctionDef } from './graph-def.ts';
import { GraphFunction, type Tensor } from './graph-function.ts';

/** Values by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * A while loop over named values of fixed shapes. Its functions are added to `library`.
 *
 * @param body gives the values that a turn changes; the others stay.
 * @returns the values after the last turn.
 */
export function whileLoop<State extends Tensors>(
  graph: GraphFunction,
  library: FunctionDef[],
  name: string,
  state: State,
  condition: (graph: GraphFunction, state: State) => Tensor,
  body: (graph: GraphFunction, state: State) => Partial<State>,
): State {
  const names = Object.keys(state);
  const functionOf = (suffix: string, write: (inner: GraphFunction, inputs: State) => Tensors): string => {
    const inner = new GraphFunction(`${graph.name}_${name}_${suffix}`);
    const inputs = mapValues(state, ({ type }, key) => inner.input(key, type));
    library.push(inner.define(write(inner, inputs as State)));
    return inner.name;
  };
  const attributes = {
    T: { types: names.map((key) => state[key]!.type) },
    cond: { function: functionOf('condition', (inner, inputs) => ({ more: condition(inner, inputs) })) },
    body: { function: functionOf('body', (inner, inputs) => ({ ...inputs, ...body(inner, inputs) })) },
    output_shapes: { shapes: names.map(() => null) },
    parallel_iterations: { int: 1 },
  };
  const outputs = graph.operations(
    'StatelessWhile',
    Object.values(state),
    names.map((key) => state[key]!.type),
    { output: 'output', attributes },
  );
  return Object.fromEntries(names.map((key, i) => [key, outputs[i]!])) as State;
}

function mapValues(values: Tensors, map: (value: Tensor, key: string) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]));
}
