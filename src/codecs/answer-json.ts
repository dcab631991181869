import type { Dtype } from '../compute/backend.ts';
import type { Values } from '../compute/jobs.ts';
import { AnswerNumber, AnswerRows, AnswerTensor, NotFiniteError, type AnswerNode, type TensorValues } from './answer.ts';
import { JsonWriter } from './json-writer.ts';
import { sizeOf } from './tensor.ts';

/** How tensors stand in a JSON answer: as nested arrays, or as little-endian bytes in base64. */
export type TensorEncoding = 'json' | 'base64';

// Encoding never waits, so that one writer serves all answers.
const writer = new JsonWriter();

/** How an answer is written. */
export interface AnswerForm {
  readonly encoding: TensorEncoding;
  /** Of floating-point numbers, whatever they were computed in. */
  readonly dtype: Dtype;
}

/**
 * An answer as JSON text.
 *
 * @throws {NotFiniteError} when a number of the answer is infinite or undefined in the form's dtype.
 */
export function encodeJson(answer: AnswerNode, form: AnswerForm): Buffer {
  writer.begin(form.dtype);
  try {
    writeNode(answer, form);
  } catch (error) {
    throw error instanceof RangeError ? (findNotFinite(answer, '', form.dtype) ?? error) : error;
  }
  return writer.finish();
}

function writeNode(node: AnswerNode, form: AnswerForm): void {
  if (typeof node !== 'object') {
    writer.text(JSON.stringify(node));
  } else if (node instanceof AnswerTensor) {
    if (form.encoding === 'base64') writeBase64(node, form.dtype);
    else writeNested(node.values, node.shape, 0, 0, node.values.length);
  } else if (node instanceof AnswerRows) {
    writeRows(node);
  } else if (node instanceof AnswerNumber) {
    writer.float(node.value);
  } else if (isArray(node)) {
    writer.text('[');
    for (let i = 0; i < node.length; i++) {
      if (i > 0) writer.text(',');
      writeNode(node[i]!, form);
    }
    writer.text(']');
  } else {
    writeObject(node, form);
  }
}

function writeObject(node: Readonly<Record<string, AnswerNode>>, form: AnswerForm): void {
  let isFirst = true;
  for (const key in node) {
    // Keys are field names of the contract: nothing in them needs escaping.
    writer.text(isFirst ? '{"' : ',"');
    writer.text(key);
    writer.text('":');
    writeNode(node[key]!, form);
    isFirst = false;
  }
  writer.text(isFirst ? '{}' : '}');
}

function writeNested(values: TensorValues, shape: readonly number[], axis: number, start: number, end: number): void {
  if (shape.length === 0) {
    writer.float(values[0]!);
  } else if (axis === shape.length - 1) {
    writer.row(values, start, end);
  } else {
    const rows = shape[axis]!;
    const stride = (end - start) / rows;
    writer.text('[');
    for (let i = 0; i < rows; i++) {
      if (i > 0) writer.text(',');
      writeNested(values, shape, axis + 1, start + i * stride, start + (i + 1) * stride);
    }
    writer.text(']');
  }
}

function writeRows({ values, offsets }: AnswerRows): void {
  writer.text('[');
  for (let b = 0; b + 1 < offsets.length; b++) {
    if (b > 0) writer.text(',');
    writer.row(values, offsets[b]!, offsets[b + 1]!);
  }
  writer.text(']');
}

function writeBase64({ values, shape }: AnswerTensor, dtype: Dtype): void {
  const isWhole = values instanceof Uint8Array || values instanceof Int32Array;
  const written = isWhole ? values : inPrecision(values, dtype);
  if (!isWhole && firstNotFinite(written, dtype) >= 0) throw new RangeError(`not finite in ${dtype}`);
  const type = !isWhole ? dtype : values instanceof Uint8Array ? 'uint8' : 'int32';
  writer.text(`{"dtype":"${type}","shape":${JSON.stringify(shape)},"base64":`);
  writer.base64(new Uint8Array(written.buffer, written.byteOffset, written.byteLength));
  writer.text('}');
}

function inPrecision(values: Values, dtype: Dtype): Values {
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** Where in an answer that could not be written the number is that is not finite. */
function findNotFinite(node: AnswerNode, path: string, dtype: Dtype): NotFiniteError | undefined {
  if (typeof node !== 'object') return undefined;
  if (node instanceof AnswerTensor || node instanceof AnswerRows) {
    const at = firstNotFinite(node.values, dtype);
    return at < 0 ? undefined : new NotFiniteError(path, node instanceof AnswerTensor ? indexOf(at, node.shape) : [at], dtype);
  }
  if (node instanceof AnswerNumber) return firstNotFinite([node.value], dtype) < 0 ? undefined : new NotFiniteError(path, [], dtype);
  for (const [key, child] of Object.entries(node)) {
    const found = findNotFinite(child, `${path}/${key}`, dtype);
    if (found) return found;
  }
  return undefined;
}

function firstNotFinite(values: ArrayLike<number>, dtype: Dtype): number {
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(dtype === 'float32' ? Math.fround(value) : value)) return at;
  }
  return -1;
}

function indexOf(at: number, shape: readonly number[]): number[] {
  return shape.map((length, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % length);
}

function isArray(node: AnswerNode): node is readonly AnswerNode[] {
  return Array.isArray(node);
}
