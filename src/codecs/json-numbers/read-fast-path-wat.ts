import { at, beyondNine, code, constant, joined, joinNeighbours, row, signed } from './wat-helpers.ts';

/** Which of 64 bytes are commas, the first in the lowest bit. */
const commasAt = (address: string): string => {
  const sixteen = (i: number): string =>
    `(i64.shl (i64.extend_i32_u (i8x16.bitmask (i8x16.eq (v128.load offset=${16 * i} align=1 ${address}) ${constant('commas')}))) (i64.const ${16 * i}))`;
  return `(i64.or (i64.or ${sixteen(0)} ${sixteen(1)}) (i64.or ${sixteen(2)} ${sixteen(3)}))`;
};

/** Sets $commas to where commas are in the 64 bytes from $ahead on that belong to the text. */
const lookAhead = `
  (local.set $commas ${commasAt('(local.get $ahead)')})
  (if (i32.lt_u (i32.sub (local.get $end) (local.get $ahead)) (i32.const 64))
    (then
      (local.set $commas
        (i64.and
          (local.get $commas)
          (i64.sub (i64.shl (i64.const 1) (i64.extend_i32_u (i32.sub (local.get $end) (local.get $ahead)))) (i64.const 1))))))`;

const rowOf = (table: 'lengthMasks' | 'withoutPoint', index: string): string => `(v128.load ${at(table)} ${row(index)})`;

/** Where the point is, or 16. */
const pointIn = (bytes: string): string =>
  `(i32.ctz (i32.or (i8x16.bitmask (i8x16.eq (local.get ${bytes}) ${constant('points')})) (i32.const 0x10000)))`;

/** Reads a number of 17 to 20 characters, of which $bytes are the last 16, as float64 are printed; 20 digits take the slow path. */
const readLongNumber = `
  (local.set $point ${pointIn('$bytes')})
  (local.set $upper
    (v128.and
      (i8x16.sub (v128.load align=1 (i32.sub (local.get $behind) (i32.const 32))) ${constant('zeros')})
      ${rowOf('lengthMasks', '(i32.sub (local.get $length) (i32.const 16))')}))
  (local.set $upperPoint ${pointIn('$upper')})
  ;; A digit comes first, and there are no twenty.
  (br_if $slow (i32.eq (i32.add (local.get $upperPoint) (local.get $length)) (i32.const 32)))
  (br_if $slow (i32.eq (i32.add (i32.add (local.get $upperPoint) (local.get $point)) (local.get $length)) (i32.const 52)))
  (if (i32.lt_u (local.get $upperPoint) (i32.const 16))
    (then
      (br_if $slow (i32.ne (local.get $point) (i32.const 16)))
      (local.set $upper
        (i8x16.swizzle
          (local.get $upper)
          ${rowOf('withoutPoint', '(select (i32.const 17) (local.get $upperPoint) (i32.eq (local.get $upperPoint) (i32.const 15)))')}))
      (local.set $point (i32.sub (local.get $upperPoint) (i32.const 16)))
      (local.set $power (i64.const 10000000000000000)))
    (else
      (local.set $bytes (i8x16.swizzle (local.get $bytes) ${rowOf('withoutPoint', '(local.get $point)')}))
      (local.set $power (select (i64.const 10000000000000000) (i64.const 1000000000000000) (i32.eq (local.get $point) (i32.const 16))))
      (local.set $point (select (i32.const 15) (local.get $point) (i32.eq (local.get $point) (i32.const 16))))))
  (br_if $slow (i32.or ${beyondNine('$bytes')} ${beyondNine('$upper')}))
  ${joinNeighbours}
  ;; The four digits before them are joined in one lane.
  (local.set $start (i32x4.extract_lane 3 (local.get $upper)))
  (local.set $start
    (i32.and
      (i32.add (i32.mul (local.get $start) (i32.const 10)) (i32.shr_u (local.get $start) (i32.const 8)))
      (i32.const 0xff00ff)))
  (local.set $start
    (i32.add
      (i32.mul (i32.and (local.get $start) (i32.const 0xff)) (i32.const 100))
      (i32.shr_u (local.get $start) (i32.const 16))))
  (local.set $significand
    (i64.add (i64.mul (i64.extend_i32_u (local.get $start)) (local.get $power)) ${joined}))
  (br_if $slow (i64.eqz (local.get $significand)))
  (local.set $value (call $scaleDecimal (local.get $significand) (i32.sub (local.get $point) (i32.const 15))))
  (br_if $slow (f64.ne (local.get $value) (local.get $value)))
  (f64.store (local.get $out) ${signed('(local.get $value)')})`;

const nextNumber = `
  (local.set $out (i32.add (local.get $out) (i32.const 8)))
  (local.set $p (i32.add (local.get $behind) (i32.const 1)))
  (local.set $commas (i64.and (local.get $commas) (i64.sub (local.get $commas) (i64.const 1))))`;

/**
 * Reads numbers from $p on that have up to fifteen digits, with or without a point, and a comma behind them: they are below 2^53, so that one
 * division rounds once. Numbers of up to nineteen digits are read too, but take longer. Commas are found ahead, so that no number waits for
 * the end of the one before it. Gives the address of the first number for the slow path, and where its value goes.
 *
 * @param isSpaced whether there is a space before each, as some write them.
 */
const readFast = (name: string, isSpaced: boolean): string => `
  (func $${name} (param $p i32) (param $end i32) (param $out i32) (result i32 i32)
    (local $base i32) (local $ahead i32) (local $behind i32) (local $start i32) (local $negative i32) (local $length i32) (local $point i32) (local $upperPoint i32)
    (local $commas i64) (local $power i64) (local $significand i64) (local $value f64) (local $bytes v128) (local $upper v128)
    (local.set $base (global.get $base))
    (local.set $ahead (local.get $p))
    ${lookAhead}
    (block $slow
      (loop $fast
        (if (i64.eqz (local.get $commas))
          (then
            (local.set $ahead (i32.add (local.get $ahead) (i32.const 64)))
            (br_if $slow (i32.ge_u (local.get $ahead) (local.get $end)))
            ${lookAhead}
            (br_if $slow (i64.eqz (local.get $commas)))))
        (local.set $behind (i32.add (local.get $ahead) (i32.wrap_i64 (i64.ctz (local.get $commas)))))
        ${isSpaced ? '(br_if $slow (i32.ne (i32.load8_u (local.get $p)) (i32.const 32)))' : ''}
        (local.set $start ${isSpaced ? '(i32.add (local.get $p) (i32.const 1))' : '(local.get $p)'})
        (local.set $negative (i32.eq (i32.load8_u (local.get $start)) ${code('-')}))
        (local.set $start (i32.add (local.get $start) (local.get $negative)))
        (local.set $length (i32.sub (local.get $behind) (local.get $start)))
        (br_if $slow (i32.gt_u (local.get $length) (i32.const 20)))
        ;; Behind a zero that comes first there is no digit.
        (br_if $slow
          (i32.lt_u
            (i32.rotr (i32.and (i32.sub (i32.load16_u align=1 (local.get $start)) (i32.const 0x3030)) (i32.const 0xffff)) (i32.const 8))
            (i32.const 10)))
        (local.set $bytes (i8x16.sub (v128.load align=1 (i32.sub (local.get $behind) (i32.const 16))) ${constant('zeros')}))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then
            ${readLongNumber}
            ${nextNumber}
            (br $fast)))
        ;; Zeros take the place of what is before the number, and what is before the point takes its place.
        (local.set $bytes (v128.and (local.get $bytes) ${rowOf('lengthMasks', '(local.get $length)')}))
        (local.set $point ${pointIn('$bytes')})
        (local.set $bytes (i8x16.swizzle (local.get $bytes) ${rowOf('withoutPoint', '(local.get $point)')}))
        (br_if $slow ${beyondNine('$bytes')})
        ;; A digit comes first, and there are no sixteen.
        (br_if $slow (i32.ge_u (i32.sub (i32.add (local.get $length) (local.get $point)) (i32.const 17)) (i32.const 15)))
        ${joinNeighbours}
        (f64.store (local.get $out)
          (f64.div
            (f64.convert_i64_s ${joined})
            (f64.load ${at('pointPowers')}
              (i32.add
                (i32.add (local.get $base) (i32.shl (local.get $negative) (i32.const 8)))
                (i32.shl (local.get $point) (i32.const 3))))))
        ${nextNumber}
        (br $fast)))
    (local.get $p)
    (local.get $out))`;

export const fastPath: readonly string[] = [readFast('readCompact', false), readFast('readSpaced', true)];
