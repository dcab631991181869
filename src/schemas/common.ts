import { Type } from '@sinclair/typebox';

/** How tensors are written in the answer. */
export const Encoding = Type.Unsafe<'json' | 'base64'>(
  Type.String({
    enum: ['json', 'base64'],
    default: 'json',
    description: 'How tensors come back: nested arrays, or little-endian bytes in base64.',
  }),
);

/** What did the work. */
export const Meta = Type.Object(
  {
    backend: Type.String({ description: 'The back-end that really ran.' }),
    device: Type.String({ description: 'Where it ran.' }),
    dtype: Type.String({ enum: ['float32', 'float64'], description: "The back-end's arithmetic." }),
    elapsed_ms: Type.Number({ description: 'Time in queue and kernels, milliseconds.' }),
  },
  { description: 'What did the work. `Server-Timing` splits the whole into decode, queue, compute and encode.' },
);
