import { layout, maxFiveExponent, minFiveExponent } from './layout.ts';
import { at } from './wat-helpers.ts';

/** Sets $high to the high half of the product of the $significand and another unsigned 64-bit number. In line: V8 inlines no WebAssembly function. */
const setHighProduct = (other: string): string => `
  (local.set $factor ${other})
  (local.set $factorLow (i64.and (local.get $factor) (i64.const 0xffffffff)))
  (local.set $factorHigh (i64.shr_u (local.get $factor) (i64.const 32)))
  (local.set $significandLow (i64.and (local.get $significand) (i64.const 0xffffffff)))
  (local.set $significandHigh (i64.shr_u (local.get $significand) (i64.const 32)))
  (local.set $middle
    (i64.add
      (i64.mul (local.get $significandHigh) (local.get $factorLow))
      (i64.shr_u (i64.mul (local.get $significandLow) (local.get $factorLow)) (i64.const 32))))
  (local.set $other
    (i64.add (i64.mul (local.get $significandLow) (local.get $factorHigh)) (i64.and (local.get $middle) (i64.const 0xffffffff))))
  (local.set $high
    (i64.add
      (i64.mul (local.get $significandHigh) (local.get $factorHigh))
      (i64.add (i64.shr_u (local.get $middle) (i64.const 32)) (i64.shr_u (local.get $other) (i64.const 32)))))`;

/**
 * significand * 10^exponent, correctly rounded to float64, by the algorithm of Eisel and Lemire: the product with the leading 128 bits of
 * 5^exponent decides nearly always. NaN where it does not, and for subnormal results.
 */
export const scaleDecimal = `
  (func $scaleDecimal (param $significand i64) (param $exponent i32) (result f64)
    (local $high i64) (local $low i64) (local $first i64) (local $entry i32) (local $factor i64) (local $factorLow i64) (local $factorHigh i64)
    (local $significandLow i64) (local $significandHigh i64) (local $middle i64) (local $other i64) (local $zeros i64) (local $upper i64) (local $mantissa i64)
    (local $binary i64)
    (if (i32.lt_s (local.get $exponent) (i32.const ${minFiveExponent})) (then (return (f64.const 0))))
    (if (i32.gt_s (local.get $exponent) (i32.const ${maxFiveExponent})) (then (return (f64.const inf))))
    (local.set $entry
      (i32.add (global.get $base) (i32.shl (i32.sub (local.get $exponent) (i32.const ${minFiveExponent})) (i32.const 4))))
    (local.set $zeros (i64.clz (local.get $significand)))
    (local.set $significand (i64.shl (local.get $significand) (local.get $zeros)))
    ${setHighProduct(`(i64.load ${at('fives')} (local.get $entry))`)}
    (local.set $low (i64.mul (local.get $significand) (local.get $factor)))
    (if (i64.eq (i64.and (local.get $high) (i64.const 0x1ff)) (i64.const 0x1ff))
      (then
        (local.set $first (local.get $high))
        ${setHighProduct(`(i64.load offset=${layout.fives + 8} (local.get $entry))`)}
        (local.set $low (i64.add (local.get $low) (local.get $high)))
        (local.set $high (i64.add (local.get $first) (i64.extend_i32_u (i64.lt_u (local.get $low) (local.get $high)))))))
    (if (i64.eq (local.get $low) (i64.const -1)) (then (return (f64.const nan))))
    (local.set $upper (i64.shr_u (local.get $high) (i64.const 63)))
    (local.set $mantissa (i64.shr_u (local.get $high) (i64.add (local.get $upper) (i64.const 9))))
    ;; floor(exponent * log2(10)) for every exponent of the table
    (local.set $binary
      (i64.add
        (i64.sub (i64.add (i64.extend_i32_s (i32.shr_s (i32.mul (local.get $exponent) (i32.const 217706)) (i32.const 16))) (local.get $upper)) (local.get $zeros))
        (i64.const 1086)))
    (if (i64.le_s (local.get $binary) (i64.const 0)) (then (return (f64.const nan))))
    ;; Halfway between two float64, as far as 128 bits can tell: the even one, where powers of five are small enough to be exact.
    (if (i32.and
          (i32.and (i64.le_u (local.get $low) (i64.const 1)) (i64.eq (i64.and (local.get $mantissa) (i64.const 3)) (i64.const 1)))
          (i32.and (i32.ge_s (local.get $exponent) (i32.const -4)) (i32.le_s (local.get $exponent) (i32.const 23))))
      (then
        (if (i64.eq (i64.shl (local.get $mantissa) (i64.add (local.get $upper) (i64.const 9))) (local.get $high))
          (then (local.set $mantissa (i64.and (local.get $mantissa) (i64.const -2)))))))
    (local.set $mantissa (i64.shr_u (i64.add (local.get $mantissa) (i64.and (local.get $mantissa) (i64.const 1))) (i64.const 1)))
    (if (i64.ge_u (local.get $mantissa) (i64.const 0x20000000000000))
      (then
        (local.set $mantissa (i64.const 0x10000000000000))
        (local.set $binary (i64.add (local.get $binary) (i64.const 1)))))
    (if (i64.ge_s (local.get $binary) (i64.const 0x7ff)) (then (return (f64.const inf))))
    (f64.reinterpret_i64
      (i64.or (i64.and (local.get $mantissa) (i64.const 0xfffffffffffff)) (i64.shl (local.get $binary) (i64.const 52)))))`;
