/** A request's body and headers. */
export interface FramedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A request in the framing of binary bodies, which asks for an answer in the same: JSON, and behind it the bytes of one tensor. */
export function framedRequest(
  fields: object,
  name: string,
  values: Float32Array,
  shape: readonly number[] = [values.length],
): FramedRequest {
  const json = Buffer.from(JSON.stringify({ [name]: { dtype: 'float32', shape, binary_data_size: values.byteLength }, ...fields }));
  return {
    headers: {
      'content-type': 'application/octet-stream',
      accept: 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
    body: Buffer.concat([json, Buffer.from(values.buffer)]),
  };
}
