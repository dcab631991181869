import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { maxNumberLength, type JsonWriter } from './json-writer.ts';
import { sliceBytes } from './pieces.ts';
import { sizeOf } from './tensor.ts';

/** Numbers of a row that are printed before another look at how long the text has become. */
const numbersAtOnce = 4096;

/**
 * Prints a tensor's numbers as nested arrays, however its values come: all at once, in slices, or block by block. One use prints one
 * tensor.
 */
export class TensorText {
  readonly #axes: number;
  /** Elements of a row, of a row of rows, and so on: a bracket opens and closes at each multiple. */
  readonly #strides: readonly number[];
  /** By axis, innermost first: the next one with more elements, since a bracket of length 1 comes with the one around it. */
  readonly #nextLonger: readonly number[];
  /** Where the tensor has no numbers: how many empty arrays stand in their place. */
  readonly #emptyArrays: number | undefined;
  #at: number;

  /** @param at the number of the value that comes first, where those before it are printed elsewhere. */
  constructor(shape: readonly number[], at = 0) {
    const firstEmpty = shape.indexOf(0);
    const outer = firstEmpty < 0 ? shape : shape.slice(0, firstEmpty);
    this.#at = at;
    this.#axes = outer.length;
    this.#strides = outer.map((_, axis) => sizeOf(outer.slice(axis))).reverse();
    this.#nextLonger = this.#strides.map((stride) => this.#strides.lastIndexOf(stride) + 1);
    this.#emptyArrays = firstEmpty < 0 ? undefined : sizeOf(outer);
  }

  /** How many arrays the text of a tensor consists of. */
  static arrays(shape: readonly number[]): number {
    let arrays = 0;
    let rows = 1;
    for (let axis = 0; axis < shape.length && rows > 0; axis++) {
      arrays += rows;
      rows *= shape[axis]!;
    }
    return arrays;
  }

  /** Bytes that the text of so many values in a row may need. */
  static maxBytes(shape: readonly number[], count: number): number {
    // Two brackets of each array that begins or ends among them, and a comma behind it.
    const arrays = shape.reduce((sum, _, axis) => sum + Math.ceil(count / Math.max(1, sizeOf(shape.slice(axis)))) + 1, 0);
    return count * maxNumberLength + 3 * arrays;
  }

  /**
   * Prints the values that come next; they may end anywhere.
   *
   * @param maxBytes how long the writer's text may become, about.
   * @returns the index behind the last value that was printed: `to` unless the text has become that long.
   */
  write(writer: JsonWriter, values: TensorValues, from = 0, to = values.length, maxBytes = Infinity): number {
    if (this.#emptyArrays !== undefined) {
      this.#writeEmptyArrays(writer, this.#emptyArrays, maxBytes);
      return to;
    }
    if (this.#axes === 0) {
      writer.float(values[0]!);
      return to;
    }
    return this.#writeRows(writer, values, from, to, maxBytes);
  }

  #writeRows(writer: JsonWriter, values: TensorValues, from: number, to: number, maxBytes: number): number {
    const row = this.#strides[0]!;
    let i = from;
    while (i < to && writer.length < maxBytes) {
      const inRow = this.#at % row;
      this.#open(writer);
      const count = Math.min(row - inRow, to - i, numbersAtOnce);
      writer.numbers(values, i, i + count);
      i += count;
      this.#at += count;
      this.#close(writer);
    }
    return i;
  }

  #writeEmptyArrays(writer: JsonWriter, count: number, maxBytes: number): void {
    while (this.#at < count && writer.length < maxBytes) {
      this.#open(writer);
      writer.text('[]');
      this.#at++;
      this.#close(writer);
    }
  }

  #open(writer: JsonWriter): void {
    if (this.#at > 0) writer.text(',');
    const brackets = this.#bracketsAt(this.#at);
    if (brackets > 0) writer.text('['.repeat(brackets));
  }

  #close(writer: JsonWriter): void {
    const brackets = this.#bracketsAt(this.#at);
    if (brackets > 0) writer.text(']'.repeat(brackets));
  }

  /** How many arrays begin before the element at an index, or end behind the one before it. */
  #bracketsAt(index: number): number {
    let count = 0;
    while (count < this.#axes) {
      const stride = this.#strides[count]!;
      if (index % stride !== 0) break;
      count = this.#nextLonger[count]!;
    }
    return count;
  }

  /** The text in slices, each about as long to print as another request may be kept waiting. */
  *slices(values: TensorValues, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
    for (let from = 0; from < values.length || this.#at < (this.#emptyArrays ?? 0);) {
      writer.begin(dtype);
      from = this.write(writer, values, from, values.length, sliceBytes);
      yield writer.finish();
    }
  }

  /** The same of blocks that are still to come. */
  async *slicesOf(
    blocks: AsyncIterable<TensorValues> | Iterable<TensorValues>,
    dtype: Dtype,
    writer: JsonWriter,
  ): AsyncGenerator<Uint8Array> {
    for await (const values of blocks) yield* this.slices(values, dtype, writer);
  }
}
