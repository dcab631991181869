/** Vectors at a time: each comparison waits for the one before. */
const inFlight = 4;

/** Whether the magnitudes of the numbers in [`$at`, `$end`), as many bytes as some turns take, are all below `$bound`; those of NaN are not. */
function allBelow(name: string, type: 'f32' | 'f64'): string {
  const shape = type === 'f32' ? 'f32x4' : 'f64x2';
  const turns = Array.from({ length: inFlight }, (_, i) => i);
  const load = (i: number) => `(${shape}.abs (v128.load offset=${16 * i} (local.get $at)))`;
  return `
  (func (export "${name}") (param $at i32) (param $end i32) (param $bound ${type}) (result i32)
    (local $bounds v128) ${turns.map((i) => `(local $below${i} v128)`).join(' ')}
    (local.set $bounds (${shape}.splat (local.get $bound)))
    ${turns.map((i) => `(local.set $below${i} (v128.const i32x4 -1 -1 -1 -1))`).join('\n    ')}
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        ${turns.map((i) => `(local.set $below${i} (v128.and (local.get $below${i}) (${shape}.lt ${load(i)} (local.get $bounds))))`).join('\n        ')}
        (local.set $at (i32.add (local.get $at) (i32.const ${16 * inFlight})))
        (br $next)))
    (i32x4.all_true (v128.and (v128.and (local.get $below0) (local.get $below1)) (v128.and (local.get $below2) (local.get $below3)))))`;
}

/** So many bytes are looked at in a turn. */
export const bytesAtOnce = 16 * inFlight;

/** Looks through the magnitudes of numbers; see indexOfMagnitudeAtLeast. */
export const magnitudeText = [allBelow('allBelow32', 'f32'), allBelow('allBelow64', 'f64')];
