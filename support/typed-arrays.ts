const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  FP32: Float32Array,
  FP64: Float64Array,
  INT32: Int32Array,
  UINT8: Uint8Array,
};

/** A tensor's type, as the service's own formats or the Open Inference Protocol name it. */
export type TensorType = keyof typeof arrays;

/** The numbers of a tensor's bytes, at any address. */
export function numbersOf(type: TensorType, bytes: Uint8Array): number[] {
  return Array.from(new arrays[type](Uint8Array.from(bytes).buffer));
}
