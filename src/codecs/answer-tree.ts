import type { Dtype } from '../compute/jobs.ts';
import { type Values } from '../compute/numbers.ts';

/** How tensors stand in a JSON answer: as nested arrays, or as little-endian bytes in base64. */
export type TensorEncoding = 'json' | 'base64';

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

/** Numbers of rows that are made at a time. */
const blockNumbers = 3 * 2 ** 12;

/** Rows of different lengths: row b, of all in row-major order, is `numbers(offsets[b], offsets[b + 1])`. */
export class AnswerRows {
  readonly #values: Values | Int32Array;
  readonly #factor: number;
  readonly offsets: Int32Array;
  /** The field that the offsets are where rows cannot be nested, as bytes cannot. */
  readonly offsetsName: string;
  /** Of the rows. */
  readonly shape: readonly number[];

  /** The precision of the numbers as text, where it is not the answer's. */
  readonly textDtype: Dtype | undefined;

  /** @param factor by which every value is multiplied as it is written: as float64, all of them would take twice the memory of the values. */
  constructor(
    values: Values | Int32Array,
    offsets: Int32Array,
    offsetsName: string,
    factor = 1,
    { shape = [offsets.length - 1], textDtype }: { readonly shape?: readonly number[]; readonly textDtype?: Dtype | undefined } = {},
  ) {
    this.#values = values;
    this.#factor = factor;
    this.offsets = offsets;
    this.offsetsName = offsetsName;
    this.shape = shape;
    this.textDtype = textDtype;
  }

  /** Numbers of all rows. */
  get count(): number {
    return this.#values.length;
  }

  /** Numbers of all rows one after the other, those from one index up to another. */
  numbers(from: number, to: number): Float64Array {
    const numbers = new Float64Array(to - from);
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.#values[from + i]! * this.#factor;
    return numbers;
  }

  /** The same as they are printed: in a precision of their own, tenths are the float64 nearest to them, which has the fewest digits. */
  textNumbers(from: number, to: number): Float64Array {
    const divisor = Math.round(1 / this.#factor);
    if (this.textDtype === undefined || divisor * this.#factor !== 1) return this.numbers(from, to);
    const numbers = new Float64Array(to - from);
    for (let i = 0; i < numbers.length; i++) numbers[i] = this.#values[from + i]! / divisor;
    return numbers;
  }

  /** All rows one after the other as a tensor; many numbers are made as they are written. */
  flat(): AnswerTensor | AnswerBlocks {
    const { count } = this;
    return count <= blockNumbers
      ? new AnswerTensor(this.numbers(0, count), [count])
      : new AnswerBlocks('float', [count], () => this.#blocks());
  }

  *#blocks(): Generator<Float64Array> {
    for (let from = 0; from < this.count; from += blockNumbers) yield this.numbers(from, Math.min(from + blockNumbers, this.count));
  }

  offsetsTensor(): AnswerTensor {
    return new AnswerTensor(this.offsets, [this.offsets.length]);
  }
}

/** A tensor of an answer that is computed while the answer leaves: whole rows at a time. */
export class AnswerBlocks {
  readonly type: 'float' | 'uint8';
  readonly shape: readonly number[];
  /** Computes the tensor from its start, as far as it is asked to. */
  readonly blocks: () => AsyncIterable<TensorValues> | Iterable<TensorValues>;

  constructor(type: 'float' | 'uint8', shape: readonly number[], blocks: () => AsyncIterable<TensorValues> | Iterable<TensorValues>) {
    this.type = type;
    this.shape = shape;
    this.blocks = blocks;
  }

  /** Numbers of the tensor. */
  get count(): number {
    return this.shape.reduce((count, length) => count * length, 1);
  }
}

/** Numbers of a long tensor that are gathered at a time. */
const gatheredNumbers = 2 ** 16;
/** Longer tensors are gathered as they are written. */
const maxGatheredAtOnce = 2 ** 13;

/** A tensor with the columns of a matrix as its rows: gathered as it is written, so that it takes no memory beside the matrix. */
export class AnswerTransposed extends AnswerBlocks {
  /** The matrix, row-major. */
  readonly values: TensorValues;

  /** @param shape with the number of the matrix's columns first. */
  constructor(values: TensorValues, shape: readonly number[]) {
    super(values instanceof Uint8Array ? 'uint8' : 'float', shape, () => columnsOf(values, shape[0]!));
    this.values = values;
  }

  /** The index in the tensor of an element of the matrix. */
  indexOf(element: number): number {
    const [columns = 1] = this.shape;
    return (element % columns) * (this.values.length / columns) + Math.floor(element / columns);
  }
}

/** The columns of a matrix one after the other: as many whole ones at a time as fit, or parts of one. */
function* columnsOf(values: TensorValues, columns: number): Generator<TensorValues> {
  const rows = values.length / columns;
  const width = Math.max(1, Math.min(columns, Math.floor(gatheredNumbers / rows)));
  for (let from = 0; from < columns; from += width) {
    const to = Math.min(from + width, columns);
    for (let row = 0; row < rows; row += gatheredNumbers) {
      const end = Math.min(row + gatheredNumbers, rows);
      const block = emptyLike(values, (to - from) * (end - row));
      for (let r = row; r < end; r++)
        for (let column = from; column < to; column++) block[(column - from) * (end - row) + r - row] = values[r * columns + column]!;
      yield block;
    }
  }
}

function emptyLike(values: TensorValues, length: number): TensorValues {
  if (values instanceof Float32Array) return new Float32Array(length);
  if (values instanceof Float64Array) return new Float64Array(length);
  return values instanceof Uint8Array ? new Uint8Array(length) : new Int32Array(length);
}

/**
 * A matrix, row-major, as a tensor whose rows are its columns; a short one is gathered at once.
 *
 * @param shape with the number of the matrix's columns first.
 * @example
 * transposed(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]); // AnswerTensor [[1, 4], [2, 5], [3, 6]]
 */
export function transposed(values: TensorValues, shape: readonly number[]): AnswerTensor | AnswerTransposed {
  if (values.length > maxGatheredAtOnce) return new AnswerTransposed(values, shape);
  const [all = values] = columnsOf(values, shape[0]!);
  return new AnswerTensor(all, shape);
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
  | null
  | AnswerTensor
  | AnswerRows
  | AnswerBlocks
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
