import type { GraphFunction, Tensor } from './graph-function.ts';

/** The lengths of a tensor's axes, as an int32 vector. */
export function shapeOf(graph: GraphFunction, a: Tensor): Tensor {
  return graph.operation('Shape', [a], 'int32', 'output', { T: { type: a.type }, out_type: { type: 'int32' } });
}

/** A tensor broadcast to the shape of another. */
export function broadcastLike(graph: GraphFunction, a: Tensor, like: Tensor): Tensor {
  return graph.operation('BroadcastTo', [a, shapeOf(graph, like)], a.type, 'output', { T: { type: a.type }, Tidx: { type: 'int32' } });
}

/** A matrix with its axes swapped. */
export function transpose(graph: GraphFunction, a: Tensor): Tensor {
  const attributes = { T: { type: a.type }, Tperm: { type: 'int32' } } as const;
  return graph.operation('Transpose', [a, graph.literal('int32', [1, 0])], a.type, 'y', attributes);
}

/** The slice of a tensor at an index of its first axis. */
export function sliceAt(graph: GraphFunction, a: Tensor, index: Tensor): Tensor {
  return graph.operation('GatherV2', [a, index, graph.literal('int32', 0)], a.type, 'output', {
    Tparams: { type: a.type },
    Tindices: { type: 'int32' },
    Taxis: { type: 'int32' },
    batch_dims: { int: 0 },
  });
}

/** Types of the tensors in lists. */
export type ItemType = 'float32' | 'bool';

/** An empty list of `length` tensors of one shape, which loops fill and read by index. `shape` and `length` are int32 tensors. */
export function emptyList(graph: GraphFunction, type: ItemType, shape: Tensor, length: Tensor): Tensor {
  return graph.operation('TensorListReserve', [shape, length], 'variant', 'handle', {
    element_dtype: { type },
    shape_type: { type: 'int32' },
  });
}

/** The list with an item at an index. */
export function setItem(graph: GraphFunction, list: Tensor, index: Tensor, item: Tensor): Tensor {
  return graph.operation('TensorListSetItem', [list, index, item], 'variant', 'output_handle', { element_dtype: { type: item.type } });
}

/** The float32 item at an index. */
export function getItem(graph: GraphFunction, list: Tensor, index: Tensor, shape: Tensor): Tensor {
  return graph.operation('TensorListGetItem', [list, index, shape], 'float32', 'item', { element_dtype: { type: 'float32' } });
}

/** All of a list's tensors along a new first axis. */
export function stackItems(graph: GraphFunction, list: Tensor, type: ItemType, shape: Tensor): Tensor {
  return graph.operation('TensorListStack', [list, shape], type, 'tensor', { element_dtype: { type }, num_elements: { int: -1 } });
}
