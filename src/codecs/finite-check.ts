import { memoryOf } from '../compute/engine/arena.ts';
import type { Dtype } from '../compute/jobs.ts';
import { indicesIn, type Values } from '../compute/numbers.ts';
import {
  AnswerBlocks,
  AnswerNumber,
  AnswerRows,
  AnswerTensor,
  AnswerTransposed,
  NotFiniteError,
  type AnswerNode,
  type TensorValues,
} from './answer-tree.ts';
import { Pacer, sliceValues } from './chunks.ts';
import { countBelow } from './json-numbers/index.ts';

/** The least magnitude that rounds to infinity in float32: halfway between the largest float32 and 2^128. */
export const beyondFloat32 = 2 ** 128 - 2 ** 103;

/** Index of the first number that is infinite or undefined in a precision, or -1. */
export function indexOfNotFinite(values: TensorValues | readonly number[], dtype: Dtype): number {
  if (values instanceof Uint8Array || values instanceof Int32Array) return -1;
  return indexOfMagnitudeAtLeast(values, dtype === 'float32' ? beyondFloat32 : Infinity);
}

/** Index of the first number whose magnitude is not below a bound, as NaN's never is, or -1. */
export function indexOfMagnitudeAtLeast(values: Values | readonly number[], bound: number): number {
  const first = firstUnchecked(values, bound);
  // A plain loop: `findIndex` with its callback takes ten times as long.
  for (let at = first; at < values.length; at++) {
    if (!(Math.abs(values[at]!) < bound)) return at;
  }
  return -1;
}

/** From where on the plain loop has to look. */
function firstUnchecked(values: Values | readonly number[], bound: number): number {
  if (!ArrayBuffer.isView(values)) return 0;
  const memory = memoryOf(values);
  return memory === undefined ? 0 : countBelow(values, memory, bound);
}

/** Floating-point numbers of an answer, and their JSON pointer in it. */
interface Leaf {
  readonly path: string;
  readonly node: AnswerTensor | AnswerTransposed | AnswerRows | AnswerNumber;
}

/**
 * Checks all numbers of an answer, in slices between which other requests are served. Blocks, which are not computed yet, are left out.
 *
 * @param path JSON pointer of the node in the answer, where it is a part of it.
 * @throws {NotFiniteError} for the first number that is not finite in a precision.
 */
export async function requireFinite(answer: AnswerNode, dtype: Dtype, path = ''): Promise<void> {
  const pacer = new Pacer();
  let checked = 0;
  for (const leaf of leavesOf(answer, path)) {
    const count = countOf(leaf);
    for (let from = 0; from < count; from += sliceValues) {
      const to = Math.min(from + sliceValues, count);
      const found = search(leaf, from, to, dtype);
      if (found !== undefined) throw found;
      checked += to - from;
      if (checked < sliceValues) continue;
      await pacer.pause();
      checked = 0;
    }
  }
}

/** The first number of an answer that is not finite in a precision, among tensors of at most `maxCount` numbers. */
export function findNotFinite(answer: AnswerNode, dtype: Dtype, maxCount: number): NotFiniteError | undefined {
  for (const leaf of leavesOf(answer, '')) {
    const count = countOf(leaf);
    const found = count <= maxCount ? search(leaf, 0, count, dtype) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function* leavesOf(node: AnswerNode, path: string): Generator<Leaf> {
  if (typeof node !== 'object' || node === null) return;
  if (node instanceof AnswerTransposed) yield { path, node };
  else if (node instanceof AnswerBlocks) return;
  else if (node instanceof AnswerTensor || node instanceof AnswerRows || node instanceof AnswerNumber) yield { path, node };
  else for (const [key, child] of Object.entries(node)) yield* leavesOf(child, `${path}/${key}`);
}

function countOf({ node }: Leaf): number {
  if (node instanceof AnswerRows) return node.count;
  return node instanceof AnswerNumber ? 1 : node.values.length;
}

function search({ path, node }: Leaf, from: number, to: number, dtype: Dtype): NotFiniteError | undefined {
  const values =
    node instanceof AnswerRows ? node.numbers(from, to) : node instanceof AnswerNumber ? [node.value] : node.values.subarray(from, to);
  const found = indexOfNotFinite(values, dtype);
  if (found < 0) return undefined;
  return new NotFiniteError(path, indexIn(node, from + found), dtype);
}

function indexIn(node: Leaf['node'], at: number): number[] {
  if (node instanceof AnswerTensor) return indicesIn(node.shape, at);
  if (node instanceof AnswerTransposed) return indicesIn(node.shape, node.indexOf(at));
  return node instanceof AnswerRows ? [at] : [];
}
