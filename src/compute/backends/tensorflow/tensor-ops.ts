import type { DataType } from './graph-def.ts';
import type { GraphFunction, Tensor } from './graph-function.ts';

/** An int32 number. */
export function integer(graph: GraphFunction, value: number): Tensor {
  return graph.constant('int32', value);
}

/** Arithmetic on int32 numbers. */
export function integers(graph: GraphFunction, op: 'AddV2' | 'Sub' | 'Mul' | 'Minimum', a: Tensor, b: Tensor): Tensor {
  return graph.operation(op, [a, b], { type: 'int32', output: 'z', attributes: { T: { type: 'int32' } } });
}

export function convert(graph: GraphFunction, a: Tensor, type: DataType): Tensor {
  return graph.operation('Cast', [a], { type, output: 'y', attributes: { SrcT: { type: a.type }, DstT: { type } } });
}

export function zerosLike(graph: GraphFunction, a: Tensor): Tensor {
  return graph.operation('ZerosLike', [a], { type: a.type, output: 'y', attributes: { T: { type: a.type } } });
}

/** The lengths of a tensor's axes, as an int32 tensor. */
export function shapeOf(graph: GraphFunction, a: Tensor): Tensor {
  return graph.operation('Shape', [a], {
    type: 'int32',
    output: 'output',
    attributes: { T: { type: a.type }, out_type: { type: 'int32' } },
  });
}

/** A tensor repeated to the shape of another. */
export function broadcastLike(graph: GraphFunction, a: Tensor, like: Tensor): Tensor {
  return graph.operation('BroadcastTo', [a, shapeOf(graph, like)], {
    type: a.type,
    output: 'output',
    attributes: { T: { type: a.type }, Tidx: { type: 'int32' } },
  });
}

export function transpose(graph: GraphFunction, a: Tensor, permutation: readonly number[]): Tensor {
  return graph.operation('Transpose', [a, graph.constant('int32', permutation)], {
    type: a.type,
    output: 'y',
    attributes: { T: { type: a.type }, Tperm: { type: 'int32' } },
  });
}

/** The part of a tensor at an index of its first axis. */
export function at(graph: GraphFunction, a: Tensor, index: Tensor): Tensor {
  return graph.operation('GatherV2', [a, index, integer(graph, 0)], {
    type: a.type,
    output: 'output',
    attributes: { Tparams: { type: a.type }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' }, batch_dims: { int: 0 } },
  });
}

/**
 * Two float32 tensors as one of int64, the bits of both. XLA compiles one kernel for each result: results that share their computation are
 * cheaper as one.
 */
export function pair(graph: GraphFunction, high: Tensor, low: Tensor): Tensor {
  const wide = (a: Tensor) => convert(graph, bitcast(graph, a, 'int32'), 'int64');
  const shifted = bits(graph, 'LeftShift', wide(high), graph.constant('int64', 32));
  return bits(graph, 'BitwiseOr', shifted, bits(graph, 'BitwiseAnd', wide(low), graph.constant('int64', 2 ** 32 - 1)));
}

/** The two that were made a pair. */
export function unpair(graph: GraphFunction, a: Tensor): readonly [Tensor, Tensor] {
  const narrow = (wide: Tensor) => bitcast(graph, convert(graph, wide, 'int32'), 'float32');
  return [narrow(bits(graph, 'RightShift', a, graph.constant('int64', 32))), narrow(a)];
}

function bitcast(graph: GraphFunction, a: Tensor, type: 'float32' | 'int32'): Tensor {
  return graph.operation('Bitcast', [a], { type, output: 'output', attributes: { T: { type: a.type }, type: { type } } });
}

function bits(graph: GraphFunction, op: 'LeftShift' | 'RightShift' | 'BitwiseOr' | 'BitwiseAnd', a: Tensor, b: Tensor): Tensor {
  return graph.operation(op, [a, b], { type: a.type, output: 'z', attributes: { T: { type: a.type } } });
}
