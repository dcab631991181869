import { linspace as describeLinspace, stridedView, writeNumbers, type Numbers } from '../compute/numbers.ts';

/** Row-major values and their shape; a number has the shape []. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Numbers;
}

/** Elements of a tensor of that shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Whether numpy would broadcast a tensor of shape `from` to the shape `to`. */
export function canBroadcast(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((length, i) => length === 1 || length === to[lead + i]);
}

/** The values of a tensor repeated, row-major, to a shape that `canBroadcast` allows: the tensor's own where nothing has to be repeated. */
export function broadcastValues({ shape: from, values }: Tensor, to: readonly number[]): Numbers {
  const lead = to.length - from.length;
  const strides = to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : sizeOf(from.slice(i - lead + 1))));
  return stridedView(values, to, strides);
}

/**
 * Values in Fortran order, whose first axis varies fastest, in row-major order.
 *
 * @param shape has as many elements as there are values.
 * @example
 * materialize(toRowMajor(Float32Array.of(0, 3, 1, 4, 2, 5), [2, 3])); // Float32Array [0, 1, 2, 3, 4, 5]
 */
export function toRowMajor(values: Numbers, shape: readonly number[]): Numbers {
  return stridedView(
    values,
    shape,
    shape.map((_, axis) => sizeOf(shape.slice(0, axis))),
  );
}

/** As numpy.linspace: evenly spaced from `first` to exactly `last`. */
export function linspace(first: number, last: number, count: number): Float64Array {
  const values = new Float64Array(count);
  writeNumbers(describeLinspace(first, last, count), values);
  return values;
}
