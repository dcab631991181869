import { scaleDecimal } from './eisel-lemire-wat.ts';
import { layout, maxDepth, outcomes } from './layout.ts';
import { fastPath } from './read-fast-path-wat.ts';
import { at, code, constant, joined, joinNeighbours, row, signed } from './wat-helpers.ts';

const isDigit = `(i32.lt_u (i32.sub (local.get $c) ${code('0')}) (i32.const 10))`;

const next = '(local.set $c (i32.load8_u (local.tee $p (i32.add (local.get $p) (i32.const 1)))))';

/** Stops at a number that runs on behind the text, where digits may stand without end. */
const stopBehindEnd = '(br_if $stop (i32.gt_u (local.get $p) (local.get $end)))';

/** Skips white space; most numbers have none between them. */
const skipSpace = `
  (if (i32.le_u (local.get $c) (i32.const 32))
    (then
      (loop $space
        (br_if $stop (i32.ge_u (local.get $p) (local.get $end)))
        (if (i32.or
              (i32.or (i32.eq (local.get $c) (i32.const 32)) (i32.eq (local.get $c) (i32.const 10)))
              (i32.or (i32.eq (local.get $c) (i32.const 13)) (i32.eq (local.get $c) (i32.const 9))))
          (then ${next} (br $space))))))`;

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
      (v128.load ${at('alignments')} ${row('(local.get $n)')})))
  ${joinNeighbours}`;

/** The number whose digits are a number's and behind them those of $n and $bytes. */
const appended = (number: string): string => `
  (i64.add
    (i64.mul ${number} (i64.load ${at('integerPowers')} ${row('(local.get $n)', 8)}))
    ${joined})`;

const callFastPath = (name: string): string => `
  (call $${name} (local.get $p) (local.get $end) (local.get $out))
  (local.set $out)
  (local.set $p)
  (local.set $c (i32.load8_u (local.get $p)))`;

/** Numbers that are not tried on the fast path after it has read fewer than two: to look ahead for each is slower. */
const maxSkipped = 15;

/** Reads as many numbers from $p on as the fast path takes, and goes to the first that it does not. */
const tryFastPath = `
  (br_if $stop (i32.ge_u (local.get $p) (local.get $end)))
  (if (local.get $skipped)
    (then (local.set $skipped (i32.sub (local.get $skipped) (i32.const 1))))
    (else
      (local.set $first (local.get $out))
      ${callFastPath('readCompact')}
      (if (i32.and (i32.eq (local.get $c) (i32.const 32)) (i32.lt_u (local.get $p) (local.get $end))) (then ${callFastPath('readSpaced')}))
      (local.set $first (i32.sub (local.get $out) (local.get $first)))
      (local.set $elements (i32.add (local.get $elements) (i32.shr_u (local.get $first) (i32.const 3))))
      (if (i32.lt_u (local.get $first) (i32.const 16)) (then (local.set $skipped (i32.const ${maxSkipped}))))
      ${skipSpace}))`;

/** The slow path: sets $value to the number that begins at $p behind its sign, $p to its end, and $c to the character there. */
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
              (f64.load ${at('exactPowers')} ${row('(local.get $exponent)', 8)}))))))
    (else
      (local.set $value (f64.const nan))
      (if (i32.le_u (local.get $digits) (i32.const 19))
        (then
          (local.set $value
            (if (result f64) (i64.eqz (local.get $significand))
              (then (f64.const 0))
              (else (call $scaleDecimal (local.get $significand) (local.get $exponent)))))))
      (if (f64.ne (local.get $value) (local.get $value))
        (then
          (local.set $value (call $number (local.get $start) (local.get $p)))))))
  (local.set $value ${signed('(local.get $value)')})
  ;; 2^128 - 2^103, halfway from the largest float32 to the next that there would be
  (br_if $stop (f64.ge (f64.abs (local.get $value)) (f64.const 340282356779733661637539395458142568448)))`;

const atDepth = row('(local.get $depth)', 4);

/** Reads a nested array of numbers; see NumberCodec.readArray. */
const readArray = `
  (func (export "readArray") (param $p i32) (param $end i32) (param $out i32) (result i32)
    (local $base i32) (local $depth i32)
    (local $c i32) (local $leaf i32) (local $elements i32) (local $outStart i32) (local $first i32) (local $skipped i32) (local $start i32) (local $negative i32)
    (local $digits i32) (local $exponent i32) (local $written i32) (local $point i32) (local $n i32) (local $length i32) (local $ragged i32)
    (local $significand i64) (local $bytes v128) (local $value f64)
    (local.set $base (global.get $base))
    (local.set $outStart (local.get $out))
    (i32.store ${at('outcome')} (local.get $base) (i32.const ${outcomes.stopped}))
    (memory.fill (i32.add (local.get $base) (i32.const ${layout.counts})) (i32.const 0) (i32.const ${4 * (maxDepth + 2)}))
    (memory.fill (i32.add (local.get $base) (i32.const ${layout.lengths})) (i32.const 0) (i32.const ${4 * (maxDepth + 2)}))
    (local.set $c (i32.load8_u (local.get $p)))
    (block $stop
      (loop $element
        ${skipSpace}
        (if (i32.eq (local.get $c) ${code('[')})
          (then
            (br_if $stop (i32.and (i32.ne (local.get $leaf) (i32.const 0)) (i32.ge_u (local.get $depth) (local.get $leaf))))
            (br_if $stop (i32.eq (local.get $depth) (i32.const ${maxDepth})))
            (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
            (i32.store ${at('counts')} ${atDepth} (i32.const 0))
            (local.set $elements (i32.const 0))
            ${next}
            (br $element)))
        (if (i32.ne (local.get $depth) (local.get $leaf))
          (then
            (br_if $stop (local.get $leaf))
            (local.set $leaf (local.get $depth))))
        ${tryFastPath}
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
          (if (i32.eqz (i32.load ${at('lengths')} ${atDepth}))
            (then (i32.store ${at('lengths')} ${atDepth} (local.get $length)))
            (else
              (if (i32.ne (i32.load ${at('lengths')} ${atDepth}) (local.get $length))
                (then
                  (local.set $ragged (local.get $length))
                  (br $stop)))))
          (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
          ${next}
          (if (local.get $depth)
            (then
              (i32.store ${at('counts')} ${atDepth} (i32.add (i32.load ${at('counts')} ${atDepth}) (i32.const 1)))
              (br $behind))))
        (i32.store ${at('outcome')} (local.get $base) (i32.const ${outcomes.read}))
        (i32.store ${at('count')} (local.get $base) (i32.shr_u (i32.sub (local.get $out) (local.get $outStart)) (i32.const 3)))
        (i32.store ${at('depth')} (local.get $base) (local.get $leaf))
        (return (local.get $p))))
    ;; Where it stopped: the element at each depth, and the length of the row that differs from those before it.
    (if (i32.eq (local.get $depth) (local.get $leaf))
      (then (i32.store ${at('counts')} ${atDepth} (local.get $elements))))
    (i32.store ${at('depth')} (local.get $base) (local.get $depth))
    (i32.store ${at('ragged')} (local.get $base) (local.get $ragged))
    (select (local.get $end) (local.get $p) (i32.gt_u (local.get $p) (local.get $end))))`;

export const readArrayWat: readonly string[] = [scaleDecimal, ...fastPath, readArray];
