import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, type AnswerNode } from '../codecs/answer-tree.ts';
import { encodeAnswer, type EncodedAnswer } from '../codecs/answer-json.ts';
import { npyHeader } from '../codecs/npy.ts';
import { byteLengthOf, bytesTypeOf, TensorChunks, type BytesType } from '../codecs/tensor-bytes.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import { dtypeOf, type Dtype } from '../compute/jobs.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { modelVersion, type Datatype } from '../requests/inference/inference-models.ts';
import type { InferenceReply, Plan } from '../requests/plan.ts';
import { jsonInUtf8, mediaTypes } from '../codecs/media-types.ts';
import { requireOneTensor, type AnswerFormat, type ResponseOutline } from './outline.ts';
import { metaOf, responseTree, type ComputeResponse } from './response.ts';

/** An answer's bytes; where both are there and it is framed, its tensors follow its JSON. */
export interface FormattedAnswer extends EncodedAnswer {
  readonly mediaType: string;
}

/** How a route writes its answers. */
export interface ResponseFormat {
  /** As what the bytes of a plan's answer are counted. */
  countedAs(plan: Plan): AnswerFormat;
  /** @throws {Problem} when a plan cannot be answered in the format. */
  accept(outline: ResponseOutline): void;
  /**
   * @param scope in whose memory long texts may be printed; undefined where the answer does not lie there.
   * @throws {RangeError} when a number is not finite in the answer's precision; those of long tensors when their chunks are made.
   */
  encode(response: ComputeResponse, scope?: RequestScope): FormattedAnswer;
}

const anyPlan = () => undefined;

/** The service's own formats. */
export const nativeFormats: Readonly<Record<(typeof mediaTypes)[keyof typeof mediaTypes], ResponseFormat>> = {
  [mediaTypes.json]: {
    countedAs: ({ options: { encoding = 'json' } }) => encoding,
    accept: anyPlan,
    encode(response, scope) {
      const { job, options } = response.outline.plan;
      const form = { encoding: options.encoding ?? 'json', dtype: dtypeOf(job), memory: scope?.arena && scope.memory };
      const { text, tensors } = encodeAnswer(responseTree(response), form);
      return { text, tensors, mediaType: jsonInUtf8 };
    },
  },
  [mediaTypes.framed]: {
    countedAs: () => 'framed',
    accept: anyPlan,
    encode(response) {
      const dtype = dtypeOf(response.outline.plan.job);
      return { ...encodeAnswer(responseTree(response), { encoding: 'framed', dtype }), mediaType: mediaTypes.framed };
    },
  },
  [mediaTypes.npy]: {
    countedAs: () => 'npy',
    accept: requireOneTensor,
    encode: (response) => npyFile(response, dtypeOf(response.outline.plan.job)),
  },
};

/** The Open Inference Protocol's format: which of its outputs are bytes is said by the request. */
export const inferenceFormat: ResponseFormat = {
  countedAs: () => 'inference',
  accept({ plan: { options } }) {
    if (options.dry_run !== true) return;
    throw invalidRequest([
      { path: '/parameters/dry_run', message: 'is not part of this protocol; send the request to one of the other routes' },
    ]);
  },
  encode(response) {
    const { job, reply = { binary: [], json: [] } } = response.outline.plan;
    return inferenceAnswer(response, reply, dtypeOf(job));
  },
};

const datatypes: Readonly<Record<BytesType, Datatype>> = { float32: 'FP32', float64: 'FP64', int32: 'INT32', uint8: 'UINT8' };

/**
 * Encodes an answer as the Open Inference Protocol has it.
 *
 * @throws {Problem} `invalid_request` when an output is asked for that was not computed.
 */
export function inferenceAnswer(response: ComputeResponse, reply: InferenceReply, dtype: Dtype): FormattedAnswer {
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
      model_name: response.outline.plan.job.kind,
      model_version: modelVersion,
      ...(reply.id !== undefined && { id: reply.id }),
      parameters: flatMeta(response),
      outputs,
    },
    { encoding: 'json', dtype },
  );
  return { text, tensors: tensors.chunks, mediaType: tensors.chunks.length > 0 ? mediaTypes.framed : mediaTypes.json };
}

/** The tensors of an answer by the protocol's names. */
function outputsOf({ outline, results: [nodes = []] }: ComputeResponse): Map<string, AnswerTensor | AnswerBlocks> {
  const outputs = new Map<string, AnswerTensor | AnswerBlocks>();
  for (const [i, node] of nodes.entries()) {
    const name = outline.tensors[i]!.path.join('_');
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
function flatMeta({ answer, notes: found }: ComputeResponse): AnswerNode {
  const { fallback, notes, ...meta } = metaOf(answer, found);
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

/** The selected tensor of an answer as an npy file. */
export function npyFile({ results: [nodes = []] }: ComputeResponse, dtype: Dtype): FormattedAnswer {
  // By-products come before it; it is never rows.
  const node = nodes.at(-1);
  if (node === undefined || node instanceof AnswerRows) throw new Error('the answer is no single tensor');
  const tensor = node instanceof AnswerNumber ? new AnswerTensor(Float64Array.of(node.value), []) : node;
  const file = new TensorChunks(dtype);
  file.add(tensor);
  return { text: [], tensors: [npyHeader(bytesTypeOf(tensor, dtype), tensor.shape), ...file.chunks], mediaType: mediaTypes.npy };
}
