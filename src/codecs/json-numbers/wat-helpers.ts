import { constants, layout } from './layout.ts';

/** Where a table or a piece of state is, in a load or store whose address is the codec's base. */
export const at = (name: keyof typeof layout): string => `offset=${layout[name]}`;

/** A character's code. */
export const code = (character: string): string => `(i32.const ${character.charCodeAt(0)})`;

/** A constant, in a function whose `$base` is the codec's. */
export const constant = (name: keyof typeof constants): string =>
  `(v128.load offset=${layout.constants + 16 * Object.keys(constants).indexOf(name)} (local.get $base))`;

/** The address of row `$i` of a table of 4-, 8- or 16-byte entries, less the table's offset. */
export const row = (index: string, entryBytes: 4 | 8 | 16 = 16): string =>
  `(i32.add (local.get $base) (i32.shl ${index} (i32.const ${Math.log2(entryBytes)})))`;

/** Which bytes are no digits: more than 9 becomes more than 127. */
export const beyondNine = (bytes: string): string => `(i8x16.bitmask (i8x16.add_sat_u (local.get ${bytes}) ${constant('beyondNine')}))`;

/** Joins sixteen digits of $bytes: to numbers of two digits, of four, and of eight. */
export const joinNeighbours = `
  (local.set $bytes
    (i16x8.add
      (i16x8.mul (v128.and (local.get $bytes) ${constant('lowBytes')}) ${constant('tens')})
      (i16x8.shr_u (local.get $bytes) (i32.const 8))))
  (local.set $bytes (i32x4.dot_i16x8_s (local.get $bytes) ${constant('hundreds')}))
  (local.set $bytes (i32x4.dot_i16x8_s (i16x8.narrow_i32x4_u (local.get $bytes) (local.get $bytes)) ${constant('myriads')}))`;

/** The number of sixteen digits that $bytes are joined to. */
export const joined = `
  (i64.add
    (i64.mul (i64.extend_i32_u (i32x4.extract_lane 0 (local.get $bytes))) (i64.const 100000000))
    (i64.extend_i32_u (i32x4.extract_lane 1 (local.get $bytes))))`;

/** Gives a number above 0 its sign, without a branch, which signs would mispredict. */
export const signed = (value: string): string => `
  (f64.reinterpret_i64
    (i64.or (i64.reinterpret_f64 ${value}) (i64.shl (i64.extend_i32_u (local.get $negative)) (i64.const 63))))`;

/** Moves $out over bytes that were written. */
export const advance = (bytes: string): string => `(local.set $out (i32.add (local.get $out) ${bytes}))`;

export const putComma = `
  (i32.store8 (local.get $out) ${code(',')})
  ${advance('(i32.const 1)')}`;

/** The text of eight zeros. */
export const zeros = '(i64.const 0x3030303030303030)';
