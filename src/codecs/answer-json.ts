import type { Arena } from '../compute/engine/arena.ts';
import type { Dtype } from '../compute/jobs.ts';
import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode, type TensorEncoding } from './answer-tree.ts';
import { encodeBase64 } from './base64.ts';
import type { Chunk } from './chunks.ts';
import { findNotFinite } from './finite-check.ts';
import { JsonWriter, sliceWriter as writer } from './json-writer.ts';
import { byteLengthOf, bytesTypeOf, littleEndianBytes, TensorChunks } from './tensor-bytes.ts';
import { rowSlices, TensorText, writeRows as writeRowsAtOnce } from './tensor-text.ts';

/** Memory that stays as it is until an answer has left. */
export interface AnswerMemory {
  readonly arena: Arena;
  /** Asks for so many bytes beside those that are taken; false where there are none. */
  tryReserve(bytes: number): boolean;
}

/** How an answer is written. */
export interface AnswerForm {
  /** How tensors stand in it: `framed` ones follow the JSON as bytes. */
  readonly encoding: TensorEncoding | 'framed';
  /** Of floating-point numbers, whatever they were computed in. */
  readonly dtype: Dtype;
  /** Memory for long texts, where there is any. */
  readonly memory?: AnswerMemory | undefined;
}

/** Bytes of an answer that are written at once, about; longer tensors become chunks that are printed in slices. */
const maxReadyBytes = 64 * 1024;

/** Bytes of an answer's text that are kept in its memory; what is beyond is copied slice by slice as it leaves. */
const maxKeptTextBytes = 32 * 2 ** 20;

/** What a number counts as before it is printed. */
const bytesPerNumber = 8;

/** Where an answer goes. */
interface Output extends AnswerForm {
  /** Its JSON, as far as it is written. */
  readonly text: Chunk[];
  /** The tensors behind it; undefined where they are there already. */
  readonly tensors: TensorChunks | undefined;
  /** Bytes of the text. */
  flushedBytes: number;
  /** Bytes that texts in the memory may have. */
  keptTextBytes: number;
}

/** An answer's bytes: its JSON, and the tensors behind it. */
export interface EncodedAnswer {
  readonly text: Chunk[];
  readonly tensors: Chunk[];
}

/**
 * An answer as JSON, with its tensors in it or, framed, behind it.
 *
 * @throws {NotFiniteError} when a number of the answer is infinite or undefined in the form's dtype. Long tensors are checked only while their
 * chunks are made, which then throw a RangeError; `requireFinite` checks all of them before.
 */
export function encodeAnswer(answer: AnswerNode, form: AnswerForm): EncodedAnswer {
  const { encoding, dtype } = form;
  const tensors = encoding === 'framed' ? new TensorChunks(dtype) : undefined;
  const output = beginText(form, tensors);
  try {
    writeNode(answer, output);
  } catch (error) {
    throw error instanceof RangeError ? (findNotFinite(answer, dtype, maxReadyBytes) ?? error) : error;
  }
  output.text.push(writer.finish());
  return { text: output.text, tensors: tensors?.chunks ?? [] };
}

function beginText({ encoding, dtype, memory }: AnswerForm, tensors: TensorChunks | undefined): Output {
  writer.begin(dtype);
  // Field by field: Node 20 takes a microsecond to spread.
  return { encoding, dtype, memory, text: [], tensors, flushedBytes: 0, keptTextBytes: 0 };
}

function hasRoom({ flushedBytes }: Output, bytes: number): boolean {
  return flushedBytes + writer.length + bytes <= maxReadyBytes;
}

/** Adds a chunk behind what has been written. */
function addChunk(output: Output, chunk: Chunk): void {
  const written = writer.finish();
  output.flushedBytes += written.length;
  output.text.push(written, chunk);
}

function writeNode(node: AnswerNode, output: Output): void {
  if (typeof node === 'string') {
    writer.string(node);
  } else if (typeof node === 'number') {
    writer.number(node);
  } else if (typeof node === 'boolean') {
    writer.text(node ? 'true' : 'false');
  } else if (isArray(node)) {
    writeArray(node, output);
  } else if (node instanceof AnswerTensor) {
    writeTensor(node, output);
  } else if (node instanceof AnswerBlocks) {
    writeBlocks(node, output);
  } else if (node instanceof AnswerRows) {
    writeRows(node, output);
  } else if (node instanceof AnswerNumber) {
    writer.float(node.value);
  } else if (node === null) {
    writer.text('null');
  } else {
    writeObject(node, output);
  }
}

function writeArray(nodes: readonly AnswerNode[], output: Output): void {
  writer.text('[');
  for (let i = 0; i < nodes.length; i++) {
    if (i > 0) writer.text(',');
    if (!hasRoom(output, 0)) {
      addChunk(output, () => elementsFrom(nodes, i, output));
      if (output.tensors !== undefined) addTensors(nodes.slice(i), output.tensors);
      break;
    }
    writeNode(nodes[i]!, output);
  }
  writer.text(']');
}

/** The elements of an array from one on, as many at once as may be written at once. */
async function* elementsFrom(nodes: readonly AnswerNode[], from: number, form: AnswerForm): AsyncGenerator<Uint8Array> {
  for (let i = from; i < nodes.length;) {
    const output = beginText(form, undefined);
    do {
      if (i > from) writer.text(',');
      writeNode(nodes[i++]!, output);
    } while (i < nodes.length && hasRoom(output, 0));
    output.text.push(writer.finish());
    for (const chunk of output.text) {
      if (typeof chunk === 'function') yield* chunk();
      else yield chunk;
    }
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
    writeAnnouncement(node, output);
  } else if (encoding === 'base64') {
    writer.text(base64Start(node, dtype));
    if (hasRoom(output, 2 * byteLengthOf(node, dtype))) writer.base64(littleEndianBytes(values, dtype));
    else addChunk(output, () => encodeBase64([values], dtype));
    writer.text('"}');
  } else if (shape.length === 1 && hasRoom(output, bytesPerNumber * values.length)) {
    writer.row(values, 0, values.length);
  } else if (hasRoom(output, bytesPerNumber * values.length + 2 * TensorText.arrays(shape))) {
    new TensorText(shape).write(writer, values);
  } else {
    addChunk(output, longText(node, output));
  }
}

/** A tensor's text, printed when it is its turn: in the answer's memory where there is room, since copies of slices cost as much as to print them. */
function longText({ values, shape }: AnswerTensor, output: Output): Chunk {
  const { dtype, memory } = output;
  const textBytes = TensorText.maxBytes(shape);
  output.keptTextBytes += textBytes;
  const isKept = output.keptTextBytes <= maxKeptTextBytes;
  return () => {
    const keeps = isKept && memory?.tryReserve(JsonWriter.bytesFor(textBytes)) === true;
    return new TensorText(shape).slices(values, dtype, keeps ? new JsonWriter(memory.arena) : writer);
  };
}

function writeBlocks(node: AnswerBlocks, output: Output): void {
  const { shape, blocks } = node;
  const { encoding, dtype } = output;
  if (encoding === 'framed') {
    writeAnnouncement(node, output);
  } else if (encoding === 'base64') {
    writer.text(base64Start(node, dtype));
    addChunk(output, () => encodeBase64(blocks(), dtype));
    writer.text('"}');
  } else {
    addChunk(output, () => new TensorText(shape).slicesOf(blocks(), dtype, writer));
  }
}

/** Announces a tensor, which goes behind the JSON. */
function writeAnnouncement(tensor: AnswerTensor | AnswerBlocks, { dtype, tensors }: Output): void {
  tensors?.add(tensor);
  writer.text(
    `{"dtype":"${bytesTypeOf(tensor, dtype)}","shape":${JSON.stringify(tensor.shape)},"binary_data_size":${byteLengthOf(tensor, dtype)}}`,
  );
}

function base64Start(tensor: AnswerTensor | AnswerBlocks, dtype: Dtype): string {
  return `{"dtype":"${bytesTypeOf(tensor, dtype)}","shape":${JSON.stringify(tensor.shape)},"base64":"`;
}

function writeRows(rows: AnswerRows, output: Output): void {
  if (hasRoom(output, bytesPerNumber * rows.count + 2 * (rows.offsets.length + TensorText.arrays(rows.shape))))
    writeRowsAtOnce(writer, rows);
  else addChunk(output, () => rowSlices(rows, output.dtype, writer));
}

/** Rows of different lengths as bytes: all of them one after the other, and beside them where each begins. */
function writeFlatRows(rows: AnswerRows, output: Output): void {
  writeAnnouncement(rows.flat(), output);
  writer.key(rows.offsetsName, false);
  writeAnnouncement(rows.offsetsTensor(), output);
}

/** Adds the tensors that a node of framed JSON announces, in its order. */
function addTensors(node: AnswerNode, tensors: TensorChunks): void {
  if (node instanceof AnswerTensor || node instanceof AnswerBlocks) {
    tensors.add(node);
  } else if (node instanceof AnswerRows) {
    tensors.add(node.flat());
    tensors.add(node.offsetsTensor());
  } else if (typeof node === 'object' && node !== null && !(node instanceof AnswerNumber)) {
    for (const child of Object.values(node)) addTensors(child, tensors);
  }
}

function isArray(node: AnswerNode): node is readonly AnswerNode[] {
  return Array.isArray(node);
}
