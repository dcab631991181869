import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { maxNumberLength, type JsonWriter } from './json-writer.ts';
import { sliceNumbers } from './pieces.ts';
import { sizeOf } from './tensor.ts';

/**
 * Prints a tensor's numbers as nested arrays, however its values come: all at once, in slices, or block by block. One use prints one
 * tensor.
 */
export class TensorText {
  readonly #axes: number;
  /** Numbers of a row, of a row of rows, and so on: a bracket opens and closes at each multiple. */
  readonly #strides: readonly number[];
  readonly #isEmpty: boolean;
  readonly #shape: readonly number[];
  #at: number;

  /** @param at the number of the value that comes first, where those before it are printed elsewhere. */
  constructor(shape: readonly number[], at = 0) {
    this.#at = at;
    this.#shape = shape;
    this.#axes = shape.length;
    this.#strides = shape.map((_, axis) => sizeOf(shape.slice(axis))).reverse();
    this.#isEmpty = shape.includes(0);
  }

  /** Bytes that the text of so many values in a row may need. */
  static mostBytes(shape: readonly number[], count: number): number {
    // Two brackets of each array that begins or ends among them, and a comma behind it.
    const arrays = shape.reduce((sum, _, axis) => sum + Math.ceil(count / Math.max(1, sizeOf(shape.slice(axis)))) + 1, 0);
    return count * maxNumberLength + 3 * arrays;
  }

  /** Prints the values that come next; they may end anywhere. */
  write(writer: JsonWriter, values: TensorValues, from = 0, to = values.length): void {
    if (this.#isEmpty) {
      writer.text(emptyText(this.#shape));
    } else if (this.#axes === 0) {
      writer.float(values[0]!);
    } else if (this.#axes === 1 && this.#at === 0 && to - from === this.#strides[0]) {
      writer.row(values, from, to);
    } else {
      this.#writeRows(writer, values, from, to);
    }
  }

  #writeRows(writer: JsonWriter, values: TensorValues, from: number, to: number): void {
    const row = this.#strides[0]!;
    for (let i = from; i < to;) {
      const inRow = this.#at % row;
      if (this.#at > 0) writer.text(',');
      if (inRow === 0) writer.text('['.repeat(this.#bracketsAt(this.#at)));
      const count = Math.min(row - inRow, to - i);
      writer.numbers(values, i, i + count);
      i += count;
      this.#at += count;
      writer.text(']'.repeat(this.#bracketsAt(this.#at)));
    }
  }

  /** How many arrays begin before the number at an index, or end behind the one before it. */
  #bracketsAt(index: number): number {
    let count = 0;
    for (const stride of this.#strides) {
      if (index % stride !== 0) break;
      count++;
    }
    return count;
  }

  /** The text in slices, each about as long to print as another request may be kept waiting. */
  *slices(blocks: Iterable<TensorValues>, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
    for (const values of blocks) yield* this.#slicesOfBlock(values, dtype, writer);
  }

  /** The same of blocks that are still to come. */
  async *slicesOf(blocks: AsyncIterable<TensorValues>, dtype: Dtype, writer: JsonWriter): AsyncGenerator<Uint8Array> {
    for await (const values of blocks) yield* this.#slicesOfBlock(values, dtype, writer);
  }

  *#slicesOfBlock(values: TensorValues, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
    for (let from = 0; from < values.length; from += sliceNumbers) {
      writer.begin(dtype);
      this.write(writer, values, from, Math.min(from + sliceNumbers, values.length));
      yield writer.finish();
    }
  }
}

/** Nested arrays of which some have no elements. */
function emptyText(shape: readonly number[]): string {
  const [length, ...inner] = shape as [number, ...number[]];
  return length === 0 ? '[]' : `[${new Array<string>(length).fill(emptyText(inner)).join(',')}]`;
}
