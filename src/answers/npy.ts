import { AnswerBlocks, AnswerNumber, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { npyHeader } from '../codecs/npy.ts';
import type { Piece } from '../codecs/pieces.ts';
import { bytesTypeOf, littleEndianBytes } from '../codecs/tensor-bytes.ts';
import type { Dtype } from '../compute/jobs.ts';
import type { AnswerFields } from './answer.ts';

/**
 * The one tensor of an answer as an npy file. What stands beside it (names, counts, losses) is left out.
 *
 * @throws {RangeError} when a number is not finite in the precision.
 */
export function npyPieces(fields: AnswerFields, dtype: Dtype): Piece[] {
  const tensor = oneTensor(fields);
  if (tensor instanceof AnswerBlocks) {
    const { type, shape, blocks } = tensor;
    return [
      npyHeader(type === 'float' ? dtype : type, shape),
      async function* () {
        for await (const block of blocks()) yield littleEndianBytes(block, dtype);
      },
    ];
  }
  const { values, shape } = tensor instanceof AnswerNumber ? new AnswerTensor(Float64Array.of(tensor.value), []) : tensor;
  return [npyHeader(bytesTypeOf(values, dtype), shape), littleEndianBytes(values, dtype)];
}

function oneTensor({ results, ...recorded }: AnswerFields): AnswerTensor | AnswerBlocks | AnswerNumber {
  const [only] = results === undefined ? [recorded] : (results as readonly Record<string, AnswerNode>[]);
  // Of a neuron's gradients, the gradient: the loss and the counts are by-products.
  const holder = (only!.grad instanceof AnswerTensor ? only! : (only!.grad ?? only!)) as Record<string, AnswerNode>;
  const tensor = Object.values(holder).find((node) => node instanceof AnswerTensor || node instanceof AnswerBlocks || node instanceof AnswerNumber);
  if (tensor === undefined) throw new Error('the answer holds no tensor');
  return tensor;
}
