import { AnswerBlocks, AnswerNumber, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { npyHeader } from '../codecs/npy.ts';
import type { Chunk } from '../codecs/chunks.ts';
import { bytesTypeOf, TensorChunks } from '../codecs/tensor-bytes.ts';
import type { Dtype } from '../compute/jobs.ts';
import type { AnswerFields } from './answer.ts';

/**
 * The one tensor of an answer as an npy file. What stands beside it (names, counts, losses) is left out.
 *
 * @throws {RangeError} when a number is not finite in the precision; a long tensor's chunk does when it is made.
 */
export function npyChunks(fields: AnswerFields, dtype: Dtype): Chunk[] {
  const found = oneTensor(fields);
  const tensor = found instanceof AnswerNumber ? new AnswerTensor(Float64Array.of(found.value), []) : found;
  const tensors = new TensorChunks(dtype);
  tensors.add(tensor);
  return [npyHeader(bytesTypeOf(tensor, dtype), tensor.shape), ...tensors.chunks];
}

function oneTensor({ results, ...recorded }: AnswerFields): AnswerTensor | AnswerBlocks | AnswerNumber {
  const [only] = results === undefined ? [recorded] : (results as readonly Record<string, AnswerNode>[]);
  // Of a neuron's gradients, the gradient: the loss and the counts are by-products.
  const holder = (only!.grad instanceof AnswerTensor ? only! : (only!.grad ?? only!)) as Record<string, AnswerNode>;
  const tensor = Object.values(holder).find(
    (node) => node instanceof AnswerTensor || node instanceof AnswerBlocks || node instanceof AnswerNumber,
  );
  if (tensor === undefined) throw new Error('the answer holds no tensor');
  return tensor;
}
