import { layout, type constants } from './layout.ts';
import { constant } from './wat-helpers.ts';

type Constant = keyof typeof constants;

/** Lanes 0 and 2 of two vectors of four. */
const evenLanes = (one: string, other: string): string => `(i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 ${one} ${other})`;
/** Lanes of two vectors of four in turns: the first two of each, or the last two. */
const firstLanes = (one: string, other: string): string => `(i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 ${one} ${other})`;
const lastLanes = (one: string, other: string): string => `(i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 ${one} ${other})`;
const firstHalves = (one: string, other: string): string => `(i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 ${one} ${other})`;
const lastHalves = (one: string, other: string): string => `(i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 ${one} ${other})`;

/** Both scales of number i of two, by its exponent bits. */
const scalesOf = (i: number): string => `
  (v128.load offset=${layout.scales}
    (i32.add (local.get $base) (i32.and (i32.shr_u (i32.load16_u offset=${4 * i + 2} align=1 (local.get $from)) (i32.const 3)) (i32.const 0xff0))))`;

/** Sets $multiple to the multiples of a step that are nearest to $scaled, and $off to how far they are off. */
const nearestMultiples = (multiple: string, off: string, steps: readonly [Constant, Constant] | undefined): string => `
  (local.set $${multiple} ${
    steps === undefined
      ? '(f64x2.nearest (local.get $scaled))'
      : `(f64x2.mul (f64x2.nearest (f64x2.mul (local.get $scaled) ${constant(steps[1])})) ${constant(steps[0])})`
  })
  (local.set $${off} (f64x2.abs (f64x2.sub (local.get $${multiple}) (local.get $scaled))))`;

/** Sets $fits to where a step's multiples lie within half a gap, and takes these as the digits. */
const takeWhereFits = (multiple: string, off: string, fits: string): string => `
  (local.set $${fits} (f64x2.le (local.get $${off}) (local.get $room)))
  (local.set $digits (v128.bitselect (local.get $${multiple}) (local.get $digits) (local.get $${fits})))`;

/** Lowers $margin to how far a step's multiples are from where the next decision would fall, but where a larger step decides. */
const lowerMargin = (off: string, bound: string, decided: string): string => `
  (local.set $margin
    (f64x2.pmin (local.get $margin) (v128.or (local.get $${decided}) (f64x2.abs (f64x2.sub (local.get $${off}) ${bound})))))`;

/** NaN, which is no minimum, in lanes whose scaling is exact. */
const unlessExact = (name: Constant): string => `(v128.or ${constant(name)} (local.get $exact))`;

/**
 * Scales two $mantissas, from 1 to 2, where $exact says whether their products with the scales are exact: sets $digits to their shortest
 * decimals, of nine digits, $beyond to where there were ten, and $sure to where the rounding of the scaling decided nothing.
 */
const shortest = `
  (local.set $first ${scalesOf(0)})
  (local.set $second ${scalesOf(1)})
  (local.set $scale ${firstHalves('(local.get $first)', '(local.get $second)')})
  (local.set $beyond (f64x2.ge (f64x2.mul (local.get $mantissa) (local.get $scale)) ${constant('tenDigits')}))
  (local.set $scale
    (v128.bitselect ${lastHalves('(local.get $first)', '(local.get $second)')} (local.get $scale) (local.get $beyond)))
  (local.set $scaled (f64x2.mul (local.get $mantissa) (local.get $scale)))
  (local.set $room (f64x2.mul (local.get $scale) ${constant('halfGap')}))
  ${nearestMultiples('digits', 'off1', undefined)}
  ${nearestMultiples('tens', 'off10', ['ten', 'tenth'])}
  ${takeWhereFits('tens', 'off10', 'fits10')}
  ${nearestMultiples('hundreds', 'off100', ['hundred', 'hundredth'])}
  ${takeWhereFits('hundreds', 'off100', 'fits100')}
  ${nearestMultiples('thousands', 'off1000', ['thousand', 'thousandth'])}
  ${takeWhereFits('thousands', 'off1000', 'fits1000')}
  ;; A multiple decides where it is within the room, and is one of two where it is off by half a step: the even one, where the scaling is exact.
  (local.set $margin (f64x2.abs (f64x2.sub (local.get $off1000) (local.get $room))))
  ${lowerMargin('off100', `(f64x2.pmin (local.get $room) ${unlessExact('fifty')})`, 'fits1000')}
  ${lowerMargin('off10', `(f64x2.pmin (local.get $room) ${unlessExact('five')})`, 'fits100')}
  ${lowerMargin('off1', unlessExact('half'), 'fits10')}
  ;; Below a power of two the neighbours lie twice as close; one that has few digits itself needs no search.
  (local.set $sure
    (v128.and
      (f64x2.ge (local.get $margin) ${constant('uncertainty')})
      (v128.or
        (f64x2.ne (local.get $mantissa) ${constant('unit')})
        (f64x2.eq (local.get $off100) (v128.const i64x2 0 0)))))`;

const quotients = (half: 'low' | 'high'): string =>
  `(i64x2.shr_u (i64x2.extmul_${half}_i32x4_u (local.get $digits) ${constant('byTenThousand')}) (i32.const 45))`;

/** Four numbers of four digits as bytes, the first digit lowest: pairs of digits first, then digits, all lanes at once. */
const digitBytes = (target: string, numbers: string): string => `
  (local.set $${target} ${numbers})
  (local.set $${target}
    (i32x4.add
      (i32x4.shl (local.get $${target}) (i32.const 16))
      (i32x4.mul (i32x4.shr_u (i32x4.mul (local.get $${target}) ${constant('byHundred')}) (i32.const 19)) ${constant('pairs')})))
  (local.set $${target}
    (i16x8.add
      (i16x8.shl (local.get $${target}) (i32.const 8))
      (i16x8.mul (i16x8.shr_u (i16x8.mul (local.get $${target}) ${constant('byTen')}) (i32.const 10)) ${constant('units')})))`;

const decimalAt = (i: number): string => `offset=${layout.decimals + 16 * i}`;
const locals = (names: readonly string[]): string => names.map((name) => `(local $${name} v128)`).join(' ');

/**
 * The digits of the float32 in [`$from`, `$end`), an even number: for each two, 16 bytes with their decimals as whole numbers of nine digits
 * plus 2^52, which leaves them in the low bits, and as i32 for both where there was a digit more before the point and where nothing is left to
 * the search.
 */
const float32Digits = `
  (func $float32Digits (param $from i32) (param $end i32) (param $to i32)
    (local $base i32)
    ${locals(['bits', 'exact', 'mantissa', 'first', 'second', 'scale', 'scaled', 'beyond', 'room', 'digits', 'tens', 'hundreds', 'thousands'])}
    ${locals(['off1', 'off10', 'off100', 'off1000', 'fits10', 'fits100', 'fits1000', 'margin', 'sure'])}
    (local.set $base (global.get $base))
    (loop $two
      (local.set $bits (v128.load64_zero align=1 (local.get $from)))
      ;; 24 bits times a power of ten from 10^0 to 10^12, which has no more than 28 behind its zeros.
      (local.set $exact (v128.and (local.get $bits) ${constant('magnitude')}))
      (local.set $exact
        (i64x2.extend_low_i32x4_s
          (v128.and (f32x4.ge (local.get $exact) ${constant('minExact')}) (f32x4.lt (local.get $exact) ${constant('firstInexact')}))))
      (local.set $mantissa
        (f64x2.promote_low_f32x4 (v128.or (v128.and (local.get $bits) ${constant('mantissa')}) ${constant('one')})))
      ${shortest}
      (v128.store ${decimalAt(0)} (local.get $to) (f64x2.add (local.get $digits) ${constant('wholeBits')}))
      (v128.store ${decimalAt(1)} (local.get $to) ${evenLanes('(local.get $beyond)', '(local.get $sure)')})
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (br_if $two (i32.lt_u (local.get $from) (local.get $end)))))`;

/**
 * The shortest decimals of the float32 in [`$from`, `$end`), a multiple of four, without a branch on any of them. Each becomes 16 bytes from
 * `$to` plus `decimals` on: its second to ninth digit, its first, three bytes of nothing, and as i32 its decimal exponent plus 6, or `slowPath`
 * for what is not finite and what takes a search.
 *
 * A number is scaled to nine digits before the point in float64, where half the gap to its neighbours is between 3 and 60: the multiple
 * of 1000, 100, 10 or 1 that is nearest, for the largest of these that lies within that half gap, is the shortest decimal. What the
 * rounding of the scaling could decide is left to the search.
 */
const float32Decimals = `
  (func $float32Decimals (param $from i32) (param $end i32) (param $to i32)
    (local $base i32)
    ${locals(['magnitudes', 'digits', 'first', 'second', 'rolled', 'exponents', 'upper', 'lower', 'leading', 'one', 'other'])}
    (local.set $base (global.get $base))
    (call $float32Digits (local.get $from) (local.get $end) (local.get $to))
    (loop $four
      (local.set $magnitudes (v128.and (v128.load align=1 (local.get $from)) ${constant('magnitude')}))
      (local.set $digits
        ${evenLanes(`(v128.load ${decimalAt(0)} (local.get $to))`, `(v128.load ${decimalAt(2)} (local.get $to))`)})
      (local.set $first (v128.load ${decimalAt(1)} (local.get $to)))
      (local.set $second (v128.load ${decimalAt(3)} (local.get $to)))
      (local.set $rolled (i32x4.eq (local.get $digits) ${constant('billion')}))
      (local.set $digits (i32x4.sub (local.get $digits) (v128.and (local.get $rolled) ${constant('billionLess')})))
      ;; floor(exponent * log10(2)) for every exponent of float32, and one more where nine digits were too few
      (local.set $exponents
        (i32x4.sub
          (i32x4.sub
            (i32x4.add
              (i32x4.shr_s
                (i32x4.mul (i32x4.sub (i32x4.shr_u (local.get $magnitudes) (i32.const 23)) ${constant('bias')}) ${constant('log10Of2')})
                (i32.const 18))
              ${constant('six')})
            ${firstHalves('(local.get $first)', '(local.get $second)')})
          (local.get $rolled)))
      (local.set $exponents
        (v128.bitselect
          (local.get $exponents)
          ;; The digits of zeros are zeros, of which one is written.
          (v128.bitselect ${constant('six')} ${constant('slowPath')} (f32x4.eq (local.get $magnitudes) (v128.const i32x4 0 0 0 0)))
          ${lastHalves('(local.get $first)', '(local.get $second)')}))
      ;; Nine digits are one, four and four.
      (local.set $upper ${evenLanes(quotients('low'), quotients('high'))})
      (local.set $lower (i32x4.sub (local.get $digits) (i32x4.mul (local.get $upper) ${constant('tenThousand')})))
      (local.set $leading (i32x4.shr_u (i32x4.mul (i32x4.shr_u (local.get $upper) (i32.const 4)) ${constant('by625')}) (i32.const 22)))
      (local.set $upper (i32x4.sub (local.get $upper) (i32x4.mul (local.get $leading) ${constant('tenThousand')})))
      ${digitBytes('one', firstLanes('(local.get $upper)', '(local.get $lower)'))}
      ${digitBytes('other', lastLanes('(local.get $upper)', '(local.get $lower)'))}
      (local.set $lower ${firstLanes('(local.get $leading)', '(local.get $exponents)')})
      (local.set $upper ${lastLanes('(local.get $leading)', '(local.get $exponents)')})
      (v128.store ${decimalAt(0)} (local.get $to) ${firstHalves('(local.get $one)', '(local.get $lower)')})
      (v128.store ${decimalAt(1)} (local.get $to) ${lastHalves('(local.get $one)', '(local.get $lower)')})
      (v128.store ${decimalAt(2)} (local.get $to) ${firstHalves('(local.get $other)', '(local.get $upper)')})
      (v128.store ${decimalAt(3)} (local.get $to) ${lastHalves('(local.get $other)', '(local.get $upper)')})
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br_if $four (i32.lt_u (local.get $from) (local.get $end)))))`;

export const float32DecimalsWat: readonly string[] = [float32Digits, float32Decimals];
