import type { Dtype } from '../../../jobs.ts';

/** How numbers lie in a 128-bit vector: all of a kernel's text and memory that depends on its arithmetic. */
export interface LaneType {
  readonly dtype: Dtype;
  readonly name: 'f32x4' | 'f64x2';
  /** The same lanes as integers. */
  readonly integers: 'i32x4' | 'i64x2';
  /** Lanes of a vector: neurons, or values. */
  readonly count: 4 | 2;
  /** Of one lane. */
  readonly bits: 32 | 64;
  readonly bytes: 4 | 8;
  /** The largest finite number. */
  readonly largest: number;
  /** The nearest number that a lane holds. */
  readonly round: (value: number) => number;
  /** WebAssembly text of the lanes' integers as int32, in the low bytes of a vector. */
  readonly toInt32: (integers: string) => string;
  /** WebAssembly text of the lanes' integers from the low int32 of a vector. */
  readonly fromInt32: (int32: string) => string;
  /** WebAssembly text of the lanes' integers, which fit an int32, as floats. */
  readonly toFloats: (integers: string) => string;
  /** WebAssembly text of the lanes' whole numbers, which fit an int32, as integers. */
  readonly toIntegers: (floats: string) => string;
  /** WebAssembly text of a local's sums of two such integers that are not negative, or the largest int32 where that is less. */
  readonly limitToInt32: (sums: string) => string;
}

export const f32x4: LaneType = {
  dtype: 'float32',
  name: 'f32x4',
  integers: 'i32x4',
  count: 4,
  bits: 32,
  bytes: 4,
  largest: 3.4028234663852886e38,
  round: Math.fround,
  toInt32: (integers) => integers,
  fromInt32: (int32) => int32,
  toFloats: (integers) => `(f32x4.convert_i32x4_s ${integers})`,
  toIntegers: (floats) => `(i32x4.trunc_sat_f32x4_s ${floats})`,
  // As unsigned integers, the sums do not overflow.
  limitToInt32: (sums) => `(i32x4.min_u ${sums} (v128.const i32x4${' 0x7fffffff'.repeat(4)}))`,
};

const largestInt32s = `(v128.const i64x2${' 0x7fffffff'.repeat(2)})`;
const lowWords = '0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11';

export const f64x2: LaneType = {
  dtype: 'float64',
  name: 'f64x2',
  integers: 'i64x2',
  count: 2,
  bits: 64,
  bytes: 8,
  largest: Number.MAX_VALUE,
  round: (value) => value,
  toInt32: (integers) => `(i8x16.shuffle ${lowWords} ${integers} ${integers})`,
  fromInt32: (int32) => `(i64x2.extend_low_i32x4_s ${int32})`,
  toFloats: (integers) => `(f64x2.convert_low_i32x4_s ${f64x2.toInt32(integers)})`,
  toIntegers: (floats) => f64x2.fromInt32(`(i32x4.trunc_sat_f64x2_s_zero ${floats})`),
  limitToInt32: (sums) => `(v128.bitselect ${largestInt32s} ${sums} (i64x2.gt_s ${sums} ${largestInt32s}))`,
};

/** The lanes of a job's arithmetic. */
export const lanesOf: Readonly<Record<Dtype, LaneType>> = { float32: f32x4, float64: f64x2 };

/** The lanes of a width. */
export const lanesOfBits: Readonly<Record<32 | 64, LaneType>> = { 32: f32x4, 64: f64x2 };

/** Vectors that hold `count` neurons, or values. */
export function vectorsOf(count: number, lanes: LaneType): number {
  return Math.ceil(count / lanes.count);
}
