/** Row-major, little-endian bytes of numbers, in the place of a tensor's JSON. */
export interface Bytes {
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A tensor that came as bytes without a word of JSON about it. */
export class RawTensor implements Bytes {
  readonly dtype: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** Whether the first axis varies fastest, as in Fortran, and not the last. */
  readonly fortranOrder: boolean;

  constructor({ dtype, shape, bytes }: Bytes, fortranOrder = false) {
    this.dtype = dtype;
    this.shape = shape;
    this.bytes = bytes;
    this.fortranOrder = fortranOrder;
  }
}
