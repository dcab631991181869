import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer-tree.ts';
import { littleEndianBytes, slicesOf } from './tensor-bytes.ts';

/**
 * Decodes base64 (RFC 4648, section 4) strictly, where Node's decoder skips what it does not know. Returns a message that says what is wrong
 * in place of the bytes.
 *
 * @example
 * decodeBase64('AACAPw=='); // the 4 bytes of the float32 1
 * decodeBase64('AACAPw');   // 'must have a length that is a multiple of 4 ...'
 */
export function decodeBase64(text: string): Buffer | string {
  if (text.length % 4 !== 0) {
    return `base64 must have a length that is a multiple of 4, padded with "="; got ${text.length} characters`;
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  // Node skips characters outside its alphabet, which shows in the length, and knows the URL-safe ones too.
  if (bytes.length !== (text.length / 4) * 3 - padding || text.includes('-') || text.includes('_')) {
    const at = text.slice(0, text.length - padding).search(/[^A-Za-z0-9+/]/);
    return `base64 must hold only A-Z, a-z, 0-9, "+" and "/", with "=" at the end; got ${JSON.stringify(text[at])} at character ${at}`;
  }
  const lastQuantum = text.slice(-4);
  if (bytes.subarray(bytes.length - (3 - padding)).toString('base64') !== lastQuantum) {
    return `base64 must end with zero bits before its padding; got ${JSON.stringify(lastQuantum)}`;
  }
  return bytes;
}

/** Bytes of numbers that are encoded at once, a multiple of 24, so that they need no padding: V8 keeps longer strings outside its heap. */
const sliceBytes = 12 * 2 ** 16;

/**
 * Encodes the bytes of blocks of numbers as one base64 text, in slices; what does not fill three bytes waits for the next slice.
 *
 * @throws {RangeError} when a number is not finite in the precision.
 */
export async function* encodeBase64(
  blocks: Iterable<TensorValues> | AsyncIterable<TensorValues>,
  dtype: Dtype,
): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const block of blocks) {
    for (const slice of slicesOf(block, sliceBytes / (dtype === 'float32' ? 4 : 8))) {
      const { buffer, byteOffset, byteLength } = littleEndianBytes(slice, dtype);
      const written = Buffer.from(buffer, byteOffset, byteLength);
      const bytes = rest.length === 0 ? written : Buffer.concat([rest, written]);
      const whole = bytes.length - (bytes.length % 3);
      yield base64Of(bytes.subarray(0, whole));
      rest = Buffer.from(bytes.subarray(whole));
    }
  }
  yield base64Of(rest);
}

function base64Of(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64'), 'latin1');
}
