import { constant, deepest, layout, leastFive, mostFive, outcomes } from './layout.ts';

const at = (name: keyof typeof layout): string => `offset=${layout[name]}`;
const code = (character: string): string => `(i32.const ${character.charCodeAt(0)})`;

/** Sets $high to the high half of the product of the $significand and another unsigned 64-bit number; V8 makes no part of a function of another one. */
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
const scaled = `
  (func $scaled (param $significand i64) (param $exponent i32) (result f64)
    (local $high i64) (local $low i64) (local $first i64) (local $entry i32) (local $factor i64) (local $factorLow i64) (local $factorHigh i64)
    (local $significandLow i64) (local $significandHigh i64) (local $middle i64) (local $other i64) (local $zeros i64) (local $upper i64) (local $mantissa i64)
    (local $binary i64)
    (if (i32.lt_s (local.get $exponent) (i32.const ${leastFive})) (then (return (f64.const 0))))
    (if (i32.gt_s (local.get $exponent) (i32.const ${mostFive})) (then (return (f64.const inf))))
    (local.set $entry
      (i32.add (global.get $base) (i32.shl (i32.sub (local.get $exponent) (i32.const ${leastFive})) (i32.const 4))))
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

const isDigit = `(i32.lt_u (i32.sub (local.get $c) ${code('0')}) (i32.const 10))`;
const next = '(local.set $c (i32.load8_u (local.tee $p (i32.add (local.get $p) (i32.const 1)))))';

/** A number that runs on behind the text is none of it; what stands there may be digits without end. */
const stopBehindEnd = '(br_if $stop (i32.gt_u (local.get $p) (local.get $end)))';

/** Goes over white space, of which there is none between most numbers. */
const skipSpace = `
  (if (i32.le_u (local.get $c) (i32.const 32))
    (then
      (loop $space
        (br_if $stop (i32.ge_u (local.get $p) (local.get $end)))
        (if (i32.or
              (i32.or (i32.eq (local.get $c) (i32.const 32)) (i32.eq (local.get $c) (i32.const 10)))
              (i32.or (i32.eq (local.get $c) (i32.const 13)) (i32.eq (local.get $c) (i32.const 9))))
          (then ${next} (br $space))))))`;

/** Gives a number above 0 its sign, without a branch: nobody can foretell signs. */
const signed = (value: string): string => `
  (f64.reinterpret_i64
    (i64.or (i64.reinterpret_f64 ${value}) (i64.shl (i64.extend_i32_u (local.get $negative)) (i64.const 63))))`;

/** Joins sixteen digits of $bytes: to numbers of two digits, of four, and of eight. */
const joinNeighbours = `
  (local.set $bytes
    (i16x8.add
      (i16x8.mul (v128.and (local.get $bytes) ${constant('lowBytes')}) ${constant('tens')})
      (i16x8.shr_u (local.get $bytes) (i32.const 8))))
  (local.set $bytes (i32x4.dot_i16x8_s (local.get $bytes) ${constant('hundreds')}))
  (local.set $bytes (i32x4.dot_i16x8_s (i16x8.narrow_i32x4_u (local.get $bytes) (local.get $bytes)) ${constant('myriads')}))`;

/** The number of sixteen digits that $bytes are joined to. */
const joined = `
  (i64.add
    (i64.mul (i64.extend_i32_u (i32x4.extract_lane 0 (local.get $bytes))) (i64.const 100000000))
    (i64.extend_i32_u (i32x4.extract_lane 1 (local.get $bytes))))`;

/** Sets $n to how many digits come first at an address, up to 16, and $bytes to two numbers: those of its first and its last eight digits. */
const digitsAt = (address: string): string => `
  (local.set $bytes (i8x16.sub (v128.load align=1 ${address}) ${constant('zeros')}))
  (local.set $n
    (i32.ctz
      (i32.or (i8x16.bitmask (i8x16.gt_u (local.get $bytes) ${constant('nines')})) (i32.const 0x10000))))
  ;; Moved to the end of the vector, behind zeros, whatever their number.
  (local.set $bytes
    (i8x16.swizzle
      (local.get $bytes)
      (v128.load ${at('alignments')} (i32.add (local.get $base) (i32.shl (local.get $n) (i32.const 4))))))
  ${joinNeighbours}`;

/** The number whose digits are a number's and behind them those of $n and $bytes. */
const appended = (number: string): string => `
  (i64.add
    (i64.mul ${number} (i64.load ${at('integerPowers')} (i32.add (local.get $base) (i32.shl (local.get $n) (i32.const 3)))))
    ${joined})`;

const power = (exponent: string): string =>
  `(f64.load ${at('exactPowers')} (i32.add (local.get $base) (i32.shl ${exponent} (i32.const 3))))`;

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

const rowOf = (table: 'lengthMasks' | 'withoutPoint', row: string): string =>
  `(v128.load ${at(table)} (i32.add (local.get $base) (i32.shl ${row} (i32.const 4))))`;
/** Where the point is, or 16. */
const pointIn = (bytes: string): string =>
  `(i32.ctz (i32.or (i8x16.bitmask (i8x16.eq (local.get ${bytes}) ${constant('points')})) (i32.const 0x10000)))`;
/** Which bytes are no digits: more than 9 becomes more than 127. */
const beyondNine = (bytes: string): string => `(i8x16.bitmask (i8x16.add_sat_u (local.get ${bytes}) ${constant('beyondNine')}))`;

/** Reads a number of 17 to 20 characters, of which $bytes are the last 16, as float64 are printed; leaves `$unusual` for 20 digits. */
const readLongNumber = `
  (local.set $point ${pointIn('$bytes')})
  (local.set $upper
    (v128.and
      (i8x16.sub (v128.load align=1 (i32.sub (local.get $behind) (i32.const 32))) ${constant('zeros')})
      ${rowOf('lengthMasks', '(i32.sub (local.get $length) (i32.const 16))')}))
  (local.set $upperPoint ${pointIn('$upper')})
  ;; A digit comes first, and there are no twenty.
  (br_if $unusual (i32.eq (i32.add (local.get $upperPoint) (local.get $length)) (i32.const 32)))
  (br_if $unusual (i32.eq (i32.add (i32.add (local.get $upperPoint) (local.get $point)) (local.get $length)) (i32.const 52)))
  (if (i32.lt_u (local.get $upperPoint) (i32.const 16))
    (then
      (br_if $unusual (i32.ne (local.get $point) (i32.const 16)))
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
  (br_if $unusual (i32.or ${beyondNine('$bytes')} ${beyondNine('$upper')}))
  ${joinNeighbours}
  (local.set $significand ${joined})
  (local.set $bytes (local.get $upper))
  ${joinNeighbours}
  (local.set $significand (i64.add (i64.mul ${joined} (local.get $power)) (local.get $significand)))
  (br_if $unusual (i64.eqz (local.get $significand)))
  (local.set $value (call $scaled (local.get $significand) (i32.sub (local.get $point) (i32.const 15))))
  (br_if $unusual (f64.ne (local.get $value) (local.get $value)))
  (f64.store (local.get $out) ${signed('(local.get $value)')})`;

const nextNumber = `
  (local.set $out (i32.add (local.get $out) (i32.const 8)))
  (local.set $p (i32.add (local.get $behind) (i32.const 1)))
  (local.set $commas (i64.and (local.get $commas) (i64.sub (local.get $commas) (i64.const 1))))`;

/**
 * Reads numbers from $p, before the end, on that are usual: up to fifteen digits, a point among them or not, and a comma behind them. They
 * are below 2^53, so that one division rounds once. Numbers of up to nineteen digits are usual too, but take longer. Commas are looked for ahead, so that no number has to
 * wait for the end of the one before it. Gives where a number begins that is not usual, and where it goes.
 *
 * @param isSpaced whether there is a space before each, as some write them.
 */
const readUsual = (name: string, isSpaced: boolean): string => `
  (func $${name} (param $p i32) (param $end i32) (param $out i32) (result i32 i32)
    (local $base i32) (local $ahead i32) (local $behind i32) (local $start i32) (local $negative i32) (local $length i32) (local $point i32) (local $upperPoint i32)
    (local $commas i64) (local $power i64) (local $significand i64) (local $value f64) (local $bytes v128) (local $upper v128)
    (local.set $base (global.get $base))
    (local.set $ahead (local.get $p))
    ${lookAhead}
    (block $unusual
      (loop $usual
        (if (i64.eqz (local.get $commas))
          (then
            (local.set $ahead (i32.add (local.get $ahead) (i32.const 64)))
            (br_if $unusual (i32.ge_u (local.get $ahead) (local.get $end)))
            ${lookAhead}
            (br_if $unusual (i64.eqz (local.get $commas)))))
        (local.set $behind (i32.add (local.get $ahead) (i32.wrap_i64 (i64.ctz (local.get $commas)))))
        ${isSpaced ? '(br_if $unusual (i32.ne (i32.load8_u (local.get $p)) (i32.const 32)))' : ''}
        (local.set $start ${isSpaced ? '(i32.add (local.get $p) (i32.const 1))' : '(local.get $p)'})
        (local.set $negative (i32.eq (i32.load8_u (local.get $start)) ${code('-')}))
        (local.set $start (i32.add (local.get $start) (local.get $negative)))
        (local.set $length (i32.sub (local.get $behind) (local.get $start)))
        (br_if $unusual (i32.gt_u (local.get $length) (i32.const 20)))
        ;; Behind a zero that comes first there is no digit.
        (br_if $unusual
          (i32.lt_u
            (i32.rotr (i32.and (i32.sub (i32.load16_u align=1 (local.get $start)) (i32.const 0x3030)) (i32.const 0xffff)) (i32.const 8))
            (i32.const 10)))
        (local.set $bytes (i8x16.sub (v128.load align=1 (i32.sub (local.get $behind) (i32.const 16))) ${constant('zeros')}))
        (if (i32.gt_u (local.get $length) (i32.const 16))
          (then
            ${readLongNumber}
            ${nextNumber}
            (br $usual)))
        ;; Zeros take the place of what is before the number, and what is before the point takes its place.
        (local.set $bytes (v128.and (local.get $bytes) ${rowOf('lengthMasks', '(local.get $length)')}))
        (local.set $point ${pointIn('$bytes')})
        (local.set $bytes (i8x16.swizzle (local.get $bytes) ${rowOf('withoutPoint', '(local.get $point)')}))
        (br_if $unusual ${beyondNine('$bytes')})
        ;; A digit comes first, and there are no sixteen.
        (br_if $unusual (i32.ge_u (i32.sub (i32.add (local.get $length) (local.get $point)) (i32.const 17)) (i32.const 15)))
        ${joinNeighbours}
        (f64.store (local.get $out)
          (f64.div
            (f64.convert_i64_s ${joined})
            (f64.load ${at('pointPowers')}
              (i32.add
                (i32.add (local.get $base) (i32.shl (local.get $negative) (i32.const 8)))
                (i32.shl (local.get $point) (i32.const 3))))))
        ${nextNumber}
        (br $usual)))
    (local.get $p)
    (local.get $out))`;

const callUsual = (name: string): string => `
  (call $${name} (local.get $p) (local.get $limit) (local.get $out))
  (local.set $out)
  (local.set $p)
  (local.set $c (i32.load8_u (local.get $p)))`;

/** Numbers that are not looked at as usual ones where fewer than two were usual: to look ahead for each is slower. */
const mostSkipped = 15;

/** Reads the usual numbers from $p on, if any, and goes to the first that is not. */
const readUsualNumbers = `
  (br_if $stop (i32.ge_u (local.get $p) (local.get $end)))
  (if (local.get $skipped)
    (then (local.set $skipped (i32.sub (local.get $skipped) (i32.const 1))))
    (else
      (local.set $first (local.get $out))
      ${callUsual('readCompact')}
      (if (i32.and (i32.eq (local.get $c) (i32.const 32)) (i32.lt_u (local.get $p) (local.get $limit))) (then ${callUsual('readSpaced')}))
      (local.set $first (i32.sub (local.get $out) (local.get $first)))
      (local.set $elements (i32.add (local.get $elements) (i32.shr_u (local.get $first) (i32.const 3))))
      (if (i32.lt_u (local.get $first) (i32.const 16)) (then (local.set $skipped (i32.const ${mostSkipped}))))
      (br_if $element (i32.eq (local.get $p) (local.get $pause)))
      ${skipSpace}))`;

/** Sets $value to the number that begins at $p behind its sign, and $p behind it; $c is what stands there. */
const readNumber = `
  (local.set $start (local.get $p))
  (local.set $c (i32.load8_u (local.get $p)))
  (br_if $stop (i32.eqz ${isDigit}))
  (local.set $significand (i64.extend_i32_u (i32.sub (local.get $c) ${code('0')})))
  ${next}
  (if (i64.ne (local.get $significand) (i64.const 0))
    (then
      (block $integerEnds
        (loop $integer
          (br_if $integerEnds (i32.eqz ${isDigit}))
          (local.set $significand
            (i64.add (i64.mul (local.get $significand) (i64.const 10)) (i64.extend_i32_u (i32.sub (local.get $c) ${code('0')}))))
          ${next}
          ${stopBehindEnd}
          (br $integer)))))
  (local.set $digits (i32.sub (local.get $p) (local.get $start)))
  (local.set $exponent (i32.const 0))
  (if (i32.eq (local.get $c) ${code('.')})
    (then
      (local.set $point (local.tee $p (i32.add (local.get $p) (i32.const 1))))
      (loop $fraction
        ${digitsAt('(local.get $p)')}
        (local.set $significand ${appended('(local.get $significand)')})
        (local.set $p (i32.add (local.get $p) (local.get $n)))
        (if (i32.eq (local.get $n) (i32.const 16))
          (then ${stopBehindEnd} (br $fraction))))
      (local.set $exponent (i32.sub (local.get $point) (local.get $p)))
      (br_if $stop (i32.eqz (local.get $exponent)))
      (local.set $digits (i32.sub (local.get $digits) (local.get $exponent)))
      (local.set $c (i32.load8_u (local.get $p)))))
  (if (i32.eq (i32.or (local.get $c) (i32.const 0x20)) ${code('e')})
    (then
      ${next}
      (local.set $n (i32.eq (local.get $c) ${code('-')}))
      (if (i32.or (local.get $n) (i32.eq (local.get $c) ${code('+')})) (then ${next}))
      (br_if $stop (i32.eqz ${isDigit}))
      (local.set $written (i32.const 0))
      (block $exponentEnds
        (loop $exponentDigits
          (br_if $exponentEnds (i32.eqz ${isDigit}))
          ;; Beyond this every number is 0 or out of range, and more would overflow.
          (if (i32.lt_u (local.get $written) (i32.const 100000000))
            (then
              (local.set $written (i32.add (i32.mul (local.get $written) (i32.const 10)) (i32.sub (local.get $c) ${code('0')})))))
          ${next}
          ${stopBehindEnd}
          (br $exponentDigits)))
      (local.set $exponent
        (i32.add (local.get $exponent) (select (i32.sub (i32.const 0) (local.get $written)) (local.get $written) (local.get $n))))))
  (if (i32.and
        (i32.le_u (local.get $digits) (i32.const 19))
        (i32.and
          (i64.le_u (local.get $significand) (i64.const 0x20000000000000))
          (i32.le_u (i32.add (local.get $exponent) (i32.const 22)) (i32.const 44))))
    (then
      ;; Significand and power are exact in float64: one operation rounds once (Clinger 1990).
      (local.set $value (f64.convert_i64_u (local.get $significand)))
      (if (i32.lt_s (local.get $exponent) (i32.const 0))
        (then
          (local.set $value
            (f64.div
              (local.get $value)
              (f64.load ${at('exactPowers')} (i32.sub (local.get $base) (i32.shl (local.get $exponent) (i32.const 3)))))))
        (else
          (local.set $value
            (f64.mul
              (local.get $value)
              ${power('(local.get $exponent)')})))))
    (else
      (local.set $value (f64.const nan))
      (if (i32.le_u (local.get $digits) (i32.const 19))
        (then
          (local.set $value
            (if (result f64) (i64.eqz (local.get $significand))
              (then (f64.const 0))
              (else (call $scaled (local.get $significand) (local.get $exponent)))))))
      (if (f64.ne (local.get $value) (local.get $value))
        (then
          (local.set $value (call $number (local.get $start) (local.get $p)))))))
  (local.set $value ${signed('(local.get $value)')})
  ;; 2^128 - 2^103, halfway from the largest float32 to the next that there would be
  (br_if $stop (f64.ge (f64.abs (local.get $value)) (f64.const 340282356779733661637539395458142568448)))`;

const atDepth = '(i32.add (local.get $base) (i32.shl (local.get $depth) (i32.const 2)))';

/** Reads a nested array of numbers, or on from within one; see NumberCodec.readArray, readUpTo and readOn. */
const readArray = `
  (func (export "readArray") (param $p i32) (param $end i32) (param $out i32) (param $pause i32) (param $depth i32) (result i32)
    (local $base i32) (local $limit i32) (local $open i32)
    (local $c i32) (local $leaf i32) (local $elements i32) (local $outStart i32) (local $first i32) (local $skipped i32) (local $start i32) (local $negative i32)
    (local $digits i32) (local $exponent i32) (local $written i32) (local $point i32) (local $n i32) (local $length i32)
    (local $significand i64) (local $bytes v128) (local $value f64)
    (local.set $base (global.get $base))
    (local.set $outStart (local.get $out))
    (i32.store ${at('isRead')} (local.get $base) (i32.const ${outcomes.stopped}))
    (memory.fill (i32.add (local.get $base) (i32.const ${layout.counts})) (i32.const 0) (i32.const ${4 * (deepest + 1)}))
    (memory.fill (i32.add (local.get $base) (i32.const ${layout.lengths})) (i32.const 0) (i32.const ${4 * (deepest + 1)}))
    (local.set $leaf (local.get $depth))
    (local.set $open (local.get $depth))
    (local.set $limit
      (select (local.get $pause) (local.get $end) (i32.gt_u (local.get $pause) (local.get $p))))
    (local.set $c (i32.load8_u (local.get $p)))
    (block $stop
      (loop $element
        (if (i32.eq (local.get $p) (local.get $pause))
          (then
            (i32.store ${at('counts')} ${atDepth} (local.get $elements))
            (i32.store ${at('isRead')} (local.get $base) (i32.const ${outcomes.paused}))
            (i32.store ${at('count')} (local.get $base) (i32.shr_u (i32.sub (local.get $out) (local.get $outStart)) (i32.const 3)))
            (i32.store ${at('depth')} (local.get $base) (local.get $depth))
            (return (local.get $p))))
        ${skipSpace}
        (if (i32.eq (local.get $c) ${code('[')})
          (then
            (br_if $stop (i32.and (i32.ne (local.get $leaf) (i32.const 0)) (i32.ge_u (local.get $depth) (local.get $leaf))))
            (br_if $stop (i32.eq (local.get $depth) (i32.const ${deepest})))
            (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
            (i32.store ${at('counts')} ${atDepth} (i32.const 0))
            (local.set $elements (i32.const 0))
            ${next}
            (br $element)))
        (if (i32.ne (local.get $depth) (local.get $leaf))
          (then
            (br_if $stop (local.get $leaf))
            (local.set $leaf (local.get $depth))))
        ${readUsualNumbers}
        (local.set $negative (i32.eq (local.get $c) ${code('-')}))
        (local.set $p (i32.add (local.get $p) (local.get $negative)))
        ${readNumber}
        (f64.store (local.get $out) (local.get $value))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (local.set $elements (i32.add (local.get $elements) (i32.const 1)))
        (loop $behind
          ${skipSpace}
          (br_if $stop (i32.ge_u (local.get $p) (local.get $end)))
          (if (i32.eq (local.get $c) ${code(',')})
            (then ${next} (br $element)))
          (br_if $stop (i32.ne (local.get $c) ${code(']')}))
          (local.set $length
            (select (local.get $elements) (i32.load ${at('counts')} ${atDepth}) (i32.eq (local.get $depth) (local.get $leaf))))
          (if (i32.eq (local.get $depth) (local.get $open))
            (then
              ;; It began before: its length is not known here.
              (i32.store ${at('remainders')} ${atDepth} (local.get $length))
              (local.set $open (i32.sub (local.get $open) (i32.const 1))))
            (else
              (if (i32.eqz (i32.load ${at('lengths')} ${atDepth}))
                (then (i32.store ${at('lengths')} ${atDepth} (local.get $length)))
                (else (br_if $stop (i32.ne (i32.load ${at('lengths')} ${atDepth}) (local.get $length)))))))
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
          ${next}
          (if (local.get $depth)
            (then
              (i32.store ${at('counts')} ${atDepth} (i32.add (i32.load ${at('counts')} ${atDepth}) (i32.const 1)))
              (br $behind))))
        (i32.store ${at('isRead')} (local.get $base) (i32.const ${outcomes.read}))
        (i32.store ${at('count')} (local.get $base) (i32.shr_u (i32.sub (local.get $out) (local.get $outStart)) (i32.const 3)))
        (i32.store ${at('depth')} (local.get $base) (local.get $leaf))
        (return (local.get $p))))
    (select (local.get $end) (local.get $p) (i32.gt_u (local.get $p) (local.get $end))))`;

/** Looks through a text, 16 bytes at a time: how many commas it has, or -1 less that where a byte is no ASCII. */
const lookThrough = `
  (func (export "lookThrough") (param $at i32) (param $end i32) (result i32)
    (local $base i32) (local $count i32) (local $last i32) (local $bytes v128) (local $all v128)
    (local.set $base (global.get $base))
    (block $done
      (loop $sixteen
        (br_if $done (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16)))
        (local.set $bytes (v128.load align=1 (local.get $at)))
        (local.set $all (v128.or (local.get $all) (local.get $bytes)))
        (local.set $count
          (i32.add (local.get $count) (i32.popcnt (i8x16.bitmask (i8x16.eq (local.get $bytes) ${constant('commas')})))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $sixteen)))
    (block $ended
      (loop $one
        (br_if $ended (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $last (i32.or (local.get $last) (i32.load8_u (local.get $at))))
        (local.set $count (i32.add (local.get $count) (i32.eq (i32.load8_u (local.get $at)) ${code(',')})))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $one)))
    (i32.xor
      (local.get $count)
      (select
        (i32.const -1)
        (i32.const 0)
        (i32.or (i32.ge_u (local.get $last) (i32.const 128)) (i8x16.bitmask (local.get $all))))))`;

export const readText: readonly string[] = [scaled, readUsual('readCompact', false), readUsual('readSpaced', true), readArray, lookThrough];
