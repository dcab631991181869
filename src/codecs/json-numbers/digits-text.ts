import { constant } from './layout.ts';

/** Which bytes are no digits: more than 9 becomes more than 127. */
export const beyondNine = (bytes: string): string => `(i8x16.bitmask (i8x16.add_sat_u (local.get ${bytes}) ${constant('beyondNine')}))`;

/** Joins sixteen digits of $bytes: to numbers of two digits, of four, and of eight. */
export const joinNeighbours = `
  (local.set $bytes
    (i16x8.add
      (i16x8.mul (v128.and (local.get $bytes) ${constant('lowBytes')}) ${constant('tens')})
      (i16x8.shr_u (local.get $bytes) (i32.const 8))))
  (local.set $bytes (i32x4.dot_i16x8_s (local.get $bytes) ${constant('hundreds')}))
  (local.set $bytes (i32x4.dot_i16x8_s (i16x8.narrow_i32x4_u (local.get $bytes) (local.get $bytes)) ${constant('myriads')}))`;

/** The number of sixteen digits that $bytes are joined to. */
export const joined = `
  (i64.add
    (i64.mul (i64.extend_i32_u (i32x4.extract_lane 0 (local.get $bytes))) (i64.const 100000000))
    (i64.extend_i32_u (i32x4.extract_lane 1 (local.get $bytes))))`;

/** Gives a number above 0 its sign, without a branch: nobody can foretell signs. */
export const signed = (value: string): string => `
  (f64.reinterpret_i64
    (i64.or (i64.reinterpret_f64 ${value}) (i64.shl (i64.extend_i32_u (local.get $negative)) (i64.const 63))))`;
