import type { Dtype } from '../compute/jobs.ts';
import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, NotFiniteError, type AnswerNode } from './answer.ts';
import { firstNotFinite } from './tensor-bytes.ts';
import { sizeOf } from './tensor.ts';

/** Where in an answer the first number is that is not finite in a precision. Blocks, which are not there yet, are left out. */
export function findNotFinite(node: AnswerNode, dtype: Dtype, path = ''): NotFiniteError | undefined {
  if (typeof node !== 'object' || node instanceof AnswerBlocks) return undefined;
  if (node instanceof AnswerTensor || node instanceof AnswerRows) {
    const at = firstNotFinite(node.values, dtype);
    return at < 0 ? undefined : new NotFiniteError(path, node instanceof AnswerTensor ? indexOf(at, node.shape) : [at], dtype);
  }
  if (node instanceof AnswerNumber) return firstNotFinite([node.value], dtype) < 0 ? undefined : new NotFiniteError(path, [], dtype);
  for (const [key, child] of Object.entries(node)) {
    const found = findNotFinite(child, dtype, `${path}/${key}`);
    if (found) return found;
  }
  return undefined;
}

function indexOf(at: number, shape: readonly number[]): number[] {
  return shape.map((length, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % length);
}
