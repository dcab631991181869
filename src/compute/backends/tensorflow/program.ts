import { recordOf, type Tensor, type Tensors } from './graph-function.ts';
import type { FunctionDef, Model } from './saved-model.ts';
import { TensorAlgebra } from './tensor-algebra.ts';

/** A whole computation as functions: `main` calls the others. */
export interface Program {
  readonly functions: readonly FunctionDef[];
  readonly main: FunctionDef;
}

/** @param write adds the operations, and returns the outputs by name. */
export function defineProgram(write: (graph: TensorAlgebra) => Tensors): Program {
  const graph = new TensorAlgebra('program', []);
  const main = graph.define(write(graph));
  return { functions: [...graph.library, main], main };
}

/**
 * A while loop over named values of fixed shapes.
 *
 * @param body gives the values that an iteration changes; the others stay.
 * @returns the values after the last iteration.
 */
export function whileLoop<State extends Tensors>(
  graph: TensorAlgebra,
  name: string,
  state: State,
  condition: (graph: TensorAlgebra, state: State) => Tensor,
  body: (graph: TensorAlgebra, state: State) => Partial<State>,
): State {
  const names = Object.keys(state);
  const types = Object.values(state).map(({ type }) => type);
  const define = (suffix: string, write: (inner: TensorAlgebra, state: State) => Tensors): string => {
    const inner = new TensorAlgebra(`${graph.name}_${name}_${suffix}`, graph.library);
    const inputs = recordOf(names, (key) => inner.input(key, state[key]!.type)) as State;
    graph.library.push(inner.define(write(inner, inputs)));
    return inner.name;
  };
  const outputs = graph.listOperation('StatelessWhile', Object.values(state), types, 'output', {
    T: { types },
    cond: { function: define('condition', (inner, now) => ({ more: condition(inner, now) })) },
    body: { function: define('body', (inner, now) => ({ ...now, ...body(inner, now) })) },
    output_shapes: { shapes: names.map(() => null) },
    parallel_iterations: { int: 1 },
  });
  return Object.fromEntries(names.map((key, i) => [key, outputs[i]!])) as State;
}

/**
 * A model that calls the program. With XLA the call is compiled as a whole, loops included; without, TensorFlow runs its operations one by
 * one.
 */
export function modelOf({ functions, main }: Program, { xla }: { readonly xla: boolean }): Model {
  return {
    functions,
    nodes: [
      ...main.inputs.map(({ name, type }) => ({
        name,
        op: 'Placeholder',
        inputs: [],
        attributes: { dtype: { type }, shape: { shape: null } },
      })),
      {
        name: 'call',
        op: 'PartitionedCall',
        inputs: main.inputs.map(({ name }) => name),
        attributes: {
          f: { function: main.name },
          Tin: { types: main.inputs.map(({ type }) => type) },
          Tout: { types: main.outputs.map(({ type }) => type) },
          ...(xla && { _XlaMustCompile: { bool: true } }),
        },
      },
    ],
    inputs: main.inputs.map(({ name, type }) => ({ name, type, tensor: `${name}:0` })),
    outputs: main.outputs.map(({ name, type }, i) => ({ name: name.replace(/_out$/, ''), type, tensor: `call:${i}` })),
  };
}
