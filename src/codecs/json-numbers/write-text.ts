import { layout, leastScale } from './layout.ts';

const at = (name: keyof typeof layout): string => `offset=${layout[name]}`;
const code = (character: string): string => `(i32.const ${character.charCodeAt(0)})`;
const zeros = '(i64.const 0x3030303030303030)';

/**
 * Sets a local to the text of eight digits of a number below 10^8, the first in the lowest byte: the number is cut in two halves, those in
 * two, and those again, all lanes at once. Needs the local `$upper`.
 */
function digitsText(target: string, number: string): string {
  return `
  (local.set $${target}
    (i64.or
      (i64.extend_i32_u (i32.div_u ${number} (i32.const 10000)))
      (i64.shl (i64.extend_i32_u (i32.rem_u ${number} (i32.const 10000))) (i64.const 32))))
  (local.set $upper
    (i64.and (i64.shr_u (i64.mul (local.get $${target}) (i64.const 10486)) (i64.const 20)) (i64.const 0x0000007f0000007f)))
  (local.set $${target}
    (i64.or
      (local.get $upper)
      (i64.shl (i64.sub (local.get $${target}) (i64.mul (local.get $upper) (i64.const 100))) (i64.const 16))))
  (local.set $upper
    (i64.and (i64.shr_u (i64.mul (local.get $${target}) (i64.const 103)) (i64.const 10)) (i64.const 0x000f000f000f000f)))
  (local.set $${target}
    (i64.add
      (i64.or
        (local.get $upper)
        (i64.shl (i64.sub (local.get $${target}) (i64.mul (local.get $upper) (i64.const 10))) (i64.const 8)))
      ${zeros}))`;
}

/** Writes a whole number below 2^32, and gives the address behind it. */
const writeWhole = `
  (func $writeWhole (param $number i32) (param $out i32) (result i32)
    (local $text i64) (local $upper i64) (local $leading i32)
    (if (i32.lt_u (local.get $number) (i32.const 10))
      (then
        (i32.store8 (local.get $out) (i32.add (local.get $number) ${code('0')}))
        (return (i32.add (local.get $out) (i32.const 1)))))
    (if (i32.ge_u (local.get $number) (i32.const 100000000))
      (then
        (local.set $out (call $writeWhole (i32.div_u (local.get $number) (i32.const 100000000)) (local.get $out)))
        (local.set $number (i32.rem_u (local.get $number) (i32.const 100000000)))
        ${digitsText('text', '(local.get $number)')}
        (i64.store align=1 (local.get $out) (local.get $text))
        (return (i32.add (local.get $out) (i32.const 8)))))
    ${digitsText('text', '(local.get $number)')}
    (local.set $leading (i32.wrap_i64 (i64.shr_u (i64.ctz (i64.xor (local.get $text) ${zeros})) (i64.const 3))))
    (i64.store align=1 (local.get $out) (i64.shr_u (local.get $text) (i64.extend_i32_u (i32.shl (local.get $leading) (i32.const 3)))))
    (i32.add (local.get $out) (i32.sub (i32.const 8) (local.get $leading))))`;

const putByte = (byte: string): string => `
  (i32.store8 (local.get $out) ${byte})
  (local.set $out (i32.add (local.get $out) (i32.const 1)))`;
const advance = (bytes: string): string => `(local.set $out (i32.add (local.get $out) ${bytes}))`;

/**
 * Writes $digits * 10^($exponent - 8), digits from 10^8 to 10^9 - 1, without trailing zeros and in the notation of ECMAScript's
 * Number::toString, and leaves `$written`.
 */
const writeDecimal = `
  (local.set $first (i32.div_u (local.get $digits) (i32.const 100000000)))
  (local.set $digits (i32.sub (local.get $digits) (i32.mul (local.get $first) (i32.const 100000000))))
  ${digitsText('rest', '(local.get $digits)')}
  (local.set $first (i32.add (local.get $first) ${code('0')}))
  (local.set $significant
    (i32.sub (i32.const 9) (i32.wrap_i64 (i64.shr_u (i64.clz (i64.xor (local.get $rest) ${zeros})) (i64.const 3)))))
  (if (i32.lt_u (i32.add (local.get $exponent) (i32.const 6)) (i32.const 6))
    (then
      ;; 0.000000
      (i64.store align=1 (local.get $out) (i64.const 0x3030303030302e30))
      (local.set $out (i32.sub (i32.add (local.get $out) (i32.const 1)) (local.get $exponent)))
      (i32.store8 (local.get $out) (local.get $first))
      (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
      ${advance('(local.get $significant)')}
      (br $written)))
  (i32.store8 (local.get $out) (local.get $first))
  (if (i32.lt_u (local.get $exponent) (i32.const 8))
    (then
      (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
      (if (i32.gt_s (local.get $significant) (i32.add (local.get $exponent) (i32.const 1)))
        (then
          (i32.store8 offset=1 (i32.add (local.get $out) (local.get $exponent)) ${code('.')})
          (i64.store offset=2 align=1
            (i32.add (local.get $out) (local.get $exponent))
            (i64.shr_u (local.get $rest) (i64.extend_i32_u (i32.shl (local.get $exponent) (i32.const 3)))))
          ${advance('(i32.add (local.get $significant) (i32.const 1))')})
        (else ${advance('(i32.add (local.get $exponent) (i32.const 1))')}))
      (br $written)))
  (if (i32.and (i32.ge_s (local.get $exponent) (i32.const 8)) (i32.lt_s (local.get $exponent) (i32.const 21)))
    (then
      (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
      (i64.store offset=9 align=1 (local.get $out) ${zeros})
      (i32.store offset=17 align=1 (local.get $out) (i32.const 0x30303030))
      ${advance('(i32.add (local.get $exponent) (i32.const 1))')}
      (br $written)))
  (if (i32.gt_s (local.get $significant) (i32.const 1))
    (then
      (i32.store8 offset=1 (local.get $out) ${code('.')})
      (i64.store offset=2 align=1 (local.get $out) (local.get $rest))
      ${advance('(i32.add (local.get $significant) (i32.const 1))')})
    (else ${advance('(i32.const 1)')}))
  ${putByte(code('e'))}
  ${putByte(`(select ${code('-')} ${code('+')} (i32.lt_s (local.get $exponent) (i32.const 0)))`)}
  (local.set $out
    (call $writeWhole
      (select (i32.sub (i32.const 0) (local.get $exponent)) (local.get $exponent) (i32.lt_s (local.get $exponent) (i32.const 0)))
      (local.get $out)))
  (br $written)`;

// Added before the exponent is taken off: an address below 0 is out of bounds whatever the offset.
const scaleOf = `
  (f64.load
    (i32.sub
      (i32.add (global.get $base) (i32.const ${layout.scales + 8 * (8 - leastScale)}))
      (i32.shl (local.get $exponent) (i32.const 3))))`;
const number = '(f64.promote_f32 (f32.reinterpret_i32 (local.get $bits)))';
/** How far the nearest multiples of two steps are off. */
const offMultiples = (name: string, [one, other]: readonly [number, number]): string => `
  (local.set $${name}
    (f64x2.abs
      (f64x2.sub
        (f64x2.mul
          (f64x2.nearest (f64x2.mul (f64x2.splat (local.get $scaled)) (v128.const f64x2 ${1 / one} ${1 / other})))
          (v128.const f64x2 ${one} ${other}))
        (f64x2.splat (local.get $scaled)))))`;
const fits = (name: string): string => `(f64x2.le (local.get $${name}) (f64x2.splat (local.get $room)))`;
/** Whether a distance is so close to a bound that the rounding of the scaling could decide. */
const isClose = (name: string, bound: string): string =>
  `(f64x2.lt (f64x2.abs (f64x2.sub (local.get $${name}) ${bound})) (f64x2.splat (f64.const 1e-6)))`;
const closeToRoom = (name: string): string => isClose(name, '(f64x2.splat (local.get $room))');
/** Whether two multiples are equally near, one of which would be taken. */
const isTie = (name: string, [one, other]: readonly [number, number]): string =>
  `(v128.and ${fits(name)} ${isClose(name, `(v128.const f64x2 ${one / 2} ${other / 2})`)})`;
const step = '(i32.add (global.get $base) (i32.shl (local.get $dropped) (i32.const 4)))';

/**
 * Writes a positive float32 given as $bits, and leaves `$written`; leaves `$search` where that takes a search. The number is scaled to
 * nine digits before the point in float64, where half the gap to its neighbours is between 3 and 60: the multiple of 1000, 100, 10 or 1 that is
 * nearest, for the largest of these that lies within that half gap, is the shortest decimal. What the rounding of the scaling could decide is left
 * to the search. There is no branch on how many digits it takes, which nobody can foretell.
 */
const writePositive = `
  (local.set $biased (i32.shr_u (local.get $bits) (i32.const 23)))
  (br_if $search (i32.eqz (local.get $biased)))
  (local.set $exponent
    (i32.load ${at('decimalExponents')} (i32.add (global.get $base) (i32.shl (local.get $biased) (i32.const 2)))))
  (local.set $exponent (i32.add (local.get $exponent) (f64.ge (f64.mul ${number} ${scaleOf}) (f64.const 1e9))))
  (local.set $scale ${scaleOf})
  (local.set $scaled (f64.mul ${number} (local.get $scale)))
  ;; Half the gap between this number and the next: 2^(biased - 127 - 24).
  (local.set $room
    (f64.mul
      (f64.reinterpret_i64 (i64.shl (i64.extend_i32_u (i32.add (local.get $biased) (i32.const 872))) (i64.const 52)))
      (local.get $scale)))
  ${offMultiples('large', [1000, 100])}
  ${offMultiples('small', [10, 1])}
  ;; A multiple of 1000 that fits is one of 100, that one of 10, and one of 1 always fits.
  (local.set $dropped
    (i32.sub
      (i32.popcnt (i32.or (i32.shl (i64x2.bitmask ${fits('large')}) (i32.const 2)) (i64x2.bitmask ${fits('small')})))
      (i32.const 1)))
  (if (i32.eqz (i32.and (local.get $bits) (i32.const 0x7fffff)))
    ;; Below a power of two the neighbours lie twice as close. One that has few digits itself needs no search.
    (then (br_if $search (f64.ne (f64x2.extract_lane 1 (local.get $large)) (f64.const 0))))
    (else
      (br_if $search
        (v128.any_true
          (v128.or
            (v128.or ${closeToRoom('large')} ${closeToRoom('small')})
            (v128.or ${isTie('large', [1000, 100])} ${isTie('small', [10, 1])}))))))
  ;; Adding 2^52 leaves the whole number in the low bits.
  (local.set $digits
    (i32.wrap_i64
      (i64.reinterpret_f64
        (f64.add
          (f64.mul
            (f64.nearest (f64.mul (local.get $scaled) (f64.load offset=${layout.steps + 8} ${step})))
            (f64.load ${at('steps')} ${step}))
          (f64.const 4503599627370496)))))
  (if (i32.eq (local.get $digits) (i32.const 1000000000))
    (then
      (local.set $digits (i32.const 100000000))
      (local.set $exponent (i32.add (local.get $exponent) (i32.const 1)))))
  ${writeDecimal}`;

const putComma = putByte(code(','));

/** Writes float32; 0 instead of the address behind them when one is not finite, whose address is left in `failedAt`. */
const writeFloat32s = `
  (func (export "writeFloat32s") (param $values i32) (param $count i32) (param $out i32) (result i32)
    (local $end i32) (local $bits i32) (local $whole i32) (local $biased i32) (local $exponent i32) (local $digits i32) (local $first i32)
    (local $significant i32) (local $dropped i32) (local $rest i64) (local $upper i64) (local $scale f64) (local $scaled f64)
    (local $room f64) (local $large v128) (local $small v128)
    (local.set $end (i32.add (local.get $values) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $number
        (br_if $done (i32.eq (local.get $values) (local.get $end)))
        (local.set $bits (i32.load align=1 (local.get $values)))
        (i32.store8 (local.get $out) ${code('-')})
        ${advance('(i32.shr_u (local.get $bits) (i32.const 31))')}
        (local.set $bits (i32.and (local.get $bits) (i32.const 0x7fffffff)))
        (if (i32.ge_u (local.get $bits) (i32.const 0x7f800000))
          (then
            (i32.store ${at('failedAt')} (global.get $base) (local.get $values))
            (return (i32.const 0))))
        (block $written
          ;; Whole numbers below 2^24, which ECMAScript prints in full.
          (local.set $whole (i32.trunc_sat_f32_u (f32.reinterpret_i32 (local.get $bits))))
          (if (i32.and
                (i32.lt_u (local.get $whole) (i32.const 0x1000000))
                (f32.eq (f32.convert_i32_u (local.get $whole)) (f32.reinterpret_i32 (local.get $bits))))
            (then
              (local.set $out (call $writeWhole (local.get $whole) (local.get $out)))
              (br $written)))
          (block $search
            ${writePositive})
          (local.set $out (call $print (local.get $bits) (local.get $out))))
        ${putComma}
        (local.set $values (i32.add (local.get $values) (i32.const 4)))
        (br $number)))
    (local.get $out))`;

const writeWholes = (name: string, bytes: 1 | 4): string => `
  (func (export "${name}") (param $values i32) (param $count i32) (param $out i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $values) (i32.mul (local.get $count) (i32.const ${bytes}))))
    (block $done
      (loop $number
        (br_if $done (i32.eq (local.get $values) (local.get $end)))
        (local.set $out
          (call $writeWhole (${bytes === 4 ? 'i32.load align=1' : 'i32.load8_u'} (local.get $values)) (local.get $out)))
        ${putComma}
        (local.set $values (i32.add (local.get $values) (i32.const ${bytes})))
        (br $number)))
    (local.get $out))`;

export const writeText: readonly string[] = [
  writeWhole,
  writeFloat32s,
  writeWholes('writeInt32s', 4),
  writeWholes('writeUint8s', 1),
];
