import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { littleEndianBytes, slicesOf } from './tensor-bytes.ts';

/** Numbers that are written at once in float32, a multiple of 6, so that their bytes need no padding: V8 keeps strings from a megabyte on outside its heap. */
const sliceFloats = 3 * 2 ** 16;

/** Base64 of the bytes of blocks one after the other, slice by slice: what does not fill three bytes waits for the next. */
export async function* base64Blocks(
  blocks: Iterable<TensorValues> | AsyncIterable<TensorValues>,
  dtype: Dtype,
): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const block of blocks) {
    for (const slice of slicesOf(block, dtype === 'float32' ? sliceFloats : sliceFloats / 2)) {
      const { buffer, byteOffset, byteLength } = littleEndianBytes(slice, dtype);
      const written = Buffer.from(buffer, byteOffset, byteLength);
      const bytes = rest.length === 0 ? written : Buffer.concat([rest, written]);
      const whole = bytes.length - (bytes.length % 3);
      yield asBase64(bytes.subarray(0, whole));
      rest = Buffer.from(bytes.subarray(whole));
    }
  }
  yield asBase64(rest);
}

function asBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64'), 'latin1');
}
