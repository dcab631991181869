import { boundsCheckBytes } from './layout.ts';
import { code, constant } from './wat-helpers.ts';

/** Scans a text, 16 bytes at a time: how many commas it has, or -1 less that where a byte is no ASCII. */
const prescan = `
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

/** Whether the magnitudes of the numbers in [`$at`, `$end`), a multiple of `boundsCheckBytes`, are all below `$bound`; NaN's never is. */
function allBelow(name: string, type: 'f32' | 'f64'): string {
  const shape = type === 'f32' ? 'f32x4' : 'f64x2';
  const vectors = [0, 1, 2, 3];
  const load = (i: number) => `(${shape}.abs (v128.load offset=${16 * i} (local.get $at)))`;
  return `
  (func (export "${name}") (param $at i32) (param $end i32) (param $bound ${type}) (result i32)
    (local $bounds v128) ${vectors.map((i) => `(local $below${i} v128)`).join(' ')}
    (local.set $bounds (${shape}.splat (local.get $bound)))
    ${vectors.map((i) => `(local.set $below${i} (v128.const i32x4 -1 -1 -1 -1))`).join('\n    ')}
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        ${vectors.map((i) => `(local.set $below${i} (v128.and (local.get $below${i}) (${shape}.lt ${load(i)} (local.get $bounds))))`).join('\n        ')}
        (local.set $at (i32.add (local.get $at) (i32.const ${boundsCheckBytes})))
        (br $next)))
    (i32x4.all_true (v128.and (v128.and (local.get $below0) (local.get $below1)) (v128.and (local.get $below2) (local.get $below3)))))`;
}

/** Writes float64 as float32, rounded to nearest, four at a time. */
const roundDoubles = `
  (func (export "roundDoubles") (param $from i32) (param $end i32) (param $to i32)
    (block $last
      (loop $next
        (br_if $last (i32.gt_u (i32.add (local.get $from) (i32.const 32)) (local.get $end)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (f32x4.demote_f64x2_zero (v128.load (local.get $from)))
            (f32x4.demote_f64x2_zero (v128.load offset=16 (local.get $from)))))
        (local.set $from (i32.add (local.get $from) (i32.const 32)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (f32.store (local.get $to) (f32.demote_f64 (f64.load (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (br $next))))`;

/** Loops over whole ranges of memory: the scan before a text is read, the bounds check of arrays, rounding. */
export const scanWat: readonly string[] = [prescan, allBelow('allBelow32', 'f32'), allBelow('allBelow64', 'f64'), roundDoubles];
