import { code, constant } from './layout.ts';

/** Looks through a text, 16 bytes at a time: how many commas it has, or -1 less that where a byte is no ASCII. */
export const prescan = `
  (func (export "prescan") (param $at i32) (param $end i32) (result i32)
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
