import type { Dtype } from '../compute/jobs.ts';
import type { AnswerRows, TensorValues } from './answer-tree.ts';
import { sliceBytes } from './chunks.ts';
import { maxNumberLength, type JsonWriter } from './json-writer.ts';
import { sizeOf } from './ndarray.ts';

/** Numbers that are printed before another look at how long the text has become. */
const numbersAtOnce = 4096;

/** The brackets and commas of nested arrays, around elements that are printed in order. */
class NestedArrays {
  /** Elements of a row, of a row of rows, and so on: a bracket opens and closes at each multiple. */
  readonly #strides: readonly number[];
  /** By axis, innermost first: the next one with more elements, since a bracket of length 1 comes with the one around it. */
  readonly #nextLonger: readonly number[];
  /** Where there are no elements: how many empty arrays stand in their place. */
  readonly #emptyArrays: number | undefined;
  #at = 0;

  constructor(shape: readonly number[]) {
    const firstEmpty = shape.indexOf(0);
    const outer = firstEmpty < 0 ? shape : shape.slice(0, firstEmpty);
    this.#strides = outer.map((_, axis) => sizeOf(outer.slice(axis))).reverse();
    this.#nextLonger = this.#strides.map((stride) => this.#strides.lastIndexOf(stride) + 1);
    this.#emptyArrays = firstEmpty < 0 ? undefined : sizeOf(outer);
  }

  /** Whether there are no elements. */
  get isEmpty(): boolean {
    return this.#emptyArrays !== undefined;
  }

  get hasEmptyArrays(): boolean {
    return this.#emptyArrays !== undefined && this.#at < this.#emptyArrays;
  }

  /** How many elements of the innermost array, at most `count`, are still to come. */
  restOfRow(count: number): number {
    const row = this.#strides[0] ?? 1;
    return Math.min(row - (this.#at % row), count);
  }

  /** Prints empty arrays until the writer's text is about `maxBytes` long. */
  writeEmpty(writer: JsonWriter, maxBytes: number): void {
    while (this.hasEmptyArrays && writer.length < maxBytes) {
      this.open(writer);
      writer.text('[]');
      this.close(writer, 1);
    }
  }

  /** Prints what stands before the next element. */
  open(writer: JsonWriter): void {
    if (this.#at > 0) writer.text(',');
    const brackets = this.#bracketsAt(this.#at);
    if (brackets > 0) writer.text('['.repeat(brackets));
  }

  /** Prints what stands behind `count` more elements of an array. */
  close(writer: JsonWriter, count: number): void {
    this.#at += count;
    const brackets = this.#bracketsAt(this.#at);
    if (brackets > 0) writer.text(']'.repeat(brackets));
  }

  /** How many arrays begin before the element at an index, or end behind the one before it. */
  #bracketsAt(index: number): number {
    let count = 0;
    while (count < this.#strides.length) {
      const stride = this.#strides[count]!;
      if (index % stride !== 0) break;
      count = this.#nextLonger[count]!;
    }
    return count;
  }
}

/** Prints one tensor's numbers as nested arrays, however its values come: all at once, in slices, or block by block. */
export class TensorText {
  readonly #arrays: NestedArrays;

  constructor(shape: readonly number[]) {
    this.#arrays = new NestedArrays(shape);
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

  /** Bytes that a tensor's text may need. */
  static maxBytes(shape: readonly number[]): number {
    // Two brackets of each array, and a comma behind it.
    return sizeOf(shape) * maxNumberLength + 3 * TensorText.arrays(shape);
  }

  /** Prints all values at once. */
  write(writer: JsonWriter, values: TensorValues): void {
    for (let from = 0; from < values.length || this.#arrays.hasEmptyArrays;) from = this.#writeSome(writer, values, from, Infinity);
  }

  /** The text in slices, each about as long to print as another request may be kept waiting. */
  *slices(values: TensorValues, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
    for (let from = 0; from < values.length || this.#arrays.hasEmptyArrays;) {
      writer.begin(dtype);
      from = this.#writeSome(writer, values, from, sliceBytes);
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

  /** Prints values from an index on until the writer's text is about `maxBytes` long, and returns the index behind the last one printed. */
  #writeSome(writer: JsonWriter, values: TensorValues, from: number, maxBytes: number): number {
    const arrays = this.#arrays;
    if (arrays.isEmpty) {
      arrays.writeEmpty(writer, maxBytes);
      return values.length;
    }
    let i = from;
    while (i < values.length && writer.length < maxBytes) {
      const count = arrays.restOfRow(Math.min(values.length - i, numbersAtOnce));
      arrays.open(writer);
      writer.numbers(values, i, i + count);
      arrays.close(writer, count);
      i += count;
    }
    return i;
  }
}

/** Prints rows of different lengths as arrays in an array, at once. */
export function writeRows(writer: JsonWriter, rows: AnswerRows): void {
  const dtype = writer.setDtype(rows.textDtype);
  // Without a limit there is one part.
  writeRowsInParts(writer, rows, Infinity).next();
  writer.setDtype(dtype);
}

/** The same in slices, each about as long to print as another request may be kept waiting. */
export function* rowSlices(rows: AnswerRows, answerDtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
  const { textDtype: dtype = answerDtype } = rows;
  const parts = writeRowsInParts(writer, rows, sliceBytes);
  let isLast: boolean | undefined;
  do {
    writer.begin(dtype);
    isLast = parts.next().done;
    yield writer.finish();
  } while (isLast !== true);
}

/** Prints rows, and yields whenever the writer's text is about `maxBytes` long. */
function* writeRowsInParts(writer: JsonWriter, rows: AnswerRows, maxBytes: number): Generator<void> {
  const { offsets, count, shape } = rows;
  const arrays = new NestedArrays(shape);
  while (arrays.hasEmptyArrays) {
    arrays.writeEmpty(writer, maxBytes);
    if (writer.length >= maxBytes) yield;
  }
  // The numbers from `made` on, which come next.
  let numbers = rows.textNumbers(0, 0);
  let made = 0;
  for (let b = 0; b + 1 < offsets.length; b++) {
    arrays.open(writer);
    writer.text('[');
    const end = offsets[b + 1]!;
    let at = offsets[b]!;
    do {
      if (at === made + numbers.length) {
        made = at;
        numbers = rows.textNumbers(made, Math.min(made + numbersAtOnce, count));
      }
      const to = Math.min(end, made + numbers.length);
      writer.numbers(numbers, at - made, to - made);
      writer.text(to < end ? ',' : ']');
      at = to;
      if (writer.length >= maxBytes) yield;
    } while (at < end);
    arrays.close(writer, 1);
  }
}
