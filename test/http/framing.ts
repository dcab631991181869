/** The framing of binary bodies, as tests write and read it. */

import { numbersOf, type TensorType } from '../../support/typed-arrays.ts';

type Bytes = Float32Array | Float64Array | Int32Array | Uint8Array;

export interface Framed {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Record<string, string>;
}

/** A tensor as a framed request announces it. */
export function announce(values: Float32Array | Float64Array, shape: readonly number[] = [values.length]): object {
  return { dtype: values instanceof Float32Array ? 'float32' : 'float64', shape, binary_data_size: values.byteLength };
}

/** JSON followed by the tensors' bytes. */
export function frame(json: unknown, ...tensors: readonly Bytes[]): Framed {
  const head = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  const parts = tensors.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
  return {
    body: new Uint8Array(Buffer.concat([head, ...parts])),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.length) },
  };
}

interface Announced {
  dtype?: TensorType;
  datatype?: TensorType;
  binary_data_size?: number;
  parameters?: { binary_data_size?: number };
}

/** A framed answer's JSON, with every tensor that stands behind it as an array of numbers. */
export async function unframe<Body>(response: Response): Promise<Body> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const jsonBytes = Number(response.headers.get('inference-header-content-length'));
  let at = jsonBytes;
  const body = JSON.parse(Buffer.from(bytes.subarray(0, jsonBytes)).toString(), (_key, value: unknown) => {
    const { dtype, datatype, binary_data_size, parameters } = (value ?? {}) as Announced;
    const type = dtype ?? datatype;
    const size = binary_data_size ?? parameters?.binary_data_size;
    if (size === undefined || type === undefined) return value;
    at += size;
    return { ...(value as object), values: numbersOf(type, bytes.subarray(at - size, at)) };
  }) as Body;
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes are nobody's`);
  return body;
}
