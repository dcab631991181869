import { AnswerBlocks, AnswerTensor, type TensorValues } from './answer.ts';

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
