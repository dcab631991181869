import type { TSchema } from '@sinclair/typebox';

import { mediaTypes } from '../bodies/request-body.ts';

const framedRequest =
  'The JSON, of as many bytes as `Inference-Header-Content-Length` says, in which any tensor may be `{"dtype": "float32" | "float64", "shape": [...], "binary_data_size": bytes}`; then the bytes of those, without padding, little-endian, row-major, in the order in which they stand in the JSON.';
const npyRequest =
  'One array of float32 or float64 as `numpy.save` writes it: `x` or `current`. Everything else stands in the query: `?surrogate=sigmoid&alpha=4`, `?steps=100&tau=20&record=v`.';
const framedAnswer =
  'With `Accept: application/octet-stream`: the same JSON, padded with spaces to a multiple of 8 bytes (`Inference-Header-Content-Length` says how many), in which tensors are `{"dtype", "shape", "binary_data_size"}`, then their bytes. `spikes` and `spike` are `uint8`, `spike_counts` is `int32`. `spike_times` is flat, with `spike_time_offsets` beside it.';
const npyAnswer = 'With `Accept: application/x-npy`, or to an npy request: the one tensor of the answer, for `numpy.load`.';

/** The forms that a request's body may have, for the documentation. */
export function requestBodies(json: TSchema): object {
  return {
    content: {
      [mediaTypes.json]: { schema: json },
      [mediaTypes.framed]: { schema: { description: framedRequest } },
      [mediaTypes.npy]: { schema: { description: npyRequest } },
    },
  };
}

/** The forms that an answer may have, for the documentation. */
export function answers(json: TSchema): object {
  return {
    description: 'The result.',
    content: {
      [mediaTypes.json]: { schema: json },
      [mediaTypes.framed]: { schema: { description: framedAnswer } },
      [mediaTypes.npy]: { schema: { description: npyAnswer } },
    },
  };
}
