import { bytesOfNarrow, type NarrowType } from '../compute/narrow-numbers.ts';
import { quote } from '../errors/describe.ts';

/** A type that the numbers of a request may have as bytes. */
export type ElementType = 'float32' | 'float64' | NarrowType;

/** What npy files and the Open Inference Protocol call each type, where they have it. */
export const elementTypes: Readonly<Record<ElementType, { readonly npy?: string; readonly datatype?: string }>> = {
  float32: { npy: '<f4', datatype: 'FP32' },
  float64: { npy: '<f8', datatype: 'FP64' },
  bits: {},
  bool: { npy: '|b1', datatype: 'BOOL' },
  uint8: { npy: '|u1', datatype: 'UINT8' },
  int8: { npy: '|i1', datatype: 'INT8' },
  uint16: { npy: '<u2', datatype: 'UINT16' },
  int16: { npy: '<i2', datatype: 'INT16' },
  uint32: { npy: '<u4', datatype: 'UINT32' },
  int32: { npy: '<i4', datatype: 'INT32' },
  uint64: { npy: '<u8', datatype: 'UINT64' },
  int64: { npy: '<i8', datatype: 'INT64' },
  float16: { npy: '<f2', datatype: 'FP16' },
  bfloat16: { datatype: 'BF16' },
};

export const elementTypeNames = Object.keys(elementTypes) as readonly ElementType[];

/** The types by another of their names. */
export function typesBy(name: 'npy' | 'datatype'): ReadonlyMap<string, ElementType> {
  return new Map(
    elementTypeNames.flatMap((type) => {
      const other = elementTypes[type][name];
      return other === undefined ? [] : [[other, type] as const];
    }),
  );
}

export function isElementType(name: unknown): name is ElementType {
  return typeof name === 'string' && Object.hasOwn(elementTypes, name);
}

/** How many bytes so many numbers take. */
export function bytesOfElements(type: ElementType, count: number): number {
  return Math.ceil(count * (type === 'float32' ? 4 : type === 'float64' ? 8 : bytesOfNarrow(type)));
}

/** The least and the largest number of a type of integers. */
export function rangeOfInteger(type: NarrowType): readonly [least: number, largest: number] {
  const bits = 8 * bytesOfNarrow(type);
  return type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** Names in quotes, for errors. */
export function listOf(names: Iterable<string>): string {
  return [...names].map(quote).join(', ');
}
