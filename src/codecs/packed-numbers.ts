/** A nested, rectangular JSON array of numbers that was read from the body's bytes, in the place of the array that JSON.parse would make. */
export class NumericArray {
  readonly values: Float64Array;
  readonly shape: readonly number[];

  constructor(values: Float64Array, shape: readonly number[]) {
    this.values = values;
    this.shape = shape;
  }
}
