import type { TSchema } from '@sinclair/typebox';

import { mediaTypes } from '../requests/bodies/body.ts';

const framedRequest =
  'The JSON, of as many bytes as `Inference-Header-Content-Length` says, in which any tensor may be `{"dtype": "float32", "shape": [...], "binary_data_size": bytes}`, with the types that base64 has; then the bytes of those, without padding, little-endian, row-major, in the order in which they stand in the JSON.';
const npyRequest =
  'One array as `numpy.save` writes it, of floats, integers or bools: `x` or `current`. Everything else stands in the query: `?surrogate=sigmoid&alpha=4`, `?steps=100&tau=20&record=v`.';
const framedAnswer =
  'With `Accept: application/octet-stream`: the same JSON, padded with spaces to a multiple of 8 bytes (`Inference-Header-Content-Length` says how many), in which tensors are `{"dtype", "shape", "binary_data_size"}`, then their bytes. `spikes` and `spike` are `uint8`, `spike_counts` is `int32`. `spike_times` is flat, with `spike_time_offsets` beside it.';
const npyAnswer = 'With `Accept: application/x-npy`, or to an npy request: the one tensor of the answer, for `numpy.load`.';

/** Examples of one body, by name. */
export type Examples = Readonly<Record<string, { readonly summary?: string; readonly value: unknown } | { readonly $ref: string }>>;

/**
 * A body of bytes, for the documentation. OpenAPI 3.1 asks for no schema here, but client generators type that as `unknown`, and
 * `format: binary` as a `Blob` or string.
 */
export function bytesSchema(description: string): object {
  return { type: 'string', format: 'binary', description };
}

/** The media types of a request's body, for the documentation. @param takesNpy whether one tensor, with the query, may be the whole request. */
export function requestBodies(json: TSchema, examples: Examples, takesNpy: boolean): object {
  return {
    content: {
      [mediaTypes.json]: { schema: json, examples },
      [mediaTypes.framed]: { schema: bytesSchema(framedRequest) },
      ...(takesNpy && { [mediaTypes.npy]: { schema: bytesSchema(npyRequest) } }),
    },
  };
}

/** The media types of an answer, for the documentation. */
export function answers(json: TSchema, dryRun: TSchema, examples: Examples): object {
  return {
    description: 'The result; with `"dry_run": true`, what it would be and cost.',
    headers: {
      'Server-Timing': { type: 'string', description: 'Milliseconds of decode, queue, compute and encode.' },
      'Inference-Header-Content-Length': {
        type: 'integer',
        description: "Bytes of JSON in front of the tensors', in `application/octet-stream`.",
      },
    },
    content: {
      [mediaTypes.json]: { schema: { anyOf: [json, dryRun] }, examples },
      [mediaTypes.framed]: { schema: bytesSchema(framedAnswer) },
      [mediaTypes.npy]: { schema: bytesSchema(npyAnswer) },
    },
  };
}

/** An answer that is always JSON, for the documentation. */
export function jsonAnswer(schema: object, description: string, examples: Examples): object {
  return { description, content: { [mediaTypes.json]: { schema, examples } } };
}
