import { Type, type TUnsafe } from '@sinclair/typebox';

import { elementTypeNames, type ElementType } from '../codecs/element-types.ts';
import { schemaReference, type NamedSchema } from './common.ts';

/** Nested arrays of numbers, to any depth. */
export type NestedNumbers = readonly (number | NestedNumbers)[];

/** Any form in which a request may give a tensor. */
export type TensorInput =
  | number
  | NestedNumbers
  | { readonly shape: readonly number[]; readonly data: readonly number[] }
  | { readonly dtype: ElementType; readonly shape: readonly number[]; readonly base64: string }
  | { readonly linspace: readonly [first: number, last: number, count: number] };

/** The types of an answer's tensors. */
export const answerTypes = ['float32', 'float64', 'int32', 'uint8'] as const;

/** A tensor of an answer, with JSON or base64 numbers. */
export type TensorOutput =
  number | NestedNumbers | { readonly dtype: (typeof answerTypes)[number]; readonly shape: readonly number[]; readonly base64: string };

export const shapeSchema = Type.Array(Type.Integer({ minimum: 0 }), {
  maxItems: 64,
  description: 'Length of each dimension, outermost first.',
});

const arrayOf = (items: object): object => ({ type: 'array', items });
const numbers = arrayOf({ type: 'number' });
/** The self-reference is in `else`, which generators ignore: openapi-typescript would write an interface that does not compile. */
const numbersOrDeeper = arrayOf({ if: { type: 'number' }, else: { $ref: 'NestedNumbers#' } });

/** Nested arrays of numbers, for the documentation; a decoder checks that they are rectangular. */
export const nestedNumbersSchema: NamedSchema = {
  $id: 'NestedNumbers',
  title: 'nested arrays',
  description: 'Rectangular nested arrays of numbers, of any depth.',
  anyOf: [
    numbers,
    arrayOf(numbers),
    arrayOf(arrayOf(numbers)),
    arrayOf(arrayOf(arrayOf(numbers))),
    arrayOf(arrayOf(arrayOf(arrayOf(numbersOrDeeper)))),
  ],
  examples: [
    [
      [1, 2],
      [3, 4],
    ],
  ],
};

function base64Tensor(types: readonly string[]): object {
  const dtype = Type.String({ enum: [...types] });
  const base64 = Type.String({ contentEncoding: 'base64', description: 'Little-endian, row-major bytes.' });
  return { title: 'base64', ...Type.Object({ dtype, shape: shapeSchema, base64 }, { additionalProperties: false }) };
}

/** A request's tensor, for the documentation; `decodeTensor` checks it in one pass over the numbers. */
export const tensorSchema: NamedSchema = {
  $id: 'Tensor',
  title: 'Tensor',
  description:
    "A number, which broadcasts, or an array of numbers in any of these forms. Numbers must be finite and inside float32's range; `null`, strings, booleans and ragged arrays are refused, never coerced. In base64 they may have any of these types, of which integers and half floats are widened to the precision of the request; each integer must be one that float32 holds exactly, a `bool` is a byte 0 or 1, and `bits` are 0 or 1, eight a byte as `numpy.packbits` packs them.",
  oneOf: [
    { title: 'number', type: 'number', examples: [1.5] },
    { $ref: 'NestedNumbers#' },
    {
      title: 'flat data with a shape',
      ...Type.Object({ shape: shapeSchema, data: Type.Array(Type.Number()) }, { additionalProperties: false }),
      examples: [{ shape: [2, 2], data: [1, 2, 3, 4] }],
    },
    { ...base64Tensor(elementTypeNames), examples: [{ dtype: 'float32', shape: [2], base64: 'AACAPwAAAEA=' }] },
    {
      title: 'linspace',
      ...Type.Object(
        {
          linspace: Type.Array(Type.Number(), {
            minItems: 3,
            maxItems: 3,
            description: '[first, last, count]: evenly spaced, both ends included, as numpy.linspace.',
          }),
        },
        { additionalProperties: false },
      ),
      examples: [{ linspace: [0.5, 2.5, 50] }],
    },
  ],
};

/** An answer's tensor, for the documentation. */
export const tensorOutputSchema: NamedSchema = {
  $id: 'TensorOutput',
  title: 'Tensor of an answer',
  description:
    'A number or nested arrays; with `"encoding": "base64"` an object. Numbers have as many digits as it takes to read back the same float32, or the same float64 where the request is computed in it.',
  oneOf: [{ title: 'number', type: 'number' }, { $ref: 'NestedNumbers#' }, base64Tensor(answerTypes)],
};

/** A field that takes a tensor. */
export function Tensor(description: string): TUnsafe<TensorInput> {
  return Type.Unsafe<TensorInput>(schemaReference(tensorSchema, description));
}

/** A field of an answer that is a tensor. */
export function TensorAnswer(description: string): TUnsafe<TensorOutput> {
  return Type.Unsafe<TensorOutput>(schemaReference(tensorOutputSchema, description));
}
