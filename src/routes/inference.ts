import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';

import { configOf, metadataOf, platform, repositoryIndex } from '../answers/model-description.ts';
import { modelStatistics } from '../answers/model-statistics.ts';
import { mediaTypes, type RequestBody } from '../bodies/request-body.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem } from '../errors/problems.ts';
import { countRunning } from '../plugins/lifecycle.ts';
import { receiveBody } from '../plugins/request-body.ts';
import { startDeadline } from '../plugins/request-scope.ts';
import { inferenceModels, modelVersion } from '../requests/inference-models.ts';
import type { Operation } from '../requests/plan.ts';
import { wantsReadyOnly } from '../requests/repository-index.ts';
import { InferAnswer, InferenceError, InferRequest, ModelConfig, ModelMetadata, RepositoryIndex, ServerMetadata, Statistics } from '../schemas/inference.ts';
import { version } from '../version.ts';
import { compute } from './compute-handler.ts';
import { inferenceFormat } from './response-format.ts';

const tags = ['Open Inference Protocol'];
const errors = Object.fromEntries([400, 404, 406, 413, 415, 500, 503, 504].map((status) => [status, { ...InferenceError, description: 'What was wrong.' }]));
const operations = Object.keys(inferenceModels) as Operation[];
const ModelPath = Type.Object({ model: Type.String({ examples: ['surrogate_grad'], description: operations.join(', ') }) });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() });
const Ready = Type.Object({ ready: Type.Boolean() });
const VersionPath = Type.Object({ ...ModelPath.properties, version: Type.String({ description: `\`${modelVersion}\`, the only one.` }) });

/** The Open Inference Protocol, version 2, with its binary extension and what Triton's tools ask of models: another face of the same four operations. */
export const inferenceRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  // The protocol's clients name no media type, or any: whether bytes follow the JSON is said by a header.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, ready) => { receiveBody(request, payload, 'inference', ready); });
  // They compare the type of an answer with this one, to the letter; Fastify adds a charset.
  app.addHook('preSerialization', (_request, reply, payload, next) => {
    void reply.type(mediaTypes.json);
    next(null, payload);
  });

  const extensions = ['binary_tensor_data', 'model_configuration', 'statistics'];
  app.get('/v2', { schema: { tags, summary: 'The server and its extensions', response: { 200: ServerMetadata } } }, () => ({ name: platform, version, extensions }));
  app.get('/v2/health/live', { schema: { tags, summary: 'Whether the server answers', response: { 200: Type.Object({ live: Type.Boolean() }) } } }, () => ({ live: true }));
  app.get('/v2/health/ready', { schema: { tags, summary: 'Whether the server should get requests', response: { 200: Ready, 503: Ready } } }, (_request, reply) => ({ ready: isReady(app, reply) }));
  app.post(
    '/v2/repository/index',
    { schema: { tags, summary: 'The models', description: 'With `{"ready": true}` as body only those that take requests.', response: { 200: RepositoryIndex, ...errors } } },
    ({ body }) => {
      const reason = app.lifecycle.unreadyReason;
      const readyOnly = body !== undefined && wantsReadyOnly((body as RequestBody).bytes);
      return readyOnly && reason !== undefined ? [] : repositoryIndex(reason);
    },
  );
  app.get('/v2/models/stats', { schema: { tags, summary: 'What all models have done', response: { 200: Statistics } } }, () => statisticsOf(app, operations));

  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const schema = path.endsWith(':version') ? { tags, params: VersionPath, hide: true } : { tags, params: ModelPath };
    app.get(path, { schema: { ...schema, summary: 'A model\'s inputs and outputs', response: { 200: ModelMetadata, ...errors } } }, ({ params }) => metadataOf(operationOf(params)));
    app.get(`${path}/config`, { schema: { ...schema, summary: 'A model as Triton configures it', response: { 200: ModelConfig, ...errors } } }, ({ params }) => configOf(operationOf(params)));
    app.get(`${path}/stats`, { schema: { ...schema, summary: 'What a model has done', response: { 200: Statistics, ...errors } } }, ({ params }) => statisticsOf(app, [operationOf(params)]));
    app.get(`${path}/ready`, { schema: { ...schema, summary: 'Whether a model takes requests', response: { 200: ModelReady, ...errors, 503: ModelReady } } }, ({ params }, reply) => ({
      name: operationOf(params),
      ready: isReady(app, reply),
    }));
    app.post(
      `${path}/infer`,
      {
        onRequest: [countRunning, startDeadline],
        schema: {
          ...schema,
          summary: 'Compute',
          description: 'Tensors stand in the JSON, or, with `Inference-Header-Content-Length` and `binary_data_size`, as bytes behind it.',
          body: { content: { [mediaTypes.json]: { schema: InferRequest }, [mediaTypes.framed]: { schema: { description: 'The same JSON, and the bytes of its tensors behind it.' } } } },
          response: {
            200: {
              description: 'The outputs.',
              content: { [mediaTypes.json]: { schema: InferAnswer }, [mediaTypes.framed]: { schema: { description: 'The same JSON, and the bytes of its outputs behind it.' } } },
            },
            ...errors,
          },
        },
      },
      (request, reply) => {
        const operation = operationOf(request.params);
        return compute(request, reply, operation, inferenceFormat(operation));
      },
    );
  }
  done();
};

/** @throws {Problem} `not_found` that names the nearest model. */
function operationOf({ model = '', version = modelVersion }: { model?: string; version?: string }): Operation {
  if (!Object.hasOwn(inferenceModels, model)) {
    throw new Problem('not_found', `There is no model ${quote(model)}; ${didYouMean(model, operations)}`);
  }
  if (version !== modelVersion) throw new Problem('not_found', `The model ${quote(model)} has no version ${quote(version)}, only ${quote(modelVersion)}.`);
  return model as Operation;
}

/** Whether models take requests; the answer's status says so too. */
function isReady(app: FastifyInstance, reply: FastifyReply): boolean {
  const ready = app.lifecycle.unreadyReason === undefined;
  void reply.code(ready ? 200 : 503);
  return ready;
}

/** Statistics of all processes that answer on the port. */
async function statisticsOf({ peers, metrics }: FastifyInstance, models: readonly Operation[]) {
  const text = peers === undefined ? metrics.operations() : await peers.scrape();
  return { model_stats: modelStatistics(models, text) };
}
