import type { Dtype } from '../compute/jobs.ts';
import { AnswerBlocks, AnswerNumber, AnswerRows, AnswerTensor, NotFiniteError, type AnswerNode } from './answer.ts';
import { Pacer, sliceValues } from './pieces.ts';
import { firstNotFinite } from './tensor-bytes.ts';
import { sizeOf } from './tensor.ts';

/** Floating-point numbers of an answer, and where they are in it. */
interface Place {
  readonly path: string;
  readonly node: AnswerTensor | AnswerRows | AnswerNumber;
}

/**
 * Looks through all numbers of an answer, between others' turns. Blocks, which are not there yet, are left out.
 *
 * @throws {NotFiniteError} that says where the first number is that is not finite in a precision.
 */
export async function requireFinite(answer: AnswerNode, dtype: Dtype): Promise<void> {
  const pacer = new Pacer();
  let looked = 0;
  for (const place of placesIn(answer, '')) {
    const count = countOf(place);
    for (let from = 0; from < count; from += sliceValues) {
      const to = Math.min(from + sliceValues, count);
      const found = search(place, from, to, dtype);
      if (found !== undefined) throw found;
      looked += to - from;
      if (looked < sliceValues) continue;
      await pacer.pause();
      looked = 0;
    }
  }
}

/** The first number of an answer that is not finite in a precision, of tensors with so many numbers at most. */
export function findNotFinite(answer: AnswerNode, dtype: Dtype, maxCount = Infinity): NotFiniteError | undefined {
  for (const place of placesIn(answer, '')) {
    const count = countOf(place);
    const found = count <= maxCount ? search(place, 0, count, dtype) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function* placesIn(node: AnswerNode, path: string): Generator<Place> {
  if (typeof node !== 'object' || node instanceof AnswerBlocks) return;
  if (node instanceof AnswerTensor || node instanceof AnswerRows || node instanceof AnswerNumber) yield { path, node };
  else for (const [key, child] of Object.entries(node)) yield* placesIn(child, `${path}/${key}`);
}

function countOf({ node }: Place): number {
  return node instanceof AnswerTensor ? node.values.length : node instanceof AnswerRows ? node.count : 1;
}

function search({ path, node }: Place, from: number, to: number, dtype: Dtype): NotFiniteError | undefined {
  const values =
    node instanceof AnswerTensor ? node.values.subarray(from, to) : node instanceof AnswerRows ? node.numbers(from, to) : [node.value];
  const found = firstNotFinite(values, dtype);
  if (found < 0) return undefined;
  const at = from + found;
  return new NotFiniteError(path, node instanceof AnswerTensor ? indexOf(at, node.shape) : node instanceof AnswerRows ? [at] : [], dtype);
}

function indexOf(at: number, shape: readonly number[]): number[] {
  return shape.map((length, axis) => Math.floor(at / sizeOf(shape.slice(axis + 1))) % length);
}
