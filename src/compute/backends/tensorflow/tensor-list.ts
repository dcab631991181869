import type { GraphFunction, Tensor } from './graph-function.ts';

/** Lists of float32 (or bool) tensors of one shape, which loops fill and read by index. */
const attributesOf = (type: 'float32' | 'bool') => ({ element_dtype: { type } });

/** A list of `length` tensors, not yet set. `shape` and `length` are int32 tensors. */
export function emptyList(graph: GraphFunction, type: 'float32' | 'bool', shape: Tensor, length: Tensor): Tensor {
  return graph.operation('TensorListReserve', [shape, length], {
    type: 'variant',
    output: 'handle',
    attributes: { ...attributesOf(type), shape_type: { type: 'int32' } },
  });
}

export function setItem(graph: GraphFunction, list: Tensor, index: Tensor, item: Tensor): Tensor {
  return graph.operation('TensorListSetItem', [list, index, item], {
    type: 'variant',
    output: 'output_handle',
    attributes: attributesOf(item.type as 'float32' | 'bool'),
  });
}

export function getItem(graph: GraphFunction, list: Tensor, index: Tensor, type: 'float32' | 'bool', shape: Tensor): Tensor {
  return graph.operation('TensorListGetItem', [list, index, shape], { type, output: 'item', attributes: attributesOf(type) });
}

/** All of a list's tensors along a new first axis. */
export function stackItems(graph: GraphFunction, list: Tensor, type: 'float32' | 'bool', shape: Tensor): Tensor {
  return graph.operation('TensorListStack', [list, shape], {
    type,
    output: 'tensor',
    attributes: { ...attributesOf(type), num_elements: { int: -1 } },
  });
}
