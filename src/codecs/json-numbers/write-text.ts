import { layout, leastScale } from './layout.ts';

const at = (name: keyof typeof layout): string => `offset=${layout[name]}`;
const code = (character: string): string => `(i32.const ${character.charCodeAt(0)})`;
const zeros = '(i64.const 0x3030303030303030)';

/**
 * Eight digits of a number below 10^8 as text, the first in the lowest byte: the number is cut in two halves, those in two, and those
 * again, all lanes at once.
 */
const digitsText = `
  (func $digitsText (param $number i32) (result i64)
    (local $lanes i64) (local $upper i64)
    (local.set $lanes
      (i64.or
        (i64.extend_i32_u (i32.div_u (local.get $number) (i32.const 10000)))
        (i64.shl (i64.extend_i32_u (i32.rem_u (local.get $number) (i32.const 10000))) (i64.const 32))))
    (local.set $upper
      (i64.and (i64.shr_u (i64.mul (local.get $lanes) (i64.const 10486)) (i64.const 20)) (i64.const 0x0000007f0000007f)))
    (local.set $lanes
      (i64.or
        (local.get $upper)
        (i64.shl (i64.sub (local.get $lanes) (i64.mul (local.get $upper) (i64.const 100))) (i64.const 16))))
    (local.set $upper
      (i64.and (i64.shr_u (i64.mul (local.get $lanes) (i64.const 103)) (i64.const 10)) (i64.const 0x000f000f000f000f)))
    (i64.add
      (i64.or
        (local.get $upper)
        (i64.shl (i64.sub (local.get $lanes) (i64.mul (local.get $upper) (i64.const 10))) (i64.const 8)))
      ${zeros}))`;

/** Writes a whole number below 2^32, and gives the address behind it. */
const writeWhole = `
  (func $writeWhole (param $number i32) (param $out i32) (result i32)
    (local $text i64) (local $leading i32)
    (if (i32.lt_u (local.get $number) (i32.const 10))
      (then
        (i32.store8 (local.get $out) (i32.add (local.get $number) ${code('0')}))
        (return (i32.add (local.get $out) (i32.const 1)))))
    (if (i32.ge_u (local.get $number) (i32.const 100000000))
      (then
        (local.set $out (call $writeWhole (i32.div_u (local.get $number) (i32.const 100000000)) (local.get $out)))
        (i64.store align=1 (local.get $out) (call $digitsText (i32.rem_u (local.get $number) (i32.const 100000000))))
        (return (i32.add (local.get $out) (i32.const 8)))))
    (local.set $text (call $digitsText (local.get $number)))
    (local.set $leading (i32.wrap_i64 (i64.shr_u (i64.ctz (i64.xor (local.get $text) ${zeros})) (i64.const 3))))
    (i64.store align=1 (local.get $out) (i64.shr_u (local.get $text) (i64.extend_i32_u (i32.shl (local.get $leading) (i32.const 3)))))
    (i32.add (local.get $out) (i32.sub (i32.const 8) (local.get $leading))))`;

/**
 * Writes digits * 10^(exponent - 8), digits from 10^8 to 10^9 - 1, without trailing zeros and in the notation of ECMAScript's
 * Number::toString; gives the address behind it.
 */
const writeDecimal = `
  (func $writeDecimal (param $digits i32) (param $exponent i32) (param $out i32) (result i32)
    (local $first i32) (local $rest i64) (local $significant i32)
    (local.set $first (i32.div_u (local.get $digits) (i32.const 100000000)))
    (local.set $rest (call $digitsText (i32.sub (local.get $digits) (i32.mul (local.get $first) (i32.const 100000000)))))
    (local.set $first (i32.add (local.get $first) ${code('0')}))
    (local.set $significant
      (i32.sub (i32.const 9) (i32.wrap_i64 (i64.shr_u (i64.clz (i64.xor (local.get $rest) ${zeros})) (i64.const 3)))))
    (if (i32.lt_u (local.get $exponent) (i32.const 8))
      (then
        (i32.store8 (local.get $out) (local.get $first))
        (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
        (if (i32.le_s (local.get $significant) (i32.add (local.get $exponent) (i32.const 1)))
          (then (return (i32.add (local.get $out) (i32.add (local.get $exponent) (i32.const 1))))))
        (i32.store8 offset=1 (i32.add (local.get $out) (local.get $exponent)) ${code('.')})
        (i64.store offset=2 align=1
          (i32.add (local.get $out) (local.get $exponent))
          (i64.shr_u (local.get $rest) (i64.extend_i32_u (i32.shl (local.get $exponent) (i32.const 3)))))
        (return (i32.add (local.get $out) (i32.add (local.get $significant) (i32.const 1))))))
    (if (i32.and (i32.ge_s (local.get $exponent) (i32.const -6)) (i32.lt_s (local.get $exponent) (i32.const 0)))
      (then
        ;; 0.000000
        (i64.store align=1 (local.get $out) (i64.const 0x3030303030302e30))
        (local.set $out (i32.sub (i32.add (local.get $out) (i32.const 1)) (local.get $exponent)))
        (i32.store8 (local.get $out) (local.get $first))
        (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
        (return (i32.add (local.get $out) (local.get $significant)))))
    (i32.store8 (local.get $out) (local.get $first))
    (if (i32.and (i32.ge_s (local.get $exponent) (i32.const 8)) (i32.lt_s (local.get $exponent) (i32.const 21)))
      (then
        (i64.store offset=1 align=1 (local.get $out) (local.get $rest))
        (i64.store offset=9 align=1 (local.get $out) ${zeros})
        (i32.store offset=17 align=1 (local.get $out) (i32.const 0x30303030))
        (return (i32.add (local.get $out) (i32.add (local.get $exponent) (i32.const 1))))))
    (if (i32.gt_s (local.get $significant) (i32.const 1))
      (then
        (i32.store8 offset=1 (local.get $out) ${code('.')})
        (i64.store offset=2 align=1 (local.get $out) (local.get $rest))
        (local.set $out (i32.add (local.get $out) (i32.add (local.get $significant) (i32.const 1)))))
      (else (local.set $out (i32.add (local.get $out) (i32.const 1)))))
    (i32.store8 (local.get $out) ${code('e')})
    (i32.store8 offset=1 (local.get $out) (select ${code('-')} ${code('+')} (i32.lt_s (local.get $exponent) (i32.const 0))))
    (call $writeWhole
      (select
        (i32.sub (i32.const 0) (local.get $exponent))
        (local.get $exponent)
        (i32.lt_s (local.get $exponent) (i32.const 0)))
      (i32.add (local.get $out) (i32.const 2))))`;

/** Rounding the scaled number to multiples of a step: the multiple, and how far off it is. */
const candidate = (name: string, step: number): string => `
  (local.set $${name} (f64.mul (f64.nearest (f64.mul (local.get $scaled) (f64.const ${1 / step}))) (f64.const ${step})))
  (local.set $${name}Off (f64.abs (f64.sub (local.get $${name}) (local.get $scaled))))`;
/** Whether a distance is so close to a bound that the rounding of the scaling could decide. */
const isClose = (distance: string, bound: string): string =>
  `(f64.lt (f64.abs (f64.sub ${distance} ${bound})) (f64.const 1e-6))`;
const within = (name: string): string => `(f64.le (local.get $${name}Off) (local.get $room))`;
const closeToRoom = (name: string): string => isClose(`(local.get $${name}Off)`, '(local.get $room)');

/**
 * Writes a positive, finite float32 given as its bits. The number is scaled to nine digits before the point in float64, where half the gap
 * to its neighbours is between 3 and 60: the multiple of 1000, 100, 10 or 1 that is nearest, for the largest of these within that half gap, is the
 * shortest decimal. What the rounding of the scaling could decide is left to \`env.print\`.
 */
const writePositive = `
  (func $writePositive (param $bits i32) (param $out i32) (result i32)
    (local $biased i32) (local $exponent i32) (local $scaled f64) (local $scale f64) (local $room f64) (local $digits i32)
    (local $thousands f64) (local $hundreds f64) (local $tens f64) (local $ones f64) (local $chosen f64) (local $half f64)
    (local $thousandsOff f64) (local $hundredsOff f64) (local $tensOff f64) (local $onesOff f64) (local $off f64)
    (local.set $biased (i32.shr_u (local.get $bits) (i32.const 23)))
    (if (i32.eqz (local.get $biased)) (then (return (call $print (local.get $bits) (local.get $out)))))
    (local.set $exponent
      (i32.load ${at('decimalExponents')} (i32.add (global.get $base) (i32.shl (local.get $biased) (i32.const 2)))))
    (local.set $scale
      (f64.load offset=${layout.scales + 8 * (8 - leastScale)} (i32.sub (global.get $base) (i32.shl (local.get $exponent) (i32.const 3)))))
    (local.set $scaled (f64.mul (f64.promote_f32 (f32.reinterpret_i32 (local.get $bits))) (local.get $scale)))
    (if (f64.ge (local.get $scaled) (f64.const 1e9))
      (then
        (local.set $exponent (i32.add (local.get $exponent) (i32.const 1)))
        (local.set $scale
          (f64.load offset=${layout.scales + 8 * (8 - leastScale)} (i32.sub (global.get $base) (i32.shl (local.get $exponent) (i32.const 3)))))
        (local.set $scaled (f64.mul (f64.promote_f32 (f32.reinterpret_i32 (local.get $bits))) (local.get $scale)))))
    ;; Half the gap between this number and the next: 2^(biased - 127 - 24).
    (local.set $room
      (f64.mul
        (f64.reinterpret_i64 (i64.shl (i64.extend_i32_u (i32.add (local.get $biased) (i32.const 872))) (i64.const 52)))
        (local.get $scale)))
    ${candidate('thousands', 1000)}
    ${candidate('hundreds', 100)}
    (if (i32.eqz (i32.and (local.get $bits) (i32.const 0x7fffff)))
      (then
        ;; Below a power of two the neighbours lie twice as close. One that is short itself needs no search.
        (if (f64.ne (local.get $hundredsOff) (f64.const 0)) (then (return (call $print (local.get $bits) (local.get $out)))))
        (local.set $chosen (local.get $hundreds)))
      (else
        ${candidate('tens', 10)}
        (local.set $ones (f64.nearest (local.get $scaled)))
        (local.set $onesOff (f64.abs (f64.sub (local.get $ones) (local.get $scaled))))
        (local.set $chosen (local.get $ones))
        (local.set $off (local.get $onesOff))
        (local.set $half (f64.const 0.5))
        (if ${within('tens')}
          (then (local.set $chosen (local.get $tens)) (local.set $off (local.get $tensOff)) (local.set $half (f64.const 5))))
        (if ${within('hundreds')}
          (then (local.set $chosen (local.get $hundreds)) (local.set $off (local.get $hundredsOff)) (local.set $half (f64.const 50))))
        (if ${within('thousands')}
          (then (local.set $chosen (local.get $thousands)) (local.set $off (local.get $thousandsOff)) (local.set $half (f64.const 500))))
        (if (i32.or
              (i32.or ${closeToRoom('tens')} ${closeToRoom('hundreds')})
              (i32.or ${closeToRoom('thousands')} ${isClose('(local.get $off)', '(local.get $half)')}))
          (then (return (call $print (local.get $bits) (local.get $out)))))))
    (local.set $digits (i32.trunc_f64_u (local.get $chosen)))
    (if (i32.eq (local.get $digits) (i32.const 1000000000))
      (then
        (local.set $digits (i32.const 100000000))
        (local.set $exponent (i32.add (local.get $exponent) (i32.const 1)))))
    (call $writeDecimal (local.get $digits) (local.get $exponent) (local.get $out)))`;

const putComma = `
  (i32.store8 (local.get $out) ${code(',')})
  (local.set $out (i32.add (local.get $out) (i32.const 1)))`;

/** Writes float32; 0 instead of the address behind them when one is not finite, whose address is left in \`failedAt\`. */
const writeFloat32s = `
  (func (export "writeFloat32s") (param $values i32) (param $count i32) (param $out i32) (result i32)
    (local $end i32) (local $bits i32)
    (local.set $end (i32.add (local.get $values) (i32.shl (local.get $count) (i32.const 2))))
    (block $done
      (loop $number
        (br_if $done (i32.eq (local.get $values) (local.get $end)))
        (local.set $bits (i32.load align=1 (local.get $values)))
        (i32.store8 (local.get $out) ${code('-')})
        (local.set $out (i32.add (local.get $out) (i32.shr_u (local.get $bits) (i32.const 31))))
        (local.set $bits (i32.and (local.get $bits) (i32.const 0x7fffffff)))
        (if (i32.ge_u (local.get $bits) (i32.const 0x7f800000))
          (then
            (i32.store ${at('failedAt')} (global.get $base) (local.get $values))
            (return (i32.const 0))))
        (if (local.get $bits)
          (then (local.set $out (call $writePositive (local.get $bits) (local.get $out))))
          (else
            (i32.store8 (local.get $out) ${code('0')})
            (local.set $out (i32.add (local.get $out) (i32.const 1)))))
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
  digitsText,
  writeWhole,
  writeDecimal,
  writePositive,
  writeFloat32s,
  writeWholes('writeInt32s', 4),
  writeWholes('writeUint8s', 1),
];
