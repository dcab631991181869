import { isUtf8 } from 'node:buffer';

/**
 * Where bytes stop being UTF-8: the offset of the first character that is none; -1 when all are.
 *
 * @example
 * firstNotUtf8(Uint8Array.of(0x61, 0xff)); // 1
 */
export function firstNotUtf8(bytes: Uint8Array): number {
  if (isUtf8(bytes)) return -1;
  let good = 0;
  let bad = bytes.length;
  for (;;) {
    const middle = characterStart(bytes, good, bad);
    if (middle === good) return good + firstCharacterLength(bytes.subarray(good, bad));
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else bad = middle;
  }
}

/** Where about in the middle of a range a character starts: at its start when nowhere else. */
function characterStart(bytes: Uint8Array, from: number, to: number): number {
  const middle = from + ((to - from) >> 1);
  let after = middle;
  while (after < to && isContinuation(bytes[after]!)) after++;
  if (after < to && after > from) return after;
  let before = middle;
  while (before > from && isContinuation(bytes[before]!)) before--;
  return before;
}

/** How many bytes at the start of a few are one character. */
function firstCharacterLength(bytes: Uint8Array): number {
  return [4, 3, 2, 1].find((length) => length <= bytes.length && isUtf8(bytes.subarray(0, length))) ?? 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
