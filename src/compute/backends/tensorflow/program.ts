import type { FunctionDef, Model } from './graph-def.ts';
import { GraphFunction } from './graph-function.ts';
import type { Tensors } from './loop.ts';

/** A whole computation as functions: the last one is the outermost. */
export interface Program {
  readonly functions: readonly FunctionDef[];
  readonly main: FunctionDef;
}

export function defineProgram(write: (graph: GraphFunction, library: FunctionDef[]) => Tensors): Program {
  const library: FunctionDef[] = [];
  const graph = new GraphFunction('program');
  const main = graph.define(write(graph, library));
  return { functions: [...library, main], main };
}

/**
 * A model that calls the program. With XLA the call is compiled as a whole, loops and all; without, TensorFlow runs its
 * operations one by one.
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
