/** Looks for a number that a tensor may not hold, a vector at a time and then one by one. */
function firstOutside(name: string, lanes: 'f32x4' | 'f64x2', bound: string): string {
  const scalar = lanes === 'f32x4' ? 'f32' : 'f64';
  const bytes = lanes === 'f32x4' ? 4 : 8;
  const perVector = 16 / bytes;
  const add = (address: string, more: number) => `(i32.add ${address} (i32.const ${more}))`;
  // Written so that NaN, which is below nothing, is outside.
  const inside = (vector: string) => `(${lanes}.lt (${lanes}.abs ${vector}) (${lanes}.splat (${scalar}.const ${bound})))`;
  return `
  (func (export "${name}") (param $at i32) (param $count i32) (result i32)
    (local $index i32)
    (block $rest
      (loop $vectors
        (br_if $rest (i32.lt_u (i32.sub (local.get $count) (local.get $index)) (i32.const ${2 * perVector})))
        (br_if $rest
          (i32.eqz
            (${lanes === 'f32x4' ? 'i32x4' : 'i64x2'}.all_true
              (v128.and
                ${inside('(v128.load align=1 (local.get $at))')}
                ${inside('(v128.load offset=16 align=1 (local.get $at))')}))))
        (local.set $at ${add('(local.get $at)', 32)})
        (local.set $index ${add('(local.get $index)', 2 * perVector)})
        (br $vectors)))
    (block $none
      (loop $one
        (br_if $none (i32.ge_u (local.get $index) (local.get $count)))
        (if (i32.eqz (${scalar}.lt (${scalar}.abs (${scalar}.load align=1 (local.get $at))) (${scalar}.const ${bound})))
          (then (return (local.get $index))))
        (local.set $at ${add('(local.get $at)', bytes)})
        (local.set $index ${add('(local.get $index)', 1)})
        (br $one)))
    (i32.const -1))`;
}

export const finiteText: readonly string[] = [
  firstOutside('firstNotFinite32', 'f32x4', 'inf'),
  // 2^128 - 2^103, from which on a number rounds out of float32.
  firstOutside('firstOutOfRange64', 'f64x2', '340282356779733661637539395458142568448'),
];
