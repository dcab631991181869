import { describe, pointerSegment } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import { NumericArray } from './packed-numbers.ts';

/** A tensor of a framed body: the object in its JSON that announces it, and the bytes it stands for. */
export class FramedTensor {
  readonly announced: object;
  readonly bytes: Uint8Array;

  constructor(announced: object, bytes: Uint8Array) {
    this.announced = announced;
    this.bytes = bytes;
  }
}

/** Tensors stand no deeper than this in any request. */
const deepest = 8;

/**
 * Puts each tensor's bytes in the place of the object with `binary_data_size` that announces it: the bytes follow the JSON in the order
 * in which the objects stand there. What does not add up goes to `errors`.
 *
 * @param request the parsed JSON; changed in place.
 * @example
 * attachBinary({ x: { dtype: 'float32', shape: [2], binary_data_size: 8 } }, bytes, errors); // { x: BinaryTensor }
 */
export function attachBinary(request: unknown, bytes: Uint8Array, errors: InputErrors): unknown {
  let taken = 0;
  const attach = (node: unknown, path: string, depth: number): unknown => {
    if (typeof node !== 'object' || node === null || node instanceof NumericArray) return node;
    if (Object.hasOwn(node, 'binary_data_size')) {
      const { binary_data_size: size } = node as { binary_data_size: unknown };
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
        return errors.add(`${path}/binary_data_size`, `must be a whole number of at least 0, got ${describe(size)}`);
      }
      if (size > bytes.length - taken) {
        errors.add(
          `${path}/binary_data_size`,
          `is ${size}, but only ${bytes.length - taken} of the ${bytes.length} bytes behind the JSON are left`,
        );
        errors.throwIfAny();
      }
      taken += size;
      return new FramedTensor(node, bytes.subarray(taken - size, taken));
    }
    if (depth < deepest) {
      for (const [key, child] of Object.entries(node)) {
        if (typeof child === 'object') (node as Record<string, unknown>)[key] = attach(child, path + pointerSegment(key), depth + 1);
      }
    }
    return node;
  };
  const attached = attach(request, '', 0);
  if (taken !== bytes.length) {
    errors.add('', `has ${bytes.length} bytes behind its JSON, but the binary_data_size of its tensors add up to ${taken}`);
  }
  errors.throwIfAny();
  return attached;
}
