import { extremesOfNarrow, narrowAt, widen, type NarrowNumbers } from './narrow-numbers.ts';

/** Numbers in memory. Requests keep float64; back-ends round to their arithmetic. */
export type Values = Float32Array | Float64Array;

/** Evenly spaced numbers as numpy.linspace makes them: `length` of the `count`, from `offset` on. */
export interface Linspace {
  readonly generate: 'linspace';
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly offset: number;
  readonly length: number;
}

/** A view that repeats or reorders numbers of `base`, as numpy's strides do: `length` of its numbers in row-major order, from `offset` on. */
export interface StridedView {
  readonly generate: 'view';
  readonly base: Numbers;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly length: number;
}

/** Numbers that a request describes, or sends in a type that is widened: plain data, from which they are generated once their memory is reserved. */
export type GeneratedNumbers = Linspace | StridedView | NarrowNumbers;

/** Numbers of a request, in memory or still to be generated. */
export type Numbers = Values | GeneratedNumbers;

/** Zeros in a precision. */
export function zeros(dtype: 'float32' | 'float64', length: number): Values {
  return dtype === 'float32' ? new Float32Array(length) : new Float64Array(length);
}

/** As numpy.linspace: evenly spaced from `first` to exactly `last`. */
export function linspace(first: number, last: number, count: number): Linspace {
  return { generate: 'linspace', first, last, count, offset: 0, length: count };
}

/**
 * A view over `base`, or `base` itself if the view has the same numbers in the same order.
 *
 * @param strides the stride in `base` of each axis of `shape`.
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
  if (numbers.generate === 'widened') return narrowAt(numbers, index);
  const { first, last, count } = numbers;
  const i = numbers.offset + index;
  if (i === count - 1) return count > 1 ? last : first;
  return i * ((last - first) / (count - 1)) + first;
}

/** Numbers [from, to), without a copy. */
export function sliceNumbers(numbers: Numbers, from: number, to: number): Numbers {
  return isGenerated(numbers) ? { ...numbers, offset: numbers.offset + from, length: to - from } : numbers.subarray(from, to);
}

/** Writes numbers [from, to) to `target` from index `at` on, rounded to its type. */
export function writeNumbers(numbers: Numbers, target: Values, at = 0, from = 0, to = numbers.length): void {
  if (!isGenerated(numbers)) target.set(from === 0 && to === numbers.length ? numbers : numbers.subarray(from, to), at);
  else if (numbers.generate === 'linspace') writeLinspace(numbers, target, at, from, to);
  else if (numbers.generate === 'widened') widen(numbers, target, at, from, to);
  else writeView(numbers, target, at, from, to);
}

function writeLinspace({ first, last, count, offset }: Linspace, target: Values, at: number, from: number, to: number): void {
  const step = (last - first) / (count - 1);
  for (let i = from; i < to; i++) target[at + i - from] = (offset + i) * step + first;
  if (to > from && offset + to === count) target[at + to - from - 1] = count > 1 ? last : first;
}

/** Longer runs of a row are written by one call. */
const minRunLength = 64;

function writeView(view: StridedView, target: Values, at: number, from: number, to: number): void {
  const { base, shape, strides, offset } = view;
  const last = shape.length - 1;
  const columns = shape[last]!;
  const stride = strides[last]!;
  // The column, and of each outer axis the index, of the next number; counted on, since division at each row takes longer than a short row.
  const indices = indicesIn(shape, offset + from);
  let row = indices.reduce((sum, index, axis) => (axis === last ? sum : sum + index * strides[axis]!), 0);
  let column = indices[last]!;
  for (let next = from; next < to;) {
    const length = Math.min(columns - column, to - next);
    const source = row + column * stride;
    const place = at + next - from;
    if (length >= minRunLength && stride === 0) target.fill(valueAt(base, source), place, place + length);
    else if (length >= minRunLength && stride === 1) writeNumbers(base, target, place, source, source + length);
    else for (let i = 0; i < length; i++) target[place + i] = valueAt(base, source + i * stride);
    next += length;
    column = 0;
    for (let axis = last - 1; axis >= 0; axis--) {
      row += strides[axis]!;
      if (++indices[axis]! < shape[axis]!) break;
      row -= strides[axis]! * shape[axis]!;
      indices[axis] = 0;
    }
  }
}

/** The index along each axis of a number in row-major order. */
export function indicesIn(shape: readonly number[], index: number): number[] {
  const indices = new Array<number>(shape.length);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis]!;
    indices[axis] = rest % length;
    rest = Math.floor(rest / length);
  }
  return indices;
}

/** The index in the base of a view's number. */
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

/** Whether they are bits, in their order. */
export function areBits(numbers: Numbers): numbers is NarrowNumbers {
  return isGenerated(numbers) && numbers.generate === 'widened' && numbers.type === 'bits';
}

/** The numbers as an array: float32 if they are a view on float32 numbers or narrower ones, else float64. */
export function materialize(numbers: Numbers): Values {
  if (!isGenerated(numbers)) return numbers;
  const values = zeros(isFloat32(numbers) ? 'float32' : 'float64', numbers.length);
  writeNumbers(numbers, values);
  return values;
}

function isFloat32(numbers: Numbers): boolean {
  if (!isGenerated(numbers)) return numbers instanceof Float32Array;
  return numbers.generate === 'widened' || (numbers.generate === 'view' && isFloat32(numbers.base));
}

/** A few numbers that include the minimum and the maximum. A rounded linspace is in order, except for its last number, which is exact. */
export function extremes(numbers: Numbers): Values | readonly number[] {
  if (!isGenerated(numbers)) return numbers;
  if (numbers.generate === 'view') return extremes(numbers.base);
  if (numbers.generate === 'widened') return numbers.length === 0 ? [] : extremesOfNarrow(numbers);
  const { length } = numbers;
  return [...new Set([0, length - 2, length - 1])].filter((index) => index >= 0 && index < length).map((index) => valueAt(numbers, index));
}
