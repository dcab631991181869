import { Type, type Static } from '@sinclair/typebox';

const shape = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 64, description: 'Length of each dimension, outermost first.' });
const parameters = (description: string) => Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { description }));

/** A request of the Open Inference Protocol, version 2. */
export const InferRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ maxLength: 1024, description: 'Comes back with the answer.' })),
    parameters: parameters(
      'What is no tensor: `surrogate` (a name, or the JSON object as text), `steps`, `dt`, `reset`, `refractory`, `integration`, `input_scaling`, `detach_reset`, `loss`, `wrt` and `record` (names separated by commas), and numbers of the neuron. `binary_data_output` asks for all outputs as bytes.',
    ),
    inputs: Type.Array(
      Type.Object({
        name: Type.String(),
        shape,
        datatype: Type.String({ description: '`FP32` or `FP64`.' }),
        parameters: parameters('`binary_data_size`: how many of the bytes behind the JSON are this tensor.'),
        data: Type.Optional(Type.Unsafe<unknown>({ description: 'Row-major numbers, nested or flat, unless they come as bytes.' })),
      }),
    ),
    outputs: Type.Optional(
      Type.Array(
        Type.Object({ name: Type.String(), parameters: parameters('`binary_data`: whether this output comes as bytes behind the JSON.') }),
        { description: 'What comes back; all that the model computes unless given.' },
      ),
    ),
  },
  {
    additionalProperties: false,
    examples: [{ inputs: [{ name: 'x', shape: [3], datatype: 'FP32', data: [-0.5, 0, 0.5] }], parameters: { surrogate: 'sigmoid' } }],
  },
);
export type InferRequest = Static<typeof InferRequest>;

const tensorOutput = Type.Object({
  name: Type.String(),
  shape,
  datatype: Type.String({ enum: ['FP32', 'FP64', 'INT32', 'UINT8'] }),
  parameters: parameters('`binary_data_size`, when the tensor comes as bytes behind the JSON.'),
  data: Type.Optional(Type.Array(Type.Number(), { description: 'Row-major, flat.' })),
});

export const InferAnswer = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  parameters: parameters('What did the work: `backend`, `device`, `dtype`, `elapsed_ms`.'),
  outputs: Type.Array(tensorOutput),
});

const tensorMetadata = Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer(), { description: '-1 for any length.' }) });

export const ModelMetadata = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(tensorMetadata),
  outputs: Type.Array(tensorMetadata),
});

export const ServerMetadata = Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) });

/** An error, as the protocol has it. */
export const InferenceError = Type.Object({ error: Type.String() });
