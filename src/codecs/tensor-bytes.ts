import type { Dtype, Values } from '../compute/jobs.ts';
import { AnswerTensor, type AnswerBlocks, type TensorValues } from './answer.ts';
import { beyondFloat32, indexOfMagnitudeAtLeast } from './magnitude.ts';
import { Pacer, sliceValues, type Chunk } from './pieces.ts';

/** The types that a tensor of an answer can have as bytes. */
export type BytesType = Dtype | 'int32' | 'uint8';

export const bytesPerValue: Readonly<Record<BytesType, number>> = { float32: 4, float64: 8, int32: 4, uint8: 1 };

/** Numbers of an answer that are checked and converted at once; what is beyond them becomes pieces of its own. */
const maxAtOnce = 65_536;

/** The type in which a tensor is written as bytes: whole numbers as they are, others in the answer's precision. */
export function bytesTypeOf(tensor: AnswerTensor | AnswerBlocks, dtype: Dtype): BytesType {
  if (!(tensor instanceof AnswerTensor)) return tensor.type === 'float' ? dtype : tensor.type;
  const { values } = tensor;
  return values instanceof Uint8Array ? 'uint8' : values instanceof Int32Array ? 'int32' : dtype;
}

/** How many bytes a tensor takes. */
export function byteLengthOf(tensor: AnswerTensor | AnswerBlocks, dtype: Dtype): number {
  return (tensor instanceof AnswerTensor ? tensor.values.length : tensor.count) * bytesPerValue[bytesTypeOf(tensor, dtype)];
}

/** Tensors as bytes, one after the other. */
export class TensorPieces {
  readonly pieces: Chunk[] = [];
  readonly #dtype: Dtype;
  #left = maxAtOnce;

  constructor(dtype: Dtype) {
    this.#dtype = dtype;
  }

  /** @throws {RangeError} when a number is not finite in the precision. Those of long tensors are looked at when it is their turn. */
  add(tensor: AnswerTensor | AnswerBlocks): void {
    const dtype = this.#dtype;
    if (!(tensor instanceof AnswerTensor)) {
      this.pieces.push(() => blockBytes(tensor.blocks(), dtype));
    } else if (tensor.values.length <= this.#left) {
      this.#left -= tensor.values.length;
      this.pieces.push(littleEndianBytes(tensor.values, dtype));
    } else {
      this.pieces.push(() => longTensorBytes(tensor.values, dtype));
    }
  }
}

async function* blockBytes(blocks: AsyncIterable<TensorValues> | Iterable<TensorValues>, dtype: Dtype): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) yield* longTensorBytes(block, dtype);
}

/** In one piece where the bytes are there: a client that takes much at a time gets it. */
async function* longTensorBytes(values: TensorValues, dtype: Dtype): AsyncGenerator<Uint8Array> {
  if (!isInPrecision(values, dtype)) {
    for (const slice of slicesOf(values)) yield littleEndianBytes(slice, dtype);
    return;
  }
  await requireAllFinite(values, dtype);
  yield bytesOfArray(values);
}

/**
 * Looks through many values, between others' turns.
 *
 * @throws {RangeError} when one is not finite in a precision.
 */
export async function requireAllFinite(values: TensorValues, dtype: Dtype): Promise<void> {
  const pacer = new Pacer();
  for (const slice of slicesOf(values)) {
    requireFinite(slice, dtype);
    await pacer.pause();
  }
}

/** Values in parts that are checked or converted in tenths of a millisecond. */
export function* slicesOf(values: TensorValues, count = sliceValues): Generator<TensorValues> {
  for (let from = 0; from < values.length; from += count) yield values.subarray(from, from + count);
}

/**
 * Values as little-endian, row-major bytes in the answer's precision: a view on them where they are in that precision already.
 *
 * @throws {RangeError} when a value is not finite in it.
 */
export function littleEndianBytes(values: TensorValues, dtype: Dtype): Uint8Array {
  const written = isInPrecision(values, dtype) ? values : dtype === 'float32' ? new Float32Array(values) : new Float64Array(values);
  requireFinite(written, dtype);
  return bytesOfArray(written);
}

function bytesOfArray({ buffer, byteOffset, byteLength }: TensorValues): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function requireFinite(values: TensorValues, dtype: Dtype): void {
  if (firstNotFinite(values, dtype) >= 0) throw new RangeError(`not finite in ${dtype}`);
}

function isInPrecision(values: TensorValues, dtype: Dtype): boolean {
  return isWhole(values) || (dtype === 'float32' ? values instanceof Float32Array : values instanceof Float64Array);
}

function isWhole(values: ArrayLike<number>): boolean {
  return values instanceof Uint8Array || values instanceof Int32Array;
}

/** Index of the first value that is infinite or undefined in a precision, or -1. */
export function firstNotFinite(values: Values | Int32Array | Uint8Array | readonly number[], dtype: Dtype): number {
  return isWhole(values) ? -1 : indexOfMagnitudeAtLeast(values, dtype === 'float32' ? beyondFloat32 : Infinity);
}
