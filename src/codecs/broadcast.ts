import { stridedView, type Numbers } from '../compute/generated-numbers.ts';
import { sizeOf, type Tensor } from './tensor.ts';

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
