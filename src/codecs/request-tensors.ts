import { describe, pointerSegment } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import type { ElementType } from './element-types.ts';

/** Stands in a parsed request for a nested, rectangular JSON array of numbers that was read from the body's bytes. */
export class NumericArray {
  readonly values: Float64Array;
  readonly shape: readonly number[];

  constructor(values: Float64Array, shape: readonly number[]) {
    this.values = values;
    this.shape = shape;
  }
}

/** Row-major, little-endian bytes of numbers. */
export interface TensorBytes {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Stands in a request for a tensor that came as bytes without JSON, as an npy file does. */
export class RawTensor implements TensorBytes {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** Whether the first axis varies fastest, as in Fortran, and not the last. */
  readonly fortranOrder: boolean;

  constructor({ dtype, shape, bytes }: TensorBytes, fortranOrder = false) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
    this.fortranOrder = fortranOrder;
  }
}

/** Stands in a request for a tensor that an earlier one had. */
export class CachedTensor extends RawTensor {}

/** Stands in a request for JSON whose numbers are said to be of a type, as the Open Inference Protocol has them. */
export class TypedData {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: unknown;

  constructor(dtype: ElementType, shape: readonly number[], data: unknown) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
  }
}

/** Stands in a framed request for a tensor behind its JSON: the object that announces it, and its bytes. */
export class FramedTensor {
  readonly announced: object;
  /** As it is announced: perhaps none that there is. */
  readonly dtype: unknown;
  readonly bytes: Uint8Array;

  constructor(announced: object, bytes: Uint8Array) {
    this.announced = announced;
    this.dtype = (announced as { readonly dtype?: unknown }).dtype;
    this.bytes = bytes;
  }
}

/** No request has tensors deeper in its JSON. */
const maxTensorDepth = 8;

/**
 * Replaces each object with `binary_data_size` by the tensor that it announces: the tensors' bytes follow the JSON in the order of their
 * objects. What does not add up goes to `errors`.
 *
 * @param request the parsed JSON; changed in place.
 * @example
 * attachFramedTensors({ x: { dtype: 'float32', shape: [2], binary_data_size: 8 } }, bytes, errors); // { x: FramedTensor }
 */
export function attachFramedTensors(request: unknown, bytes: Uint8Array, errors: InputErrors): unknown {
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
    if (depth < maxTensorDepth) {
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
