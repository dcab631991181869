import { AnswerNumber, AnswerRows, AnswerTensor, NotFiniteError, type AnswerNode, type TensorValues } from './answer.ts';
import { JsonWriter } from './json-writer.ts';
import { sizeOf } from './tensor.ts';

/** How tensors stand in a JSON answer: as nested arrays, or as little-endian bytes in base64. */
export type TensorEncoding = 'json' | 'base64';

// Encoding never waits, so that one writer serves all answers.
const writer = new JsonWriter();

/**
 * An answer as JSON text.
 *
 * @throws {NotFiniteError} when a number of the answer is infinite or undefined in float32.
 */
export function encodeJson(answer: AnswerNode, encoding: TensorEncoding): Buffer {
  writer.reset();
  try {
    writeNode(answer, encoding);
  } catch (error) {
    throw error instanceof RangeError ? (findNotFinite(answer, '') ?? error) : error;
  }
  return writer.finish();
}

function writeNode(node: AnswerNode, encoding: TensorEncoding): void {
  if (typeof node !== 'object') {
    writer.text(JSON.stringify(node));
  } else if (node instanceof AnswerTensor) {
    if (encoding === 'base64') writeBase64(node);
    else writeNested(node.values, node.shape, 0, 0, node.values.length);
  } else if (node instanceof AnswerRows) {
    writeRows(node);
  } else if (node instanceof AnswerNumber) {
    writer.float32(node.value);
  } else if (isArray(node)) {
    writer.text('[');
    for (let i = 0; i < node.length; i++) {
      if (i > 0) writer.text(',');
      writeNode(node[i]!, encoding);
    }
    writer.text(']');
  } else {
    writeObject(node, encoding);
  }
}

function writeObject(node: Readonly<Record<string, AnswerNode>>, encoding: TensorEncoding): void {
  let isFirst = true;
  for (const key in node) {
    // Keys are field names of the contract: nothing in them needs escaping.
    writer.text(isFirst ? '{"' : ',"');
    writer.text(key);
    writer.text('":');
    writeNode(node[key]!, encoding);
    isFirst = false;
  }
  writer.text(isFirst ? '{}' : '}');
}

function writeNested(values: TensorValues, shape: readonly number[], axis: number, start: number, end: number): void {
  if (shape.length === 0) {
    writer.float32(values[0]!);
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

function writeBase64({ values, shape }: AnswerTensor): void {
  const written = values instanceof Float64Array ? Float32Array.from(values) : values;
  const dtype = written instanceof Uint8Array ? 'uint8' : written instanceof Int32Array ? 'int32' : 'float32';
  if (dtype === 'float32' && firstNotFinite(written) >= 0) throw new RangeError('not finite in float32');
  writer.text(`{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"base64":`);
  writer.base64(new Uint8Array(written.buffer, written.byteOffset, written.byteLength));
  writer.text('}');
}

/** Where in an answer that could not be written the number is that is not finite. */
function findNotFinite(node: AnswerNode, path: string): NotFiniteError | undefined {
  if (typeof node !== 'object') return undefined;
  if (node instanceof AnswerTensor || node instanceof AnswerRows) {
    const at = firstNotFinite(node.values);
    return at < 0 ? undefined : new NotFiniteError(path, node instanceof AnswerTensor ? indexOf(at, node.shape) : [at]);
  }
  if (node instanceof AnswerNumber) return firstNotFinite([node.value]) < 0 ? undefined : new NotFiniteError(path, []);
  for (const [key, child] of Object.entries(node)) {
    const found = findNotFinite(child, `${path}/${key}`);
    if (found) return found;
  }
  return undefined;
}

function firstNotFinite(values: ArrayLike<number>): number {
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(Math.fround(values[at]!))) return at;
  }
  return -1;
}

function indexOf(at: number, shape: readonly number[]): number[] {
  return shape.map((length, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % length);
}

function isArray(node: AnswerNode): node is readonly AnswerNode[] {
  return Array.isArray(node);
}
