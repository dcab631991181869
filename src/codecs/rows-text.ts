import type { Dtype } from '../compute/jobs.ts';
import type { AnswerRows } from './answer.ts';
import type { JsonWriter } from './json-writer.ts';
import { sliceNumbers } from './pieces.ts';

/** Prints rows of different lengths as arrays in an array. */
export function writeRows(writer: JsonWriter, { values, offsets }: AnswerRows): void {
  writer.text('[');
  for (let b = 0; b + 1 < offsets.length; b++) {
    if (b > 0) writer.text(',');
    writer.row(values, offsets[b]!, offsets[b + 1]!);
  }
  writer.text(']');
}

/** The same in slices, each about as long to print as another request may be kept waiting. */
export function* rowsText({ values, offsets }: AnswerRows, dtype: Dtype, writer: JsonWriter): Generator<Uint8Array> {
  // A row counts as one number more: brackets take their time too.
  let printed = 0;
  writer.begin(dtype);
  writer.text('[');
  for (let b = 0; b + 1 < offsets.length; b++) {
    writer.text(b > 0 ? ',[' : '[');
    const end = offsets[b + 1]!;
    let at = offsets[b]!;
    do {
      const to = Math.min(end, at + sliceNumbers - printed);
      writer.numbers(values, at, to);
      writer.text(to < end ? ',' : ']');
      printed += to - at + 1;
      at = to;
      if (printed >= sliceNumbers) {
        yield writer.finish();
        writer.begin(dtype);
        printed = 0;
      }
    } while (at < end);
  }
  writer.text(']');
  yield writer.finish();
}
