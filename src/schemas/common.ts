import { Type } from '@sinclair/typebox';

import { backendNames } from '../compute/engine/backend.ts';
import type { Preference } from '../compute/engine/backend-router.ts';
import type { Dtype } from '../compute/jobs.ts';

/**
 * What every request that computes may say of how, and of how the answer is written. Defaults stand in descriptions: of a field with the
 * keyword, openapi-typescript makes one that has to be given.
 */
export const computeOptions = {
  encoding: Type.Optional(
    Type.Unsafe<'json' | 'base64'>(
      Type.String({
        enum: ['json', 'base64'],
        description: 'How tensors come back: nested arrays, or little-endian bytes in base64. Default `json`.',
      }),
    ),
  ),
  dry_run: Type.Optional(
    Type.Boolean({
      description:
        'Answers, in JSON, what the request would be answered as and what it would cost, without running it: the answer\'s fields, with `{"shape", "dtype", "bytes"}` in place of each tensor (`{"rows", "dtype", "most_bytes"}` of spike times); `estimate` with `elements` (neuron-steps, or elements of x, times surrogates), `memory_bytes`, `answer_bytes` of its tensors in `binary`, and at most of all of it in `json` and with `base64`, `compute_ms` and `queue_ms`; and `meta` with the back-end that would do it now.',
    }),
  ),
  backend: Type.Optional(
    Type.Unsafe<Preference>(
      Type.String({
        enum: ['auto', ...backendNames],
        description:
          "What should compute; `auto` takes the fastest for the job. The server's configuration decides unless given. Where that back-end fails or is missing another one does the job, and `meta.fallback` says so.",
      }),
    ),
  ),
  dtype: Type.Optional(
    Type.Unsafe<Dtype>(
      Type.String({
        enum: ['float32', 'float64'],
        description:
          'Precision of the computation and of the answer; `float32` unless given. `float64` is computed by the back-ends `wasm`, in a half to a quarter of the speed, and `reference`, slowly, and written with all digits.',
      }),
    ),
  ),
};

/** What did the work. */
export const Meta = Type.Object(
  {
    backend: Type.String({ description: 'The back-end that really ran.' }),
    device: Type.String({ description: 'Where it ran.' }),
    dtype: Type.String({ enum: ['float32', 'float64'], description: 'The arithmetic in which it ran.' }),
    elapsed_ms: Type.Number({ description: 'Time in queue and kernels, milliseconds.' }),
    fallback: Type.Optional(
      Type.Object(
        {
          from: Type.String({ description: 'The back-end that would have been the first choice.' }),
          reason: Type.String({ description: 'Why it did not do the job.' }),
        },
        { description: 'Only there when another back-end than the first choice did the job.' },
      ),
    ),
  },
  { $id: 'Meta', description: 'What did the work. `Server-Timing` splits the whole into decode, queue, compute and encode.' },
);
