/** Bytes that `writeFloat64` may need for one number, such as -0.0000012345678901234567. */
export const maxFloat64TextLength = 26;

/**
 * Writes the shortest decimal that reads back as the same float64, as `JSON.stringify` does, except that -0 keeps its sign. Returns
 * the offset behind it.
 *
 * @throws {RangeError} when the number is not finite.
 */
export function writeFloat64(bytes: Uint8Array, offset: number, value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`${value} is not finite`);
  const text = Object.is(value, -0) ? '-0' : String(value);
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}
