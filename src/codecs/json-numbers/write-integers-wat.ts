import { advance, beyondNine, code, constant, putComma, zeros } from './wat-helpers.ts';

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

/** Writes an integer below 2^32, and gives the address behind it. */
const writeInteger = `
  (func $writeInteger (param $number i32) (param $out i32) (result i32)
    (local $text i64) (local $upper i64) (local $leading i32)
    (if (i32.lt_u (local.get $number) (i32.const 10))
      (then
        (i32.store8 (local.get $out) (i32.add (local.get $number) ${code('0')}))
        (return (i32.add (local.get $out) (i32.const 1)))))
    (if (i32.ge_u (local.get $number) (i32.const 100000000))
      (then
        (local.set $out (call $writeInteger (i32.div_u (local.get $number) (i32.const 100000000)) (local.get $out)))
        (local.set $number (i32.rem_u (local.get $number) (i32.const 100000000)))
        ${digitsText('text', '(local.get $number)')}
        (i64.store align=1 (local.get $out) (local.get $text))
        (return (i32.add (local.get $out) (i32.const 8)))))
    ${digitsText('text', '(local.get $number)')}
    (local.set $leading (i32.wrap_i64 (i64.shr_u (i64.ctz (i64.xor (local.get $text) ${zeros})) (i64.const 3))))
    (i64.store align=1 (local.get $out) (i64.shr_u (local.get $text) (i64.extend_i32_u (i32.shl (local.get $leading) (i32.const 3)))))
    (i32.add (local.get $out) (i32.sub (i32.const 8) (local.get $leading))))`;

/** Writes sixteen bytes that are one digit each, as spikes are, and begins anew behind them. */
const writeSixteen = `
  (if (i32.ge_u (i32.sub (local.get $end) (local.get $values)) (i32.const 16))
    (then
      (local.set $digits (v128.load align=1 (local.get $values)))
      (if (i32.eqz ${beyondNine('$digits')})
        (then
          (local.set $digits (v128.or (local.get $digits) ${constant('zeros')}))
          (v128.store align=1 (local.get $out)
            (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get $digits) ${constant('commas')}))
          (v128.store offset=16 align=1 (local.get $out)
            (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31 (local.get $digits) ${constant('commas')}))
          ${advance('(i32.const 32)')}
          (local.set $values (i32.add (local.get $values) (i32.const 16)))
          (br $number)))))`;

const writeIntegers = (name: string, bytes: 1 | 4): string => `
  (func (export "${name}") (param $values i32) (param $count i32) (param $out i32) (result i32)
    (local $base i32) (local $end i32) (local $digits v128)
    (local.set $base (global.get $base))
    (local.set $end (i32.add (local.get $values) (i32.mul (local.get $count) (i32.const ${bytes}))))
    (block $done
      (loop $number
        (br_if $done (i32.eq (local.get $values) (local.get $end)))
        ${bytes === 1 ? writeSixteen : ''}
        (local.set $out
          (call $writeInteger (${bytes === 4 ? 'i32.load align=1' : 'i32.load8_u'} (local.get $values)) (local.get $out)))
        ${putComma}
        (local.set $values (i32.add (local.get $values) (i32.const ${bytes})))
        (br $number)))
    (local.get $out))`;

export const writeIntegersWat: readonly string[] = [writeInteger, writeIntegers('writeInt32s', 4), writeIntegers('writeUint8s', 1)];
