import type { Dtype } from '../compute/backend.ts';
import type { Values } from '../compute/jobs.ts';

/** What tensors of an answer hold. */
export type TensorValues = Values | Int32Array | Uint8Array;

/** A tensor of an answer, before it is written in some encoding. */
export class AnswerTensor {
  /** Row-major. Floating-point numbers are written in the answer's precision, whatever theirs is here. */
  readonly values: TensorValues;
  readonly shape: readonly number[];

  constructor(values: TensorValues, shape: readonly number[]) {
    this.values = values;
    this.shape = shape;
  }
}

/** Rows of different lengths: row b is `values[offsets[b] .. offsets[b + 1]]`. */
export class AnswerRows {
  readonly values: Values;
  readonly offsets: Int32Array;

  constructor(values: Values, offsets: Int32Array) {
    this.values = values;
    this.offsets = offsets;
  }
}

/** A number of an answer in its precision, float32 or float64, unlike those that JSON.stringify writes. */
export class AnswerNumber {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** An answer as data: JSON with tensors in it, and no undefined. Encoders write it as bytes. */
export type AnswerNode =
  | string
  | number
  | boolean
  | AnswerTensor
  | AnswerRows
  | AnswerNumber
  | readonly AnswerNode[]
  | { readonly [key: string]: AnswerNode };

/** A number of an answer is infinite or undefined in the answer's precision. */
export class NotFiniteError extends RangeError {
  override readonly name = 'NotFiniteError';
  /** JSON pointer of the tensor in the answer. */
  readonly path: string;
  /** Where in the tensor: one index per axis. */
  readonly index: readonly number[];
  readonly dtype: Dtype;

  constructor(path: string, index: readonly number[], dtype: Dtype) {
    super(`${path} is not finite in ${dtype} at [${index.join(', ')}]`);
    this.path = path;
    this.index = index;
    this.dtype = dtype;
  }
}
