import { bytesPerValue } from '../codecs/tensor-bytes.ts';
import { TensorText } from '../codecs/tensor-text.ts';
import { sizeOf } from '../codecs/ndarray.ts';
import type { Surrogate } from '../compute/surrogates/definition.ts';
import { checkAnswerBytes, type Limits } from '../config/limits.ts';
import type { InferenceReply } from '../requests/inference-request.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { answerOutline, type TensorOutline } from './outline.ts';

/** How an answer is written: JSON with its tensors as numbers or in base64, framed, as an npy file, or by the Open Inference Protocol. */
export type AnswerFormat = 'json' | 'base64' | 'framed' | 'npy' | 'inference';

/** How many bytes an answer has at most. */
export interface AnswerSize {
  readonly bytes: number;
  /** Those of them that are computed while the answer leaves. */
  readonly streamedBytes: number;
}

/** Everything in an answer but its surrogates and tensors. */
const frameBytes = 2048;
/** A parameter's number, and what stands around it and its name. */
const parameterBytes = 32;
/** What stands around a tensor, but for its names and its shape. */
const headBytes = 128;
/** A length of a shape, and its comma. */
const lengthBytes = 17;

/** An upper bound of an answer's bytes, from the plan alone. */
export function answerSize<O extends Operation>(operation: O, plan: Plans[O], format: AnswerFormat): AnswerSize {
  const { surrogates, tensors } = answerOutline(operation, plan);
  let tensorBytes = 0;
  let streamedBytes = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor, format, plan.reply);
    tensorBytes += bytes;
    if (tensor.streams === true) streamedBytes += bytes;
  }
  let bytes = frameBytes + tensorBytes * Math.max(1, surrogates.length);
  for (const surrogate of surrogates) bytes += surrogateBytes(surrogate);
  // Any character of an id may need an escape of six.
  if (plan.reply?.id !== undefined) bytes += 6 * plan.reply.id.length;
  return { bytes, streamedBytes };
}

/** @throws {Problem} `too_much_work` when an answer may have more bytes than one request may have made for it. */
export function checkAnswerSize<O extends Operation>(operation: O, plan: Plans[O], format: AnswerFormat, limits: Limits): void {
  const { bytes, streamedBytes } = answerSize(operation, plan, format);
  checkAnswerBytes(bytes - streamedBytes, limits);
}

function surrogateBytes({ name, parameters }: Surrogate): number {
  let bytes = headBytes + name.length;
  for (const parameter in parameters) bytes += parameter.length + parameterBytes;
  return bytes;
}

function bytesOf(tensor: TensorOutline, format: AnswerFormat, reply: InferenceReply | undefined): number {
  const { path, shape, type, textBytes, rows } = tensor;
  const count = sizeOf(shape);
  const binary = count * bytesPerValue[type];
  const text = count * textBytes;
  const head = headBytes + lengthBytes * shape.length;
  switch (format) {
    case 'json':
      return head + text + 3 * (rows === undefined ? TensorText.arrays(shape) : rows + 1);
    case 'base64':
      return rows === undefined ? head + 4 * Math.ceil(binary / 3) : bytesOf(tensor, 'json', reply);
    case 'framed':
    case 'npy':
      return head + binary + offsetBytes(rows);
    case 'inference': {
      const name = path.join('_');
      const isWanted = reply?.outputs?.includes(name) ?? true;
      return (isWanted ? head + Math.max(text, binary) : 0) + offsetBytes(rows);
    }
  }
}

/** Where each row begins, as a tensor of its own. */
function offsetBytes(rows: number | undefined): number {
  return rows === undefined ? 0 : headBytes + lengthBytes + 11 * (rows + 1);
}
