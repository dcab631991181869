import { Pacer } from '../../codecs/chunks.ts';
import { bytesOfElements } from '../../codecs/element-types.ts';
import { sizeOf } from '../../codecs/ndarray.ts';
import type { Network } from '../../compute/jobs.ts';
import type { Values } from '../../compute/generated-numbers.ts';
import type { SentTensor } from '../plan.ts';
import type { TensorCache } from './tensor-cache.ts';

/** Bytes that are copied at once. */
const sliceBytes = 2 ** 20;

/** Keeps the tensors that a network's request had, as copies: their memory is the request's. Large ones are copied in slices, between which other requests are served. */
export function keepSent(cache: TensorCache, network: Network, sent: readonly SentTensor[]): Promise<void> {
  const copy = copyAll(cache, network, sent);
  cache.waitFor(copy);
  return copy;
}

async function copyAll(cache: TensorCache, network: Network, sent: readonly SentTensor[]): Promise<void> {
  const pacer = new Pacer();
  for (const { layer, name, shape, dtype, stored } of sent) {
    const byteLength = bytesOfElements(dtype, sizeOf(shape));
    if (!cache.takes(byteLength)) continue;
    const bytes = new Uint8Array(byteLength);
    const from = stored ?? (network.layers[layer]![name] as Values);
    // Numbers of JSON are float64, whatever the type of the request.
    const to = stored !== undefined ? bytes : dtype === 'float64' ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
    const slice = sliceBytes / from.BYTES_PER_ELEMENT;
    for (let at = 0; at < from.length; at += slice) {
      if (at > 0) await pacer.pause();
      to.set(from.subarray(at, at + slice), at);
    }
    await cache.keep({ dtype, shape, bytes });
  }
}
