import { Type, type TObject, type TProperties, type TUnsafe } from '@sinclair/typebox';

import { backendNames } from '../compute/engine/backend.ts';
import type { Preference } from '../compute/engine/backend-router.ts';
import type { Dtype } from '../compute/jobs.ts';
import { noteCodes } from '../responses/notes/note-types.ts';

/** A schema that the OpenAPI document lists by name, and other schemas refer to. */
export interface NamedSchema {
  readonly $id: string;
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** A reference to a named schema with a description of its own, which @fastify/swagger would drop beside a bare `$ref`. */
export function schemaReference(schema: NamedSchema, description: string): object {
  return { description, allOf: [{ $ref: `${schema.$id}#` }] };
}

/** The schema of an array of distinct names of a fixed set, for the documentation; `distinctNames` checks such arrays. */
export function namesSchema(id: string, names: readonly string[], description: string): NamedSchema {
  return { $id: id, description, ...Type.Array(Type.String({ enum: [...names] }), { minItems: 1, uniqueItems: true }) };
}

/** A field that takes an array of names. */
export function Names<Name extends string>(schema: NamedSchema, description: string): TUnsafe<readonly Name[]> {
  return Type.Unsafe<readonly Name[]>(schemaReference(schema, description));
}

/**
 * The options of every request that computes. Defaults are in the descriptions, since openapi-typescript makes fields with the keyword
 * `default` required.
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
        'Describes the answer and estimates its cost, in JSON, without running the request: the answer\'s fields, with `{"shape", "dtype", "bytes"}` in place of each tensor (`{"rows", "dtype", "most_bytes"}` of spike times); `estimate` with `elements` (neuron-steps, or elements of x, times surrogates), `memory_bytes`, `answer_bytes` of its tensors in `binary`, and at most of all of it in `json` and with `base64`, `compute_ms` and `queue_ms`; and `meta` with the back-end that would do it now.',
    }),
  ),
  backend: Type.Optional(
    Type.Unsafe<Preference>(
      Type.String({
        enum: ['auto', ...backendNames],
        description:
          "The back-end to run on; `auto` takes the fastest for the job. By default the server's configuration decides. If that back-end fails or is missing, another one runs the job, and `meta.fallback` says so.",
      }),
    ),
  ),
  dtype: Type.Optional(
    Type.Unsafe<Dtype>(
      Type.String({
        enum: ['float32', 'float64'],
        description:
          'Precision of the computation and of the answer; unless given, `float64` if a tensor came as float64 bytes, else `float32`. `float64` is computed by the back-ends `wasm`, at a half to a quarter of the speed, and `reference`, slowly, and written with all digits.',
      }),
    ),
  ),
};

const Note = Type.Object(
  {
    code: Type.String({ enum: [...noteCodes] }),
    message: Type.String(),
    path: Type.String({ description: 'JSON pointer of the field of the request to look at.' }),
  },
  { $id: 'Note', description: 'Something that was computed as asked, but is surely not meant; `docs/notes.md` lists causes and remedies.' },
);
const notes = Type.Optional(Type.Array(Note, { minItems: 1 }));

/** The back-end that did the work, and its time. */
export const Meta = Type.Object(
  {
    backend: Type.String({ description: 'The back-end that really ran.' }),
    device: Type.String({ description: 'Where it ran.' }),
    dtype: Type.String({ enum: ['float32', 'float64'], description: 'The arithmetic in which it ran.' }),
    elapsed_ms: Type.Number({ description: 'Time in queue and kernels, milliseconds.' }),
    fallback: Type.Optional(
      Type.Object(
        { from: Type.String({ description: 'The first choice.' }), reason: Type.String({ description: 'Why it did not run the job.' }) },
        { description: 'Present if another back-end than the first choice ran the job.' },
      ),
    ),
    notes,
  },
  {
    $id: 'Meta',
    description: 'The back-end that ran, and its time. `Server-Timing` splits the total into decode, queue, compute and encode.',
  },
);

const dtype = Type.String({ enum: ['float32', 'float64', 'int32', 'uint8'] });
const bytes = (description: string) => Type.Integer({ minimum: 0, description });

/** A tensor in the answer of a dry run. */
export const TensorOutline = Type.Object(
  {
    shape: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Length of each dimension, outermost first.' }),
    dtype,
    bytes: bytes('Of its numbers, as bytes.'),
  },
  { $id: 'TensorOutline', description: 'A tensor of the answer, without its numbers.' },
);

/** Rows of unknown lengths in the answer of a dry run. */
export const RowsOutline = Type.Object(
  { rows: Type.Integer({ minimum: 0 }), dtype, most_bytes: bytes('Of all rows together, if they are as long as they can be.') },
  { $id: 'RowsOutline', description: 'Rows of different lengths, without their numbers.' },
);

const Estimate = Type.Object(
  {
    elements: Type.Number({ description: 'Neuron-steps, or elements of x, times surrogates.' }),
    memory_bytes: Type.Number({ description: 'Memory that the job takes.' }),
    answer_bytes: Type.Object({
      binary: bytes('Of the tensors, as bytes.'),
      json: bytes('Of the whole answer, at most, as JSON.'),
      base64: bytes('Of the whole answer, at most, with `"encoding": "base64"`.'),
    }),
    compute_ms: Type.Number({ description: 'Time in kernels, milliseconds.' }),
    queue_ms: Type.Number({ description: 'Time in the queue, milliseconds.' }),
  },
  { $id: 'Estimate', description: 'What the request would cost.' },
);

const DryRunMeta = Type.Object(
  { backend: Type.String(), device: Type.String(), dtype: Type.String({ enum: ['float32', 'float64'] }), notes },
  { $id: 'DryRunMeta', description: 'The back-end that would do it now, and the notes that need no result.' },
);

/** The answer of a dry run: the answer's fields with outlines in place of tensors, and an estimate of its cost. */
export function DryRun($id: string, fields: TProperties): TObject {
  return Type.Object(
    { dry_run: Type.Literal(true), ...fields, estimate: Estimate, meta: DryRunMeta },
    { $id, description: 'The answer with `"dry_run": true`.' },
  );
}
