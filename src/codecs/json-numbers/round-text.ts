/** Writes float64 as float32, rounded to nearest, four at a time. */
export const roundText = [
  `
  (func (export "roundDoubles") (param $from i32) (param $end i32) (param $to i32)
    (block $last
      (loop $next
        (br_if $last (i32.gt_u (i32.add (local.get $from) (i32.const 32)) (local.get $end)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (f32x4.demote_f64x2_zero (v128.load (local.get $from))) (f32x4.demote_f64x2_zero (v128.load offset=16 (local.get $from)))))
        (local.set $from (i32.add (local.get $from) (i32.const 32)))
        (local.set $to (i32.add (local.get $to) (i32.const 16)))
        (br $next)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (f32.store (local.get $to) (f32.demote_f64 (f64.load (local.get $from))))
        (local.set $from (i32.add (local.get $from) (i32.const 8)))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (br $next))))`,
];
