/** Answers of the compute routes, as tests read them. */
export type Nested = number | Nested[];
export interface Base64Tensor {
  dtype: 'float32' | 'float64' | 'int32' | 'uint8';
  shape: number[];
  base64: string;
}

export interface Meta {
  backend: string;
  device: string;
  dtype: string;
  elapsed_ms: number;
  fallback?: { from: string; reason: string };
}

export interface EvalAnswer<T = Nested> {
  results: { surrogate: Record<string, unknown>; spike?: T; value?: T }[];
  meta: Meta;
}

export interface GradAnswer<T = Nested> {
  results: { surrogate: Record<string, unknown>; grad: T }[];
  meta: Meta;
}

export interface SimulateAnswer<T = Nested> {
  spike_counts?: T;
  firing_rates?: T;
  spike_times?: number[][];
  spikes?: T;
  v?: T;
  v_pre?: T;
  v_final?: T;
  meta: Meta;
}

export interface LifGradAnswer<T = Nested> {
  results: { surrogate: Record<string, unknown>; loss: T; spike_counts: T; grad: Record<string, T | number> }[];
  meta: Meta;
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

/** The numbers of a base64 tensor. */
export function numbers({ dtype, base64 }: Base64Tensor): number[] {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return Array.from(new arrays[dtype](bytes.buffer));
}
