import type { Values } from './jobs.ts';

/** Evenly spaced numbers as numpy.linspace makes them: `length` of the `count`, from `offset` on. */
export interface Linspace {
  readonly generate: 'linspace';
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly offset: number;
  readonly length: number;
}

/** Numbers repeated or in another order: row-major over `shape`, where a step along an axis is a stride in `base`; `length` of them, from `offset` on. */
export interface StridedView {
  readonly generate: 'view';
  readonly base: Numbers;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Numbers that a request describes rather than sends: plain data, from which whoever has reserved the memory makes them. */
export type GeneratedNumbers = Linspace | StridedView;

/** Numbers of a request, there already or yet to be made. */
export type Numbers = Values | GeneratedNumbers;

/** To make or go through so many numbers takes a millisecond or a few: more is done in slices, between which others have their turn. */
export const sliceLength = 2 ** 17;

/** As numpy.linspace: evenly spaced from `first` to exactly `last`. */
export function linspace(first: number, last: number, count: number): Linspace {
  return { generate: 'linspace', first, last, count, offset: 0, length: count };
}

/**
 * A view over `base`, or `base` itself where that holds the same numbers in the same order.
 *
 * @param strides of each axis of `shape`; all of `base` is within reach.
 * @example
 * materialize(stridedView(Float64Array.of(1, 2), [3, 2], [0, 1])); // Float64Array [1, 2, 1, 2, 1, 2]
 */
export function stridedView(base: Numbers, shape: readonly number[], strides: readonly number[]): Numbers {
  if (shape.includes(0)) return new Float64Array(0);
  const axes: { length: number; stride: number }[] = [];
  for (const [i, length] of shape.entries()) {
    if (length === 1) continue;
    const stride = strides[i]!;
    const outer = axes.at(-1);
    if (outer?.stride === stride * length) {
      outer.length *= length;
      outer.stride = stride;
    } else {
      axes.push({ length, stride });
    }
  }
  if (axes.length === 0 || (axes.length === 1 && axes[0]!.stride === 1)) return base;
  const lengths = axes.map(({ length }) => length);
  return {
    generate: 'view',
    base,
    shape: lengths,
    strides: axes.map(({ stride }) => stride),
    offset: 0,
    length: lengths.reduce((product, length) => product * length),
  };
}

export function isGenerated(numbers: Numbers): numbers is GeneratedNumbers {
  return !ArrayBuffer.isView(numbers);
}

export function valueAt(numbers: Numbers, index: number): number {
  if (!isGenerated(numbers)) return numbers[index]!;
  if (numbers.generate === 'view') return valueAt(numbers.base, baseIndex(numbers, numbers.offset + index));
  const { first, last, count } = numbers;
  const i = numbers.offset + index;
  if (i === count - 1) return count > 1 ? last : first;
  return i * ((last - first) / (count - 1)) + first;
}

/** Numbers [from, to), without a copy. */
export function sliceNumbers(numbers: Numbers, from: number, to: number): Numbers {
  return isGenerated(numbers) ? { ...numbers, offset: numbers.offset + from, length: to - from } : numbers.subarray(from, to);
}

/** Writes numbers [from, to) to `target`, from its index `at` on, rounded to its type. */
export function writeNumbers(numbers: Numbers, target: Values, at = 0, from = 0, to = numbers.length): void {
  if (!isGenerated(numbers)) target.set(from === 0 && to === numbers.length ? numbers : numbers.subarray(from, to), at);
  else if (numbers.generate === 'linspace') writeLinspace(numbers, target, at, from, to);
  else if (numbers.shape.at(-1)! < minRowLength) writeShortRows(numbers, target, at, from, to);
  else writeView(numbers, target, at, from, to);
}

function writeLinspace({ first, last, count, offset }: Linspace, target: Values, at: number, from: number, to: number): void {
  const step = (last - first) / (count - 1);
  for (let i = from; i < to; i++) target[at + i - from] = (offset + i) * step + first;
  if (to > from && offset + to === count) target[at + to - from - 1] = count > 1 ? last : first;
}

function writeView(view: StridedView, target: Values, at: number, from: number, to: number): void {
  const { base, shape, strides, offset } = view;
  const columns = shape.at(-1)!;
  const stride = strides.at(-1)!;
  const end = offset + to;
  // Row by row, of which the first and the last may be wanted in part.
  for (let next = offset + from; next < end;) {
    const length = Math.min(columns - (next % columns), end - next);
    const source = baseIndex(view, next);
    const place = at + next - offset - from;
    if (stride === 0) target.fill(valueAt(base, source), place, place + length);
    else if (stride === 1) writeNumbers(base, target, place, source, source + length);
    else for (let i = 0; i < length; i++) target[place + i] = valueAt(base, source + i * stride);
    next += length;
  }
}

/** Shorter rows are written several at a time, since finding where one begins takes longer than writing it. */
const minRowLength = 64;
const maxOffsets = 4096;

function writeShortRows(view: StridedView, target: Values, at: number, from: number, to: number): void {
  const { base, offset } = view;
  const end = offset + to;
  const offsets = trailingOffsets(view, Math.min(maxOffsets, to - from));
  for (let next = offset + from; next < end;) {
    const within = next % offsets.length;
    const length = Math.min(offsets.length - within, end - next);
    const source = baseIndex(view, next - within);
    const place = at + next - offset - from;
    for (let i = 0; i < length; i++) target[place + i] = valueAt(base, source + offsets[within + i]!);
    next += length;
  }
}

/** Offsets in the base of the numbers of a view's last axes, as many of the axes as have at most `max` numbers together. */
function trailingOffsets(view: StridedView, max: number): number[] {
  let count = 1;
  for (let axis = view.shape.length - 1; axis >= 0 && count * view.shape[axis]! <= max; axis--) count *= view.shape[axis]!;
  return Array.from({ length: count }, (_, index) => baseIndex(view, index));
}

/** Where in the base a view's number lies. */
function baseIndex({ shape, strides }: StridedView, index: number): number {
  let rest = index;
  let source = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    const along = rest % length;
    source += along * strides[axis]!;
    rest = (rest - along) / length;
  }
  return source;
}

/** The numbers as an array, in the type of what they are made from. */
export function materialize(numbers: Numbers): Values {
  if (!isGenerated(numbers)) return numbers;
  const values = isFloat32(numbers) ? new Float32Array(numbers.length) : new Float64Array(numbers.length);
  writeNumbers(numbers, values);
  return values;
}

function isFloat32(numbers: Numbers): boolean {
  if (!isGenerated(numbers)) return numbers instanceof Float32Array;
  return numbers.generate === 'view' && isFloat32(numbers.base);
}

/** Numbers among which the least and the greatest are. Rounding keeps a linspace in order, but for its last number, which is exact. */
export function extremes(numbers: Numbers): Values | readonly number[] {
  if (!isGenerated(numbers)) return numbers;
  if (numbers.generate === 'view') return extremes(numbers.base);
  const { length } = numbers;
  return [...new Set([0, length - 2, length - 1])].filter((index) => index >= 0 && index < length).map((index) => valueAt(numbers, index));
}
