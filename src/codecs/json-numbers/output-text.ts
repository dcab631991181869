import { code } from './layout.ts';

const putByte = (byte: string): string => `
  (i32.store8 (local.get $out) ${byte})
  (local.set $out (i32.add (local.get $out) (i32.const 1)))`;

export const advance = (bytes: string): string => `(local.set $out (i32.add (local.get $out) ${bytes}))`;

export const putComma = putByte(code(','));

/** The text of eight zeros. */
export const zeros = '(i64.const 0x3030303030303030)';
