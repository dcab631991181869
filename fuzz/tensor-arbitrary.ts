import fc, { type Arbitrary } from 'fast-check';

import { elementTypeNames, type ElementType } from '../src/codecs/element-types.ts';
import { FuzzTensor, type TensorForm } from './tensor.ts';

/** Numbers all over a range: fast-check's own gather at its ends and at 0. */
export function spread(min: number, max: number): Arbitrary<number> {
  return fc.noBias(fc.integer({ min: 0, max: 1e6 })).map((part) => min + (part / 1e6) * (max - min));
}

export const number = fc.oneof(
  { weight: 12, arbitrary: spread(-3, 3) },
  { weight: 4, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-45, -1e-38, 1e-20, 1e4, -1e4) },
);
const forms = fc.constantFrom<TensorForm>('nested', 'flat', 'base64', 'bytes', 'bytes');

/** One tensor of float64 makes all of a request float64, so few are. */
const dtypes = fc.oneof(
  { weight: 9, arbitrary: fc.constant<ElementType>('float32') },
  { weight: 2, arbitrary: fc.constant<ElementType>('float64') },
  { weight: 2, arbitrary: fc.constantFrom(...elementTypeNames) },
);

/** A number of a type near another. */
function ofType(dtype: ElementType, value: number): number {
  if (dtype.includes('float')) return value;
  if (dtype === 'bool' || dtype === 'bits') return Number(value > 0);
  const whole = Math.round(value);
  return dtype.startsWith('u') ? Math.abs(whole) : whole;
}

export function tensorOf(shape: readonly number[], value: Arbitrary<number> = number): Arbitrary<FuzzTensor> {
  const size = shape.reduce((product, length) => product * length, 1);
  return fc.tuple(fc.array(value, { minLength: size, maxLength: size, size: 'max' }), forms, dtypes).map(([values, form, dtype]) => {
    const given = values.map((value) => ofType(dtype, value));
    return new FuzzTensor(shape, given, form, dtype);
  });
}
