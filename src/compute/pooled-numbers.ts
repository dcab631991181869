import type { Dtype } from './jobs.ts';
import type { Values } from './numbers.ts';

/** An array whose numbers are all to be written. A short one shares Node's pool of buffers: memory of its own costs a microsecond. */
export function unwritten(dtype: 'float64', length: number): Float64Array;
export function unwritten(dtype: Dtype, length: number): Values;
export function unwritten(dtype: Dtype, length: number): Values {
  const { buffer, byteOffset } = Buffer.allocUnsafe((dtype === 'float32' ? 4 : 8) * length);
  return dtype === 'float32' ? new Float32Array(buffer, byteOffset, length) : new Float64Array(buffer, byteOffset, length);
}
