import type { Dtype } from '../compute/jobs.ts';
import type { AnswerRows } from './answer.ts';
import type { JsonWriter } from './json-writer.ts';
import { sliceBytes } from './pieces.ts';

/** Numbers that are made at a time. */
const numbersAtOnce = 4096;

/** Prints rows of different lengths as arrays in an array. */
export function writeRows(writer: JsonWriter, rows: AnswerRows): void {
  const { offsets } = rows;
  const numbers = rows.numbers(0, rows.count);
  writer.text('[');
  for (let b = 0; b + 1 < offsets.length; b++) {
    if (b > 0) writer.text(',');
    writer.row(numbers, offsets[b]!, offsets[b + 1]!);
  }
  writer.text(']');
}

/** The same in slices, each about as long to print as another request may be kept waiting. */
export function* rowsText(rows: AnswerRows, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
  const { offsets, count } = rows;
  // The numbers from `made` on, which come next.
  let numbers = rows.numbers(0, 0);
  let made = 0;
  writer.begin(dtype);
  writer.text('[');
  for (let b = 0; b + 1 < offsets.length; b++) {
    writer.text(b > 0 ? ',[' : '[');
    const end = offsets[b + 1]!;
    let at = offsets[b]!;
    do {
      if (at === made + numbers.length) {
        made = at;
        numbers = rows.numbers(made, Math.min(made + numbersAtOnce, count));
      }
      const to = Math.min(end, made + numbers.length);
      writer.numbers(numbers, at - made, to - made);
      writer.text(to < end ? ',' : ']');
      at = to;
      if (writer.length >= sliceBytes) {
        yield writer.finish();
        writer.begin(dtype);
      }
    } while (at < end);
  }
  writer.text(']');
  yield writer.finish();
}
