import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyReply } from 'fastify';

import type { RequestBody } from '../requests/bodies/body.ts';
import { mediaTypes } from '../codecs/media-types.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem } from '../errors/problems.ts';
import type { Lifecycle } from '../plugins/lifecycle.ts';
import { receiveBody } from '../plugins/request-body.ts';
import { startDeadline } from '../plugins/request-lifetime.ts';
import {
  configOf,
  inferenceModels,
  metadataOf,
  modelStatistics,
  modelVersion,
  platform,
  repositoryIndex,
  type InferenceOperation,
} from '../requests/inference/inference-models.ts';
import { wantsReadyOnly } from '../requests/bodies/body-to-plan.ts';
import { inferenceFormat } from '../responses/formats.ts';
import { bytesSchema, jsonAnswer } from '../schemas/bodies.ts';
import { bodiesOf, inferExamples } from '../schemas/examples.ts';
import {
  InferAnswer,
  inferenceErrors,
  InferRequest,
  ModelConfig,
  ModelMetadata,
  RepositoryIndex,
  ServerMetadata,
  Statistics,
} from '../schemas/inference.ts';
import { inferHeaders } from '../schemas/headers-and-queries.ts';
import { computeCodes } from '../schemas/problem.ts';
import { version } from '../version.ts';
import { compute, type ComputeServices } from './compute-handler.ts';

const tags = ['Open Inference Protocol'];
const operations = Object.keys(inferenceModels) as InferenceOperation[];
const server = { name: platform, version, extensions: ['binary_tensor_data', 'model_configuration', 'statistics'] };
const ModelPath = Type.Object({ model: Type.String({ examples: ['surrogate_grad'], description: operations.join(', ') }) });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() }, { $id: 'ModelReadiness' });
const Ready = Type.Object({ ready: Type.Boolean() }, { $id: 'ServerReadiness' });
const Live = Type.Object({ live: Type.Boolean() }, { $id: 'ServerLiveness' });
const VersionPath = Type.Object({ ...ModelPath.properties, version: Type.String({ description: `\`${modelVersion}\`, the only one.` }) });
const modelErrors = inferenceErrors('malformed_http', 'not_found', 'uri_too_long');
const statisticsDescription = "Triton's statistics, of all processes that answer on the port.";
const idle = (models: readonly InferenceOperation[]) => ({ value: { model_stats: modelStatistics(models, '') } });

export interface InferenceOptions {
  readonly services: ComputeServices;
  readonly lifecycle: Lifecycle;
  /** The metrics of the operations, of all processes on the port, in Prometheus' text format. */
  readonly statistics: () => string | Promise<string>;
  /** The server's time limit for a request. */
  readonly maxRequestMs: number;
}

/** The Open Inference Protocol, version 2, with its binary extension and what Triton's tools ask of models, for the operations on tensors. */
export const inferenceRoutes: FastifyPluginCallbackTypebox<InferenceOptions> = (
  app,
  { services, lifecycle, statistics, maxRequestMs },
  done,
) => {
  const isReady = (reply: FastifyReply) => {
    const ready = lifecycle.unreadyReason === undefined;
    void reply.code(ready ? 200 : 503);
    return ready;
  };
  const statisticsOf = async (models: readonly InferenceOperation[]) => ({ model_stats: modelStatistics(models, await statistics()) });

  // The protocol's clients name no media type, or any: whether bytes follow the JSON is said by a header.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, ready) => {
    receiveBody(request, payload, 'inference', ready);
  });
  // They compare the type of an answer with this one, to the letter; Fastify adds a charset.
  app.addHook('preSerialization', (_request, reply, payload, next) => {
    void reply.type(mediaTypes.json);
    next(null, payload);
  });

  app.get(
    '/v2',
    documented('getServerMetadata', 'The server and its extensions', "Name, version, and the protocol's extensions that the server has.", {
      200: jsonAnswer(ServerMetadata, 'The server.', { server: { value: server } }),
    }),
    () => server,
  );
  app.get(
    '/v2/health/live',
    documented('getServerLiveness', 'Whether the server answers', "The protocol's `GET /livez`.", {
      200: jsonAnswer(Live, 'It does.', { live: { value: { live: true } } }),
    }),
    () => ({ live: true }),
  );
  app.get(
    '/v2/health/ready',
    documented('getServerReadiness', 'Whether the server should get requests', "The protocol's `GET /readyz`.", {
      200: jsonAnswer(Ready, 'It should.', { ready: { value: { ready: true } } }),
      503: jsonAnswer(Ready, 'It warms up or drains.', { unready: { value: { ready: false } } }),
    }),
    (_request, reply) => ({ ready: isReady(reply) }),
  );
  app.post(
    '/v2/repository/index',
    documented('getRepositoryIndex', 'The models', 'With `{"ready": true}` as body only those that take requests.', {
      200: jsonAnswer(RepositoryIndex, 'The models.', { ready: { value: repositoryIndex(undefined) } }),
      ...inferenceErrors('invalid_json', 'invalid_request', 'body_too_large', 'unsupported_media_type'),
    }),
    ({ body }) => {
      const reason = lifecycle.unreadyReason;
      const readyOnly = body !== undefined && wantsReadyOnly((body as RequestBody).bytes);
      return readyOnly && reason !== undefined ? [] : repositoryIndex(reason);
    },
  );
  app.get(
    '/v2/models/stats',
    documented('getStatistics', 'What all models have done', statisticsDescription, {
      200: jsonAnswer(Statistics, 'The models.', { idle: idle(operations) }),
    }),
    () => statisticsOf(operations),
  );

  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const modelPath = path.endsWith(':version') ? { params: VersionPath, hide: true } : { params: ModelPath };
    app.get(
      path,
      documented(
        'getModelMetadata',
        "A model's inputs and outputs",
        'Names, datatypes and shapes; only the first input is needed.',
        { 200: jsonAnswer(ModelMetadata, 'The model.', { surrogate_grad: { value: metadataOf('surrogate_grad') } }), ...modelErrors },
        modelPath,
      ),
      ({ params }) => metadataOf(operationOf(params)),
    );
    app.get(
      `${path}/config`,
      documented(
        'getModelConfig',
        'A model as Triton configures it',
        'Its tensors, and which of the inputs may be left out.',
        { 200: jsonAnswer(ModelConfig, 'The model.', { surrogate_grad: { value: configOf('surrogate_grad') } }), ...modelErrors },
        modelPath,
      ),
      ({ params }) => configOf(operationOf(params)),
    );
    app.get(
      `${path}/stats`,
      documented(
        'getModelStatistics',
        'What a model has done',
        statisticsDescription,
        { 200: jsonAnswer(Statistics, 'The model.', { idle: idle(['surrogate_grad']) }), ...modelErrors },
        modelPath,
      ),
      ({ params }) => statisticsOf([operationOf(params)]),
    );
    app.get(
      `${path}/ready`,
      documented(
        'getModelReadiness',
        'Whether a model takes requests',
        'All models do as soon as the server is ready.',
        {
          200: jsonAnswer(ModelReady, 'It does.', { ready: { value: { name: 'surrogate_grad', ready: true } } }),
          503: jsonAnswer(ModelReady, 'It warms up or drains.', { unready: { value: { name: 'surrogate_grad', ready: false } } }),
          ...modelErrors,
        },
        modelPath,
      ),
      ({ params }, reply) => ({ name: operationOf(params), ready: isReady(reply) }),
    );
    app.post(
      `${path}/infer`,
      {
        onRequest: [lifecycle.admit, startDeadline(maxRequestMs)],
        schema: {
          ...modelPath,
          operationId: 'infer',
          tags,
          summary: 'Compute',
          description: 'Tensors stand in the JSON, or, with `Inference-Header-Content-Length` and `binary_data_size`, as bytes behind it.',
          headers: inferHeaders,
          body: {
            content: {
              [mediaTypes.json]: { schema: InferRequest, examples: bodiesOf(inferExamples, 'request') },
              [mediaTypes.framed]: { schema: bytesSchema('The same JSON, and the bytes of its tensors behind it.') },
            },
          },
          response: {
            200: {
              description: 'The outputs.',
              content: {
                [mediaTypes.json]: { schema: InferAnswer, examples: bodiesOf(inferExamples, 'answer') },
                [mediaTypes.framed]: { schema: bytesSchema('The same JSON, and the bytes of its outputs behind it.') },
              },
            },
            ...inferenceErrors(
              'malformed_http',
              'not_found',
              'uri_too_long',
              ...computeCodes.filter((code) => code !== 'invalid_npy'),
              'tensor_unknown',
            ),
          },
        },
      },
      (request, reply) => compute(services, request, reply, operationOf(request.params), inferenceFormat),
    );
  }
  done();
};

/** @throws {Problem} `not_found` that names the nearest model. */
function operationOf({ model = '', version = modelVersion }: { model?: string; version?: string }): InferenceOperation {
  if (!Object.hasOwn(inferenceModels, model)) {
    throw new Problem('not_found', `There is no model ${quote(model)}; ${didYouMean(model, operations)}`);
  }
  if (version !== modelVersion)
    throw new Problem('not_found', `The model ${quote(model)} has no version ${quote(version)}, only ${quote(modelVersion)}.`);
  return model as InferenceOperation;
}

/** The documentation of a route that takes no tensors. */
function documented<More extends object = object>(
  operationId: string,
  summary: string,
  description: string,
  response: Record<number, object>,
  more = {} as More,
) {
  return { schema: { operationId, tags, summary, description, response, ...more } };
}
