import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import type { CrossOvers } from '../compute/engine/cross-over.ts';
import { fallbackReasonTexts, type BackendStatus, type Engine } from '../compute/engine/engine.ts';
import type { Limits } from '../config/limits.ts';
import { jsonAnswer } from '../schemas/bodies.ts';
import { problemResponses } from '../schemas/problem.ts';
import { version } from '../version.ts';

const CrossOver = Type.Union([
  Type.Object({
    elements: Type.Integer({ description: 'Neuron-steps, or elements of x, times surrogates.' }),
    neurons: Type.Integer({ description: 'That the job must have as well.' }),
  }),
  Type.Null({ description: 'It was never faster.' }),
]);

const Info = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    backends: Type.Array(
      Type.Object({
        name: Type.String(),
        device: Type.String({ description: '`unknown` until it is first open.' }),
        dtype: Type.String({ description: 'Its arithmetic, where the request does not ask for another that it has.' }),
        state: Type.String({
          enum: ['ready', 'warming', 'out'],
          description: '`out`: it failed, and accepts no jobs until it is tried again.',
        }),
        reason: Type.Optional(Type.String({ description: 'Why it is out.' })),
        version: Type.Optional(Type.String({ description: "Its library's." })),
        xla: Type.Optional(Type.Boolean({ description: 'Whether its library compiles with XLA.' })),
        gpu: Type.Optional(Type.Boolean({ description: 'Whether its device is a GPU.' })),
        memory_bytes: Type.Optional(Type.Number({ description: 'Memory of its device.' })),
      }),
      { description: 'In the order in which they are tried.' },
    ),
    cross_overs: Type.Optional(
      Type.Record(Type.String(), CrossOver, {
        description: 'By kind of job: from where on `auto` takes TensorFlow, as measured when it was last opened.',
      }),
    ),
    limits: Type.Object({
      max_body_bytes: Type.Integer(),
      max_neuron_steps: Type.Number({ description: 'Neurons x steps x surrogates of one request.' }),
      max_reference_neuron_steps: Type.Number({ description: 'The same, of one that the `reference` back-end computes.' }),
      max_result_values: Type.Integer({ description: 'Numbers that the service makes for one request.' }),
      max_streamed_values: Type.Number({ description: '`spikes`, `v` and `v_pre` that one answer may stream.' }),
      max_cached_tensor_bytes: Type.Integer({ description: 'Of weights that are kept for requests which name them.' }),
    }),
  },
  { $id: 'Info' },
);

/** Of a server whose limits are the defaults and that has no TensorFlow. */
const example = {
  name: 'surrogate-gradient-service',
  version,
  backends: [
    { name: 'wasm', device: 'cpu', dtype: 'float32', state: 'ready' },
    { name: 'reference', device: 'cpu', dtype: 'float64', state: 'ready' },
  ],
  limits: {
    max_body_bytes: 67_108_864,
    max_neuron_steps: 10_000_000_000,
    max_reference_neuron_steps: 10_000_000,
    max_result_values: 33_554_432,
    max_streamed_values: 268_435_456,
    max_cached_tensor_bytes: 67_108_864,
  },
};

/** The server's version, back-ends and limits. */
export const infoRoutes: FastifyPluginCallbackTypebox<{ engine: Engine; limits: Limits; cachedTensorBytes: number }> = (
  app,
  { engine, limits, cachedTensorBytes },
  done,
) => {
  app.get(
    '/info',
    {
      schema: {
        operationId: 'getInfo',
        tags: ['Operation'],
        summary: 'Version, back-ends and limits',
        description: 'What this server is, what computes there, and what one request may ask for.',
        response: { 200: jsonAnswer(Info, 'The server.', { defaults: { value: example } }), ...problemResponses('not_acceptable') },
      },
    },
    () => ({
      name: 'surrogate-gradient-service',
      version,
      backends: engine.backends.map(describeBackend),
      cross_overs: engine.crossOvers && describeCrossOvers(engine.crossOvers),
      limits: {
        max_body_bytes: limits.bodyBytes,
        max_neuron_steps: limits.neuronSteps,
        max_reference_neuron_steps: limits.referenceNeuronSteps,
        max_result_values: limits.resultValues,
        max_streamed_values: limits.streamedValues,
        max_cached_tensor_bytes: cachedTensorBytes,
      },
    }),
  );
  done();
};

/** JSON leaves out what is undefined. */
function describeBackend({ name, device, dtype, state, unavailableReason, details }: BackendStatus): object {
  return {
    name,
    device,
    dtype,
    state,
    reason: unavailableReason && fallbackReasonTexts[unavailableReason],
    version: details?.version,
    xla: details?.xla,
    gpu: details?.gpu,
    memory_bytes: details?.memoryBytes,
  };
}

function describeCrossOvers(crossOvers: CrossOvers): object {
  return Object.fromEntries(
    Object.entries(crossOvers).map(([kind, { elements, neurons }]) => [kind, elements === Infinity ? null : { elements, neurons }]),
  );
}
