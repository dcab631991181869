import { Type, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';

import { mediaTypes } from '../codecs/media-types.ts';
import { noteCodes } from './note-types.ts';
import { answerTypes, TensorAnswer } from './tensor.ts';

const framedRequest =
  'The JSON, of as many bytes as `Inference-Header-Content-Length` says, in which any tensor may be `{"dtype": "float32", "shape": [...], "binary_data_size": bytes}`, with the types that base64 has; then the bytes of those, without padding, little-endian, row-major, in the order in which they stand in the JSON.';
const npyRequest =
  'One array as `numpy.save` writes it, of floats, integers or bools: `x` or `current`. Everything else stands in the query: `?surrogate=sigmoid&alpha=4`, `?steps=100&tau=20&record=v`.';
const framedAnswer =
  'With `Accept: application/octet-stream`: the same JSON, padded with spaces to a multiple of 8 bytes (`Inference-Header-Content-Length` says how many), in which tensors are `{"dtype", "shape", "binary_data_size"}`, then their bytes. `spikes` and `spike` are `uint8`, `spike_counts` is `int32`. `spike_times` is flat, with `spike_time_offsets` beside it.';
const npyAnswer = 'With `Accept: application/x-npy`, or to an npy request: the one tensor of the answer, for `numpy.load`.';

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
const Meta = Type.Object(
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

const dtype = Type.String({ enum: [...answerTypes] });
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

/**
 * The schemas of an operation's answer and, with an estimate, of its dry run's.
 *
 * @param fields of either, given what stands for a tensor in it: its numbers, or their outline.
 */
export function answerSchemas(
  name: string,
  fields: (tensor: (description: string) => TSchema, isDryRun: boolean) => TProperties,
): readonly [answer: TObject, dryRun: TObject] {
  const outlined = fields(() => TensorOutline, true);
  return [
    Type.Object({ ...fields(TensorAnswer, false), meta: Meta }, { $id: `${name}Answer` }),
    Type.Object(
      { dry_run: Type.Literal(true), ...outlined, estimate: Estimate, meta: DryRunMeta },
      { $id: `${name}DryRun`, description: 'The answer with `"dry_run": true`.' },
    ),
  ];
}

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
