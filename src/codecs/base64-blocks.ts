import type { Dtype } from '../compute/jobs.ts';
import type { TensorValues } from './answer.ts';
import { littleEndianBytes } from './tensor-bytes.ts';

/** Bytes that are written at once; a multiple of 3, so that base64 needs no padding between slices. */
const sliceBytes = 3 * 2 ** 18;

/** Base64 of the bytes of blocks one after the other, piece by piece: what does not fill three bytes waits for the next block. */
export async function* base64Blocks(blocks: Iterable<TensorValues> | AsyncIterable<TensorValues>, dtype: Dtype): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const block of blocks) {
    const { buffer, byteOffset, byteLength } = littleEndianBytes(block, dtype);
    const fromRest = rest.length === 0 ? 0 : Math.min(3 - rest.length, byteLength);
    rest = Buffer.concat([rest, Buffer.from(buffer, byteOffset, fromRest)]);
    if (rest.length === 3) {
      yield asBase64(rest);
      rest = rest.subarray(3);
    }
    const whole = byteLength - ((byteLength - fromRest) % 3);
    for (let at = fromRest; at < whole; at += sliceBytes) {
      yield asBase64(Buffer.from(buffer, byteOffset + at, Math.min(sliceBytes, whole - at)));
    }
    if (rest.length === 0) rest = Buffer.from(Buffer.from(buffer, byteOffset + whole, byteLength - whole));
  }
  yield asBase64(rest);
}

function asBase64(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('base64'), 'latin1');
}
