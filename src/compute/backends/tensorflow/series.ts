import type { GraphFunction, Tensor } from './graph-function.ts';
import type { Tensors } from './loop.ts';
import { neuronShape, stepIndex, type LifGraphSpec } from './neuron-chunk.ts';
import { getItem, setItem, stackItems } from './tensor-list.ts';
import { transpose } from './tensor-ops.ts';

/** [B, steps] as [steps, B], the order in which the steps are needed, or the other way. */
export function swapAxes(graph: GraphFunction, series: Tensor): Tensor {
  return transpose(graph, series, [1, 0]);
}

/** A list of one [B] per step as [B, steps]. */
export function listByNeurons(graph: GraphFunction, list: Tensor, type: 'float32' | 'bool', inputs: Tensors): Tensor {
  return swapAxes(graph, stackItems(graph, list, type, neuronShape(graph, inputs)));
}

/** Puts a value of each of a chunk's steps into a list of one [B] per step. */
export function setSteps<T>(
  graph: GraphFunction,
  spec: LifGraphSpec,
  list: Tensor,
  chunk: Tensor,
  steps: readonly T[],
  value: (step: T) => Tensor,
): Tensor {
  return steps.reduce((filled, step, t) => setItem(graph, filled, stepIndex(graph, spec.chunkSteps, chunk, t), value(step)), list);
}

/** What such a list holds of a chunk's steps. */
export function getSteps(graph: GraphFunction, spec: LifGraphSpec, inputs: Tensors, list: Tensor, chunk: Tensor): readonly Tensor[] {
  return Array.from({ length: spec.chunkSteps }, (_, t) =>
    getItem(graph, list, stepIndex(graph, spec.chunkSteps, chunk, t), 'float32', neuronShape(graph, inputs)),
  );
}
