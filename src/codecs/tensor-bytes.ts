import type { Dtype, Values } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { beyondFloat32, firstNotBelow } from './magnitude.ts';

/** The types that a tensor of an answer can have as bytes. */
export type BytesType = Dtype | 'int32' | 'uint8';

export const bytesPerValue: Readonly<Record<BytesType, number>> = { float32: 4, float64: 8, int32: 4, uint8: 1 };

/** The type in which values are written as bytes: whole numbers as they are, others in the answer's precision. */
export function bytesTypeOf(values: TensorValues, dtype: Dtype): BytesType {
  return values instanceof Uint8Array ? 'uint8' : values instanceof Int32Array ? 'int32' : dtype;
}

/**
 * Values as little-endian, row-major bytes in the answer's precision: a view on them where they are in that precision already.
 *
 * @throws {RangeError} when a value is not finite in it.
 */
export function littleEndianBytes(values: TensorValues, dtype: Dtype): Uint8Array {
  const written = isWhole(values) ? values : inPrecision(values, dtype);
  requireFinite(written, dtype);
  return new Uint8Array(written.buffer, written.byteOffset, written.byteLength);
}

/** @throws {RangeError} when a value is not finite in a precision. */
export function requireFinite(values: TensorValues, dtype: Dtype): void {
  if (!isWhole(values) && firstNotFinite(values, dtype) >= 0) throw new RangeError(`not finite in ${dtype}`);
}

function isWhole(values: TensorValues): values is Uint8Array | Int32Array {
  return values instanceof Uint8Array || values instanceof Int32Array;
}

function inPrecision(values: Values, dtype: Dtype): Values {
  if (dtype === 'float32') return values instanceof Float32Array ? values : new Float32Array(values);
  return values instanceof Float64Array ? values : new Float64Array(values);
}

/** Index of the first value that is infinite or undefined in a precision, or -1. */
export function firstNotFinite(values: ArrayLike<number>, dtype: Dtype): number {
  return firstNotBelow(values, dtype === 'float32' ? beyondFloat32 : Infinity);
}
