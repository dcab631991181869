import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { encodeAnswer, type EncodedAnswer } from '../codecs/answer-json.ts';
import { byteLengthOf, bytesTypeOf, TensorChunks, type BytesType } from '../codecs/tensor-bytes.ts';
import type { Dtype } from '../compute/jobs.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { InferenceReply } from '../requests/inference-request.ts';
import { modelVersion, type Datatype } from '../requests/inference-models.ts';
import type { AnswerFields } from './answer.ts';

const datatypes: Readonly<Record<BytesType, Datatype>> = { float32: 'FP32', float64: 'FP64', int32: 'INT32', uint8: 'UINT8' };

/**
 * Answers an inference request.
 *
 * @throws {Problem} `invalid_request` when an output is asked for that was not computed.
 * @throws {RangeError} when a number is not finite in the precision; those of long tensors when their chunks are made.
 */
export function inferenceAnswer(model: string, fields: AnswerFields, reply: InferenceReply, dtype: Dtype): EncodedAnswer {
  const computed = outputsOf(fields);
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
      parameters: flatMeta(fields.meta as Record<string, AnswerNode>),
      outputs,
    },
    { encoding: 'json', dtype },
  );
  return { text, tensors: tensors.chunks };
}

/** The tensors of an answer by the protocol's names. */
function outputsOf({ results, ...recorded }: AnswerFields): Map<string, AnswerTensor | AnswerBlocks> {
  const outputs = new Map<string, AnswerTensor | AnswerBlocks>();
  const put = (prefix: string, nodes: Readonly<Record<string, AnswerNode>>) => {
    for (const [name, node] of Object.entries(nodes)) {
      if (node instanceof AnswerTensor) outputs.set(prefix + name, node.shape.length === 0 ? new AnswerTensor(node.values, [1]) : node);
      else if (node instanceof AnswerBlocks) outputs.set(prefix + name, node);
      else if (node instanceof AnswerNumber) outputs.set(prefix + name, new AnswerTensor(Float64Array.of(node.value), [1]));
      else if (node instanceof AnswerRows) {
        outputs.set(prefix + name, node.flat());
        outputs.set(prefix + node.offsetsName, node.offsetsTensor());
      } else if (name === 'grad') put('grad_', node as Readonly<Record<string, AnswerNode>>);
    }
  };
  const [first] = (results ?? [recorded]) as readonly Readonly<Record<string, AnswerNode>>[];
  put('', first!);
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

/** `meta` without its one level of nesting, which the protocol's parameters cannot have. */
function flatMeta({ fallback, ...meta }: Readonly<Record<string, AnswerNode>>): AnswerNode {
  const { from, reason } = (fallback ?? {}) as { from?: string; reason?: string };
  return { ...meta, ...(from !== undefined && { fallback_from: from }), ...(reason !== undefined && { fallback_reason: reason }) };
}

function notComputed(name: string, computed: ReadonlyMap<string, unknown>): Error {
  return invalidRequest([
    { path: '/outputs', message: `"${name}" is not computed by this request, which gives ${[...computed.keys()].join(', ')}` },
  ]);
}
