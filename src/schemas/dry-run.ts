import { Type, type TObject, type TProperties } from '@sinclair/typebox';

const dtype = Type.String({ enum: ['float32', 'float64', 'int32', 'uint8'] });
const bytes = (description: string) => Type.Integer({ minimum: 0, description });

/** What a dry run says of a tensor. */
export const TensorOutline = Type.Object(
  {
    shape: Type.Array(Type.Integer({ minimum: 0 }), { description: 'Length of each dimension, outermost first.' }),
    dtype,
    bytes: bytes('Of its numbers, as bytes.'),
  },
  { $id: 'TensorOutline', description: 'A tensor of the answer, without its numbers.' },
);

/** What a dry run says of rows whose lengths only the run tells. */
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
  { backend: Type.String(), device: Type.String(), dtype: Type.String({ enum: ['float32', 'float64'] }) },
  { $id: 'DryRunMeta', description: 'The back-end that would do it now.' },
);

/** What `dry_run` answers: the fields of the answer with outlines in place of tensors, and what it would cost. */
export function DryRun($id: string, fields: TProperties): TObject {
  return Type.Object(
    { dry_run: Type.Literal(true), ...fields, estimate: Estimate, meta: DryRunMeta },
    { $id, description: 'The answer with `"dry_run": true`.' },
  );
}
