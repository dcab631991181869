import type { Values } from '../compute/jobs.ts';
import { sizeOf, type Tensor } from './tensor.ts';

/** Whether numpy would broadcast a tensor of shape `from` to the shape `to`. */
export function canBroadcast(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((length, i) => length === 1 || length === to[lead + i]);
}

/**
 * The values of a tensor repeated, row-major, to a shape that `canBroadcast` allows. Returns the tensor's own values when nothing has to
 * be repeated.
 */
export function broadcastValues({ shape: from, values }: Tensor, to: readonly number[]): Values {
  const size = sizeOf(to);
  if (size === values.length) return values;
  const repeated = new Float64Array(size);
  const lead = to.length - from.length;
  const strides = to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : sizeOf(from.slice(i - lead + 1))));
  const index = new Array<number>(to.length).fill(0);
  for (let at = 0, source = 0; at < size; at++) {
    repeated[at] = values[source]!;
    // Counts up like an odometer: the last axis first, carrying to the one before.
    for (let axis = to.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < to[axis]!) break;
      source -= strides[axis]! * to[axis]!;
      index[axis] = 0;
    }
  }
  return repeated;
}
