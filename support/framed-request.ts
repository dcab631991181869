/** A request's body and headers. */
export interface FramedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const dtypes = { Float32Array: 'float32', Uint8Array: 'uint8', Uint16Array: 'uint16', Int32Array: 'int32' } as const;

/** A tensor anywhere in a request; row-major. */
export class BytesTensor {
  readonly dtype: (typeof dtypes)[keyof typeof dtypes] | 'bits';

  /** @param dtype that of the array unless given. */
  constructor(
    readonly shape: readonly number[],
    readonly values: Float32Array | Uint8Array | Uint16Array | Int32Array,
    dtype?: 'bits',
  ) {
    this.dtype = dtype ?? dtypes[values.constructor.name as keyof typeof dtypes];
  }

  get bytes(): Buffer {
    const { buffer, byteOffset, byteLength } = this.values;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
}

/** A request in the framing of binary bodies, which asks for an answer in the same: JSON, and behind it the bytes of its tensors. */
export function framedTensors(request: object): FramedRequest {
  const bytes: Buffer[] = [];
  const json = Buffer.from(
    JSON.stringify(request, (_name, node: unknown) => {
      if (!(node instanceof BytesTensor)) return node;
      bytes.push(node.bytes);
      return { dtype: node.dtype, shape: node.shape, binary_data_size: node.values.byteLength };
    }),
  );
  return {
    headers: {
      'content-type': 'application/octet-stream',
      accept: 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
    body: Buffer.concat([json, ...bytes]),
  };
}

/** Such a request with one tensor. */
export function framedRequest(
  fields: object,
  name: string,
  values: Float32Array,
  shape: readonly number[] = [values.length],
): FramedRequest {
  return framedTensors({ [name]: new BytesTensor(shape, values), ...fields });
}
