import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type, type Static } from '@sinclair/typebox';

import { modelVersion } from '../answers/inference.ts';
import { mediaTypes } from '../bodies/request-body.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem } from '../errors/problems.ts';
import { countRunning } from '../plugins/lifecycle.ts';
import { receiveBody } from '../plugins/request-body.ts';
import { startDeadline } from '../plugins/request-scope.ts';
import { inferenceModels } from '../requests/inference-models.ts';
import type { Operation } from '../requests/plan.ts';
import { bytesSchema, jsonAnswer } from '../schemas/bodies.ts';
import { bodiesOf, inferExamples } from '../schemas/examples.ts';
import { InferAnswer, inferenceErrors, InferRequest, ModelMetadata, ServerMetadata } from '../schemas/inference.ts';
import { inferHeaders } from '../schemas/parameters.ts';
import { computeCodes } from '../schemas/problem.ts';
import { version } from '../version.ts';
import { compute } from './compute-handler.ts';
import { inferenceFormat } from './response-format.ts';

const tags = ['Open Inference Protocol'];
const name = 'surrogate-gradient-service';
const ModelPath = Type.Object({ model: Type.String({ examples: ['surrogate_grad'], description: Object.keys(inferenceModels).join(', ') }) });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() }, { $id: 'ModelReadiness' });
const Ready = Type.Object({ ready: Type.Boolean() }, { $id: 'ServerReadiness' });
const Live = Type.Object({ live: Type.Boolean() }, { $id: 'ServerLiveness' });
const VersionPath = Type.Object({ ...ModelPath.properties, version: Type.String({ description: `\`${modelVersion}\`, the only one.` }) });

/** The Open Inference Protocol, version 2, with its binary extension: another face of the same four operations. */
export const inferenceRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  // The protocol's clients name no media type, or any: whether bytes follow the JSON is said by a header.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, ready) => { receiveBody(request, payload, 'inference', ready); });

  const server = { name, version, extensions: ['binary_tensor_data'] };
  app.get('/v2', {
    schema: {
      operationId: 'getServerMetadata',
      tags,
      summary: 'The server and its extensions',
      description: 'Name, version, and the protocol\'s extensions that the server has.',
      response: { 200: jsonAnswer(ServerMetadata, 'The server.', { server: { value: server } }) },
    },
  }, () => server);
  app.get('/v2/health/live', {
    schema: {
      operationId: 'getServerLiveness',
      tags,
      summary: 'Whether the server answers',
      description: 'The protocol\'s `GET /livez`.',
      response: { 200: jsonAnswer(Live, 'It does.', { live: { value: { live: true } } }) },
    },
  }, () => ({ live: true }));
  app.get('/v2/health/ready', {
    schema: {
      operationId: 'getServerReadiness',
      tags,
      summary: 'Whether the server should get requests',
      description: 'The protocol\'s `GET /readyz`.',
      response: {
        200: jsonAnswer(Ready, 'It should.', { ready: { value: { ready: true } } }),
        503: jsonAnswer(Ready, 'It warms up or drains.', { unready: { value: { ready: false } } }),
      },
    },
  }, (_request, reply) => {
    const ready = app.lifecycle.unreadyReason === undefined;
    void reply.code(ready ? 200 : 503);
    return { ready };
  });
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const schema = path.endsWith(':version') ? { tags, params: VersionPath, hide: true } : { tags, params: ModelPath };
    app.get(path, {
      schema: {
        ...schema,
        operationId: 'getModelMetadata',
        summary: 'A model\'s inputs and outputs',
        description: 'Names, datatypes and shapes; only the first input is needed.',
        response: {
          200: jsonAnswer(ModelMetadata, 'The model.', { surrogate_grad: { value: metadataOf('surrogate_grad') } }),
          ...inferenceErrors('malformed_http', 'not_found', 'uri_too_long'),
        },
      },
    }, ({ params }) => metadataOf(operationOf(params)));
    app.get(`${path}/ready`, {
      schema: {
        ...schema,
        operationId: 'getModelReadiness',
        summary: 'Whether a model takes requests',
        description: 'All models do as soon as the server is ready.',
        response: {
          200: jsonAnswer(ModelReady, 'The model, and whether it does.', { ready: { value: { name: 'surrogate_grad', ready: true } } }),
          ...inferenceErrors('malformed_http', 'not_found', 'uri_too_long'),
        },
      },
    }, ({ params }) => ({
      name: operationOf(params),
      ready: app.lifecycle.unreadyReason === undefined,
    }));
    app.post(
      `${path}/infer`,
      {
        onRequest: [countRunning, startDeadline],
        schema: {
          ...schema,
          operationId: 'infer',
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
            ...inferenceErrors('malformed_http', 'not_found', 'uri_too_long', ...computeCodes.filter((code) => code !== 'invalid_npy' && code !== 'not_acceptable')),
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
    throw new Problem('not_found', `There is no model ${quote(model)}; ${didYouMean(model, Object.keys(inferenceModels))}`);
  }
  if (version !== modelVersion) throw new Problem('not_found', `The model ${quote(model)} has no version ${quote(version)}, only ${quote(modelVersion)}.`);
  return model as Operation;
}

function metadataOf(operation: Operation): Static<typeof ModelMetadata> {
  const { inputs, outputs } = inferenceModels[operation];
  return { name: operation, versions: [modelVersion], platform: name, inputs: [...inputs], outputs: [...outputs] } as Static<typeof ModelMetadata>;
}
