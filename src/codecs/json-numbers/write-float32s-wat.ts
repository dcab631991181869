import { float32DecimalsWat } from './float32-decimals-wat.ts';
import { blockNumbers, constants, layout, maxPlainExponent, minExponent, minPlainExponent } from './layout.ts';
import { advance, at, code, constant, putComma, row, zeros } from './wat-helpers.ts';

/** Writes a decimal's digits in the form of a table's row, which is its exponent plus 6; 16 bytes, of which not all are part of it. */
const writeDigits = (rowAddress: string): string => `
  (v128.store align=1 (local.get $out)
    (i8x16.add
      (i8x16.swizzle (v128.load ${at('decimals')} (local.get $decimal)) (v128.load ${at('digitPlaces')} ${rowAddress}))
      (v128.load ${at('characters')} ${rowAddress})))`;

/** How many zeros its nine digits end with. */
const trailingZeros = `(i32.wrap_i64 (i64.shr_u (i64.clz (i64.load ${at('decimals')} (local.get $decimal))) (i64.const 3)))`;

/**
 * The slow path: writes a number, without its sign, that is not written as nine digits with a point. Gives the address behind it; 0 when it
 * is not finite.
 */
const writeSlow = `
  (func $writeSlow (param $bits i32) (param $decimal i32) (param $out i32) (result i32)
    (local $base i32) (local $exponent i32)
    (local.set $base (global.get $base))
    (local.set $exponent (i32.load offset=${layout.decimals + 12} (local.get $decimal)))
    (if (i32.eq (local.get $exponent) (i32.const ${constants.slowPath.value}))
      (then
        (if (i32.ge_u (local.get $bits) (i32.const 0x7f800000)) (then (return (i32.const 0))))
        (return (call $print (local.get $bits) (local.get $out)))))
    (local.set $exponent (i32.add (local.get $exponent) (i32.const ${minPlainExponent})))
    (if (i32.lt_u (i32.sub (local.get $exponent) (i32.const ${maxPlainExponent + 1})) (i32.const ${21 - (maxPlainExponent + 1)}))
      (then
        ${writeDigits(row(`(i32.const ${maxPlainExponent - minPlainExponent})`))}
        (i64.store offset=9 align=1 (local.get $out) ${zeros})
        (i32.store offset=17 align=1 (local.get $out) (i32.const 0x30303030))
        (return (i32.add (local.get $out) (i32.add (local.get $exponent) (i32.const 1))))))
    ${writeDigits(row(`(i32.const ${-minPlainExponent})`))}
    (local.set $out
      (i32.add
        (local.get $out)
        (i32.load8_u ${at('textLengths')} (i32.add ${row(`(i32.const ${-minPlainExponent})`)} ${trailingZeros}))))
    (i32.store align=1 (local.get $out)
      (i32.load ${at('exponents')} ${row(`(i32.sub (local.get $exponent) (i32.const ${minExponent}))`, 4)}))
    ;; The exponent has two digits where it is below -9 or above 9.
    (i32.add (local.get $out) (i32.add (i32.const 3) (i32.gt_u (i32.add (local.get $exponent) (i32.const 9)) (i32.const 18)))))`;

const isOneDigit = (numbers: string): string => `
      (v128.and
        (i32x4.lt_u (local.get ${numbers}) ${constant('tenAsFloat')})
        (f32x4.eq (f32x4.trunc (local.get ${numbers})) (local.get ${numbers})))`;

/** Adding 2^23 leaves an integer in the low bits. */
const oneDigit = (numbers: string): string =>
  `(v128.and (f32x4.add (local.get ${numbers}) ${constant('wholeBits32')}) ${constant('lowBits')})`;

const eight = Array.from({ length: 8 }, (_, i) => i);

/** Writes 64 float32 that are integers of one digit, as zeros and spikes are, and gives the address behind them; 0 where one is none. */
const writeOneDigits = `
  (func $writeOneDigits (param $values i32) (param $out i32) (result i32)
    (local $base i32) (local $one v128) (local $other v128)
    (local.set $base (global.get $base))
    ${eight
      .map(
        (i) => `
    (local.set $one (v128.load offset=${32 * i} align=1 (local.get $values)))
    (local.set $other (v128.load offset=${32 * i + 16} align=1 (local.get $values)))
    (if (i32.eqz (i32x4.all_true (v128.and ${isOneDigit('$one')} ${isOneDigit('$other')}))) (then (return (i32.const 0))))
    (v128.store offset=${16 * i} align=1 (local.get $out)
      (v128.or (i16x8.narrow_i32x4_u ${oneDigit('$one')} ${oneDigit('$other')}) ${constant('digitsWithCommas')}))`,
      )
      .join('')}
    (i32.add (local.get $out) (i32.const 128)))`;

/** Writes float32; 0 instead of the address behind them when one is not finite, whose address is left in `failedAt`. */
const writeFloat32s = `
  (func (export "writeFloat32s") (param $values i32) (param $count i32) (param $out i32) (result i32)
    (local $base i32) (local $end i32) (local $blockEnd i32) (local $wholeFours i32) (local $rest i32) (local $decimal i32) (local $bits i32) (local $exponent i32) (local $row i32)
    (local.set $base (global.get $base))
    (local.set $rest (i32.add (local.get $base) (i32.const ${layout.rest})))
    (local.set $end (i32.add (local.get $values) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $block
        (br_if $done (i32.eq (local.get $values) (local.get $end)))
        (local.set $blockEnd (i32.add (local.get $values) (i32.const ${4 * blockNumbers})))
        (if (i32.gt_u (local.get $blockEnd) (local.get $end))
          (then (local.set $blockEnd (local.get $end)))
          (else
            (local.set $wholeFours (call $writeOneDigits (local.get $values) (local.get $out)))
            (if (local.get $wholeFours)
              (then
                (local.set $out (local.get $wholeFours))
                (local.set $values (local.get $blockEnd))
                (br $block)))))
        (local.set $wholeFours (i32.sub (local.get $blockEnd) (i32.and (i32.sub (local.get $blockEnd) (local.get $values)) (i32.const 15))))
        (if (i32.ne (local.get $wholeFours) (local.get $values))
          (then (call $float32Decimals (local.get $values) (local.get $wholeFours) (local.get $base))))
        ;; Four are read even where fewer are left, behind which the memory may end.
        (if (i32.ne (local.get $wholeFours) (local.get $blockEnd))
          (then
            (memory.copy (local.get $rest) (local.get $wholeFours) (i32.sub (local.get $blockEnd) (local.get $wholeFours)))
            (call $float32Decimals
              (local.get $rest)
              (i32.add (local.get $rest) (i32.const 16))
              (i32.add (local.get $base) (i32.shl (i32.sub (local.get $wholeFours) (local.get $values)) (i32.const 2))))))
        (local.set $decimal (local.get $base))
        (loop $number
          (local.set $bits (i32.load align=1 (local.get $values)))
          (i32.store8 (local.get $out) ${code('-')})
          ${advance('(i32.shr_u (local.get $bits) (i32.const 31))')}
          (local.set $exponent (i32.load offset=${layout.decimals + 12} (local.get $decimal)))
          (if (i32.lt_u (local.get $exponent) (i32.const ${maxPlainExponent - minPlainExponent + 1}))
            (then
              (local.set $row ${row('(local.get $exponent)')})
              ${writeDigits('(local.get $row)')}
              ${advance(`(i32.load8_u ${at('textLengths')} (i32.add (local.get $row) ${trailingZeros}))`)})
            (else
              (local.set $out
                (call $writeSlow (i32.and (local.get $bits) (i32.const 0x7fffffff)) (local.get $decimal) (local.get $out)))
              (if (i32.eqz (local.get $out))
                (then
                  (i32.store ${at('failedAt')} (local.get $base) (local.get $values))
                  (return (i32.const 0))))))
          ${putComma}
          (local.set $decimal (i32.add (local.get $decimal) (i32.const 16)))
          (local.set $values (i32.add (local.get $values) (i32.const 4)))
          (br_if $number (i32.ne (local.get $values) (local.get $blockEnd))))
        (br $block)))
    (local.get $out))`;

export const writeFloat32sWat: readonly string[] = [...float32DecimalsWat, writeOneDigits, writeSlow, writeFloat32s];
