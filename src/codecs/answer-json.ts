import type { Arena } from '../compute/arena.ts';
import type { Dtype } from '../compute/jobs.ts';
import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode, type TensorEncoding } from './answer.ts';
import { base64Blocks } from './base64-blocks.ts';
import { numberCodec } from './json-numbers/compiled.ts';
import { JsonWriter } from './json-writer.ts';
import { rowsText, writeRows as writeRowsAtOnce } from './rows-text.ts';
import { sliceWriter } from './slice-writer.ts';
import { TensorText } from './tensor-text.ts';
import { findNotFinite } from './not-finite.ts';
import type { Piece } from './pieces.ts';
import { bytesPerValue, bytesTypeOf, littleEndianBytes, requireFinite, type BytesType } from './tensor-bytes.ts';
import type { TextThreads } from './text-threads.ts';

/** How an answer is written. */
export interface AnswerForm {
  /** How tensors stand in it: `framed` ones follow the JSON as bytes. */
  readonly encoding: TensorEncoding | 'framed';
  /** Of floating-point numbers, whatever they were computed in. */
  readonly dtype: Dtype;
  /** Memory that stays as it is until the answer has left: long texts are printed there, and not in memory that is asked for anew. */
  readonly arena?: Arena | undefined;
  /** Threads that print what is long and lies in that memory. */
  readonly threads?: TextThreads | undefined;
}

/** Tensors of more numbers become a piece of their own, which is printed in slices. */
const mostAtOnce = 16_384;

// Encoding never waits, so that one writer serves all answers.
const writer = new JsonWriter(numberCodec);

/** What is written beside the JSON's text. */
interface Output extends AnswerForm {
  /** Of the JSON itself, as far as it is written. */
  readonly text: Piece[];
  /** Of the tensors behind it. */
  readonly tensors: Piece[];
}

/** An answer's bytes: those of its JSON, and those of the tensors that stand behind it and not in it. */
export interface EncodedAnswer {
  readonly text: readonly Piece[];
  readonly tensors: readonly Piece[];
}

/**
 * An answer as JSON, with its tensors in it or, framed, behind it.
 *
 * @throws {NotFiniteError} when a number of the answer is infinite or undefined in the form's dtype. Of large tensors those in JSON or
 * base64 are looked at only while their pieces are made.
 */
export function encodeAnswer(answer: AnswerNode, form: AnswerForm): EncodedAnswer {
  const { encoding, dtype, arena, threads } = form;
  // Field by field: Node 20 takes a microsecond to spread.
  const output: Output = { encoding, dtype, arena, threads, text: [], tensors: [] };
  writer.begin(dtype);
  try {
    writeNode(answer, output);
  } catch (error) {
    throw error instanceof RangeError ? (findNotFinite(answer, dtype) ?? error) : error;
  }
  output.text.push(writer.finish());
  return output;
}

function writeNode(node: AnswerNode, output: Output): void {
  if (typeof node === 'string') {
    writer.string(node);
  } else if (typeof node === 'number') {
    writer.number(node);
  } else if (typeof node === 'boolean') {
    writer.text(node ? 'true' : 'false');
  } else if (isArray(node)) {
    writer.text('[');
    for (let i = 0; i < node.length; i++) {
      if (i > 0) writer.text(',');
      writeNode(node[i]!, output);
    }
    writer.text(']');
  } else if (node instanceof AnswerTensor) {
    writeTensor(node, output);
  } else if (node instanceof AnswerBlocks) {
    writeBlocks(node, output);
  } else if (node instanceof AnswerRows) {
    writeRows(node, output);
  } else if (node instanceof AnswerNumber) {
    writer.float(node.value);
  } else {
    writeObject(node, output);
  }
}

function writeObject(node: Readonly<Record<string, AnswerNode>>, output: Output): void {
  let isFirst = true;
  for (const key in node) {
    const child = node[key]!;
    writer.key(key, isFirst);
    if (output.encoding === 'framed' && child instanceof AnswerRows) writeFlatRows(child, output);
    else writeNode(child, output);
    isFirst = false;
  }
  writer.text(isFirst ? '{}' : '}');
}

function writeTensor(node: AnswerTensor, output: Output): void {
  const { values, shape } = node;
  const { encoding, dtype } = output;
  if (encoding === 'framed') {
    const bytes = littleEndianBytes(values, dtype);
    writer.text(announcement(bytesTypeOf(values, dtype), shape, bytes.length));
    output.tensors.push(bytes);
  } else if (encoding === 'base64') {
    writer.text(base64Start(bytesTypeOf(values, dtype), shape));
    if (values.length > mostAtOnce) output.text.push(writer.finish(), () => base64Blocks([values], dtype));
    else writer.base64(littleEndianBytes(values, dtype));
    writer.text('"}');
  } else if (values.length > mostAtOnce) {
    output.text.push(writer.finish(), longText(node, output));
  } else if (shape.length === 1) {
    writer.row(values, 0, values.length);
  } else {
    new TensorText(shape).write(writer, values);
  }
}

/** A tensor's text, printed when it is its turn. */
function longText({ values, shape }: AnswerTensor, { dtype, arena, threads }: AnswerForm): Piece {
  if (arena !== undefined && threads?.isFor(values, arena) === true) {
    return () => {
      requireFinite(values, dtype);
      return threads.print(values, shape, dtype, arena);
    };
  }
  return () => new TensorText(shape).slices([values], dtype, writerIn(arena));
}

/** Each piece has a writer of its own: the one before may have left others' text behind its own. */
function writerIn(arena: Arena | undefined): JsonWriter {
  return arena === undefined ? sliceWriter : new JsonWriter(numberCodec, arena);
}

function writeBlocks({ type, shape, blocks, count }: AnswerBlocks, { encoding, dtype, text, tensors }: Output): void {
  const bytesType = type === 'float' ? dtype : type;
  if (encoding === 'framed') {
    writer.text(announcement(bytesType, shape, count * bytesPerValue[bytesType]));
    tensors.push(async function* () {
      for await (const block of blocks()) yield littleEndianBytes(block, dtype);
    });
  } else if (encoding === 'base64') {
    writer.text(base64Start(bytesType, shape));
    text.push(writer.finish(), () => base64Blocks(blocks(), dtype));
    writer.text('"}');
  } else {
    text.push(writer.finish(), () => new TensorText(shape).slicesOf(blocks(), dtype, sliceWriter));
  }
}

function announcement(type: BytesType, shape: readonly number[], bytes: number): string {
  return `{"dtype":"${type}","shape":${JSON.stringify(shape)},"binary_data_size":${bytes}}`;
}

function base64Start(type: BytesType, shape: readonly number[]): string {
  return `{"dtype":"${type}","shape":${JSON.stringify(shape)},"base64":"`;
}

function writeRows(rows: AnswerRows, { dtype, arena, text }: Output): void {
  if (rows.values.length + rows.offsets.length > mostAtOnce) text.push(writer.finish(), () => rowsText(rows, dtype, writerIn(arena)));
  else writeRowsAtOnce(writer, rows);
}

/** Rows of different lengths as bytes: all of them one after the other, and beside them where each begins. */
function writeFlatRows({ values, offsets, offsetsName }: AnswerRows, output: Output): void {
  writeTensor(new AnswerTensor(values, [values.length]), output);
  writer.text(`,"${offsetsName}":`);
  writeTensor(new AnswerTensor(offsets, [offsets.length]), output);
}

function isArray(node: AnswerNode): node is readonly AnswerNode[] {
  return Array.isArray(node);
}
