import { Type, type Static } from '@sinclair/typebox';

import { mediaTypes } from '../bodies/request-body.ts';
import { problemExamples, type DocumentedCode } from './problem-examples.ts';
import { responsesByStatus } from './problem.ts';
import { schemaReference } from './shared-schemas.ts';
import { nestedNumbersSchema } from './tensor.ts';

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
        data: Type.Optional(Type.Unsafe<unknown>(schemaReference(nestedNumbersSchema, 'Row-major numbers, nested or flat, unless they come as bytes.'))),
      }),
    ),
    outputs: Type.Optional(
      Type.Array(
        Type.Object({ name: Type.String(), parameters: parameters('`binary_data`: whether this output comes as bytes behind the JSON.') }),
        { description: 'What comes back; all that the model computes unless given.' },
      ),
    ),
  },
  { $id: 'InferRequest', additionalProperties: false },
);
export type InferRequest = Static<typeof InferRequest>;

const tensorOutput = Type.Object({
  name: Type.String(),
  shape,
  datatype: Type.String({ enum: ['FP32', 'FP64', 'INT32', 'UINT8'] }),
  parameters: parameters('`binary_data_size`, when the tensor comes as bytes behind the JSON.'),
  data: Type.Optional(Type.Array(Type.Number(), { description: 'Row-major, flat.' })),
});

export const InferAnswer = Type.Object(
  {
    model_name: Type.String(),
    model_version: Type.String(),
    id: Type.Optional(Type.String()),
    parameters: parameters('What did the work: `backend`, `device`, `dtype`, `elapsed_ms`.'),
    outputs: Type.Array(tensorOutput),
  },
  { $id: 'InferAnswer' },
);

const tensorMetadata = Type.Object(
  { name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer(), { description: '-1 for any length.' }) },
  { $id: 'TensorMetadata' },
);

export const ModelMetadata = Type.Object(
  {
    name: Type.String(),
    versions: Type.Array(Type.String()),
    platform: Type.String(),
    inputs: Type.Array(tensorMetadata),
    outputs: Type.Array(tensorMetadata),
  },
  { $id: 'ModelMetadata' },
);

export const ServerMetadata = Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) }, { $id: 'ServerMetadata' });

/** An error, as the protocol has it. */
export const InferenceError = Type.Object({ error: Type.String({ description: 'What was wrong.' }) }, { $id: 'InferenceError' });

/** What the protocol's routes say otherwise than the others. */
const ownTexts: Partial<Record<DocumentedCode, string>> = {
  invalid_request: '/x: shape [3] needs 3 values, but data has 2',
  not_found: 'There is no model "surrogate_gard"; did you mean "surrogate_grad"?',
  unsupported_media_type: 'The body\'s "Content-Encoding: compress" is not known; use gzip, br, deflate or none.',
};

/** As `problemResponses`, in the protocol's own form. */
export function inferenceErrors(...codes: readonly DocumentedCode[]): Record<number, object> {
  const exampleOf = (code: DocumentedCode) => ({ summary: problemExamples[code].summary, value: { error: ownTexts[code] ?? problemExamples[code].value.detail } });
  return responsesByStatus(codes, (of) => ({
    [mediaTypes.json]: { schema: InferenceError, examples: Object.fromEntries(of.map((code) => [code, exampleOf(code)])) },
  }));
}
