import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { encodeAnswer, type EncodedAnswer } from '../codecs/answer-json.ts';
import { npyHeader } from '../codecs/npy.ts';
import type { Chunk } from '../codecs/chunks.ts';
import { byteLengthOf, bytesTypeOf, TensorChunks, type BytesType } from '../codecs/tensor-bytes.ts';
import type { Dtype } from '../compute/jobs.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { modelVersion, type Datatype } from '../requests/inference-models.ts';
import type { InferenceReply } from '../requests/plan.ts';
import type { ComputeResponse, Meta } from './response.ts';

const datatypes: Readonly<Record<BytesType, Datatype>> = { float32: 'FP32', float64: 'FP64', int32: 'INT32', uint8: 'UINT8' };

/**
 * Encodes an answer as the Open Inference Protocol has it.
 *
 * @throws {Problem} `invalid_request` when an output is asked for that was not computed.
 * @throws {RangeError} when a number is not finite in the dtype; those of long tensors when their chunks are made.
 */
export function inferenceAnswer(model: string, response: ComputeResponse, reply: InferenceReply, dtype: Dtype): EncodedAnswer {
  const computed = outputsOf(response);
  const tensors = new TensorChunks(dtype);
  const outputs = (reply.outputs ?? [...computed.keys()]).map((name) => {
    const tensor = computed.get(name);
    if (tensor === undefined) throw notComputed(name, computed);
    const isBinary = !reply.json.includes(name) && (reply.binary === 'all' || reply.binary.includes(name));
    return outputNode(name, tensor, isBinary ? tensors : undefined, dtype);
  });
  const { text } = encodeAnswer(
    {
      model_name: model,
      model_version: modelVersion,
      ...(reply.id !== undefined && { id: reply.id }),
      parameters: flatMeta(response.meta),
      outputs,
    },
    { encoding: 'json', dtype },
  );
  return { text, tensors: tensors.chunks };
}

/** The tensors of an answer by the protocol's names. */
function outputsOf({ results: [tensors = []] }: ComputeResponse): Map<string, AnswerTensor | AnswerBlocks> {
  const outputs = new Map<string, AnswerTensor | AnswerBlocks>();
  for (const { path, node } of tensors) {
    const name = path.join('_');
    if (node instanceof AnswerRows) outputs.set(name, node.flat()).set(node.offsetsName, node.offsetsTensor());
    else if (node instanceof AnswerNumber) outputs.set(name, new AnswerTensor(Float64Array.of(node.value), [1]));
    else if (node instanceof AnswerTensor && node.shape.length === 0) outputs.set(name, new AnswerTensor(node.values, [1]));
    else outputs.set(name, node);
  }
  return outputs;
}

function outputNode(name: string, tensor: AnswerTensor | AnswerBlocks, behind: TensorChunks | undefined, dtype: Dtype): AnswerNode {
  const head = { name, datatype: datatypes[bytesTypeOf(tensor, dtype)], shape: tensor.shape };
  if (behind === undefined) return { ...head, data: flat(tensor) };
  behind.add(tensor);
  return { ...head, parameters: { binary_data_size: byteLengthOf(tensor, dtype) } };
}

function flat(tensor: AnswerTensor | AnswerBlocks): AnswerNode {
  if (tensor instanceof AnswerTensor) return new AnswerTensor(tensor.values, [tensor.values.length]);
  return new AnswerBlocks(tensor.type, [tensor.count], tensor.blocks);
}

/** `meta` without nesting, which the protocol's parameters do not allow: notes are JSON as text. */
function flatMeta({ fallback, notes, ...meta }: Meta): AnswerNode {
  if (fallback === undefined && notes === undefined) return meta;
  return {
    ...meta,
    ...(fallback && { fallback_from: fallback.from, fallback_reason: fallback.reason }),
    ...(notes && { notes: JSON.stringify(notes) }),
  };
}

function notComputed(name: string, computed: ReadonlyMap<string, unknown>): Error {
  return invalidRequest([
    { path: '/outputs', message: `"${name}" is not computed by this request, which gives ${[...computed.keys()].join(', ')}` },
  ]);
}

/**
 * The selected tensor of an answer as an npy file.
 *
 * @throws {RangeError} when a number is not finite in the dtype; of a long tensor when its chunk is made.
 */
export function npyFile({ results: [tensors = []] }: ComputeResponse, dtype: Dtype): Chunk[] {
  // By-products come before it; it is never rows.
  const node = tensors.at(-1)?.node;
  if (node === undefined || node instanceof AnswerRows) throw new Error('the answer is no single tensor');
  const tensor = node instanceof AnswerNumber ? new AnswerTensor(Float64Array.of(node.value), []) : node;
  const file = new TensorChunks(dtype);
  file.add(tensor);
  return [npyHeader(bytesTypeOf(tensor, dtype), tensor.shape), ...file.chunks];
}
