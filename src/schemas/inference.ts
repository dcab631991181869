import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox';

import { elementTypeNames, elementTypes } from '../codecs/element-types.ts';
import { mediaTypes } from '../codecs/media-types.ts';
import { problemExamples, responsesByStatus, type DocumentedCode } from './problem.ts';
import { nestedNumbersSchema, shapeSchema as shape } from './tensor.ts';

const datatypes = elementTypeNames.flatMap((type) => elementTypes[type].datatype ?? []).map((name) => `\`${name}\``);
const value = { type: ['string', 'number', 'boolean'] };

/** Parameters that clients of other servers send and that change no result here, as do those that begin with `triton_`. */
export const ignoredParameters: readonly string[] = [
  'content_type',
  'headers',
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'priority',
];
const ignored = Object.fromEntries(ignoredParameters.map((name) => [name, Type.Unknown({ description: 'Ignored.' })]));

/** A field that may be left out or null. */
function nullable<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type as string, 'null'] }));
}

/** Parameters of a request or a tensor: the known ones, and any others that are not objects. */
function requestParameters<Known extends TProperties>(description: string, known: Known) {
  type Given = { readonly [Name in keyof Known]?: Static<Known[Name]> } & Readonly<Record<string, unknown>>;
  const properties = { ...ignored, ...known };
  return nullable(
    Type.Unsafe<Given>({ type: 'object', description, properties, patternProperties: { '^triton_': {} }, additionalProperties: value }),
  );
}

/** A request of the Open Inference Protocol, version 2. */
export const InferRequest = Type.Object(
  {
    id: nullable(Type.String({ maxLength: 1024, description: 'Comes back with the answer.' })),
    model_name: nullable(Type.String({ description: 'The model of the URL.' })),
    model_version: nullable(Type.String({ description: 'Its version.' })),
    parameters: requestParameters(
      'What is no tensor: `surrogate` (a name, or the JSON object as text), `steps`, `dt`, `model` (the name of a neuron), `reset`, `refractory`, `integration`, `input_scaling`, `detach_reset`, `time_axis`, `loss`, `wrt` and `record` (names separated by commas), and numbers of the neuron.',
      {
        binary_data_output: Type.Boolean({ description: 'Whether all outputs come as bytes behind the JSON.' }),
        timeout: Type.Integer({
          minimum: 0,
          description:
            "Microseconds within which the answer has to begin, as `X-Request-Timeout-Ms` says in milliseconds; 0 for no limit but the server's.",
        }),
      },
    ),
    inputs: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          shape,
          datatype: Type.String({
            description: `${datatypes.join(', ')}. FP32 must hold integers exactly; FP16 and BF16 come as bytes. FP64 makes the outputs FP64, unless the parameter \`dtype\` says otherwise.`,
          }),
          parameters: requestParameters('Of this tensor.', {
            binary_data_size: Type.Integer({ minimum: 0, description: 'How many of the bytes behind the JSON are this tensor.' }),
          }),
          data: Type.Optional(
            Type.Unsafe<unknown>({
              description: 'Row-major numbers, nested as `shape` says or flat, for BOOL `true` and `false`, unless they come as bytes.',
              anyOf: [{ $ref: `${nestedNumbersSchema.$id}#` }, { type: 'array', title: 'booleans', items: { type: 'boolean' } }],
            }),
          ),
        },
        { additionalProperties: false },
      ),
    ),
    outputs: nullable(
      Type.Array(
        Type.Object(
          {
            name: Type.String(),
            parameters: requestParameters('Of this output.', {
              binary_data: Type.Boolean({ description: 'Whether it comes as bytes behind the JSON.' }),
            }),
          },
          { additionalProperties: false },
        ),
        { description: 'What comes back; all that the model computes unless any is named.' },
      ),
    ),
  },
  { $id: 'InferRequest', additionalProperties: false },
);
export type InferRequest = Static<typeof InferRequest>;

const parameters = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.Unsafe<string | number | boolean>(value), { description }));

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
    parameters: parameters(
      'What did the work: `backend`, `device`, `dtype`, `elapsed_ms`; and `notes`, JSON as text, where there are any.',
    ),
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

const configTensor = {
  name: Type.String(),
  data_type: Type.String({ examples: ['TYPE_FP32'] }),
  dims: Type.Array(Type.Integer(), { description: '-1 for any length.' }),
};

/** Triton's configuration of a model. */
export const ModelConfig = Type.Object(
  {
    name: Type.String(),
    platform: Type.String(),
    backend: Type.String(),
    max_batch_size: Type.Integer({ description: '0: the server adds no batch dimension.' }),
    input: Type.Array(Type.Object({ ...configTensor, optional: Type.Boolean() })),
    output: Type.Array(Type.Object(configTensor)),
  },
  { $id: 'ModelConfig' },
);

const duration = (description: string) =>
  Type.Object({ count: Type.Integer(), ns: Type.Integer({ description: 'Nanoseconds, all together.' }) }, { description });

/** Triton's statistics of a model since the server started. */
const ModelStatistics = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    last_inference: Type.Integer({ description: 'Milliseconds since 1970; 0 for none.' }),
    inference_count: Type.Integer(),
    execution_count: Type.Integer(),
    inference_stats: Type.Object({
      success: duration('Requests that were computed, over all routes; their stages below added up.'),
      fail: duration('Requests that were answered with an error.'),
      queue: duration('The stage `queue` of `Server-Timing`.'),
      compute_input: duration('The stage `decode`.'),
      compute_infer: duration('The stage `compute`.'),
      compute_output: duration('The stage `encode`.'),
      cache_hit: duration('There is no cache.'),
      cache_miss: duration('There is no cache.'),
    }),
    batch_stats: Type.Array(Type.Object({}), { maxItems: 0, description: 'Empty: what is batched is not counted.' }),
  },
  { $id: 'ModelStatistics' },
);
export type ModelStatistics = Static<typeof ModelStatistics>;

export const Statistics = Type.Object({ model_stats: Type.Array(ModelStatistics) }, { $id: 'Statistics' });

export const RepositoryIndexRequest = Type.Object({ ready: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
export type RepositoryIndexRequest = Static<typeof RepositoryIndexRequest>;

export const RepositoryIndex = Type.Array(
  Type.Object({
    name: Type.String(),
    version: Type.String(),
    state: Type.String({ enum: ['READY', 'UNAVAILABLE'] }),
    reason: Type.Optional(Type.String({ description: 'Why it is not ready.' })),
  }),
  { $id: 'RepositoryIndex' },
);

export const ServerMetadata = Type.Object(
  { name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) },
  { $id: 'ServerMetadata' },
);

/** An error, as the protocol has it. */
export const InferenceError = Type.Object({ error: Type.String({ description: 'What was wrong.' }) }, { $id: 'InferenceError' });

/** Details that differ in the protocol's routes. */
const ownTexts: Partial<Record<DocumentedCode, string>> = {
  invalid_request: '/x: shape [3] needs 3 values, but data has 2',
  not_found: 'There is no model "surrogate_gard"; did you mean "surrogate_grad"?',
  not_acceptable: 'Answers are sent uncompressed, or with gzip or br, all of which "Accept-Encoding: identity;q=0, *;q=0" excludes.',
  unsupported_media_type: 'The body\'s "Content-Encoding: compress" is not known; use gzip, br, deflate or none.',
};

/** Like `problemResponses`, in the protocol's form. */
export function inferenceErrors(...codes: readonly DocumentedCode[]): Record<number, object> {
  const exampleOf = (code: DocumentedCode) => ({
    summary: problemExamples[code].summary,
    value: { error: ownTexts[code] ?? problemExamples[code].value.detail },
  });
  return responsesByStatus(codes, (of) => ({
    [mediaTypes.json]: { schema: InferenceError, examples: Object.fromEntries(of.map((code) => [code, exampleOf(code)])) },
  }));
}
