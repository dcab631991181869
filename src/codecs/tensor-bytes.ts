import type { Dtype } from '../compute/jobs.ts';
import { AnswerTensor, type AnswerBlocks, type TensorValues } from './answer-tree.ts';
import { Pacer, sliceValues, type Chunk } from './chunks.ts';
import { indexOfNotFinite } from './finite-check.ts';

/** The types that a tensor of an answer can have as bytes. */
export type BytesType = Dtype | 'int32' | 'uint8';

export const bytesPerValue: Readonly<Record<BytesType, number>> = { float32: 4, float64: 8, int32: 4, uint8: 1 };

/** Numbers of an answer that are checked and converted at once; longer tensors become chunks that are made when it is their turn. */
const maxReadyValues = 65_536;

/** The type in which a tensor is written as bytes: integers as they are, others in the answer's precision. */
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
export class TensorChunks {
  readonly chunks: Chunk[] = [];
  readonly #dtype: Dtype;
  #left = maxReadyValues;

  constructor(dtype: Dtype) {
    this.#dtype = dtype;
  }

  /** @throws {RangeError} when a number is not finite in the precision; a long tensor's chunk does when it is made. */
  add(tensor: AnswerTensor | AnswerBlocks): void {
    const dtype = this.#dtype;
    if (!(tensor instanceof AnswerTensor)) {
      this.chunks.push(() => blockBytes(tensor.blocks(), dtype));
    } else if (tensor.values.length <= this.#left) {
      this.#left -= tensor.values.length;
      this.chunks.push(littleEndianBytes(tensor.values, dtype));
    } else {
      this.chunks.push(() => longTensorBytes(tensor.values, dtype));
    }
  }
}

async function* blockBytes(blocks: AsyncIterable<TensorValues> | Iterable<TensorValues>, dtype: Dtype): AsyncGenerator<Uint8Array> {
  for await (const block of blocks) yield* longTensorBytes(block, dtype);
}

/** One chunk where the bytes are there, of which the client takes as many at a time as it likes; else slices. */
async function* longTensorBytes(values: TensorValues, dtype: Dtype): AsyncGenerator<Uint8Array> {
  if (!isInPrecision(values, dtype)) {
    for (const slice of slicesOf(values)) yield littleEndianBytes(slice, dtype);
    return;
  }
  const pacer = new Pacer();
  for (const slice of slicesOf(values)) {
    throwIfNotFinite(slice, dtype);
    await pacer.pause();
  }
  yield bytesOfArray(values);
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
  throwIfNotFinite(written, dtype);
  return bytesOfArray(written);
}

function bytesOfArray({ buffer, byteOffset, byteLength }: TensorValues): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function throwIfNotFinite(values: TensorValues, dtype: Dtype): void {
  if (indexOfNotFinite(values, dtype) >= 0) throw new RangeError(`not finite in ${dtype}`);
}

function isInPrecision(values: TensorValues, dtype: Dtype): boolean {
  if (values instanceof Uint8Array || values instanceof Int32Array) return true;
  return dtype === 'float32' ? values instanceof Float32Array : values instanceof Float64Array;
}
