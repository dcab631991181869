import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type, type Static } from '@sinclair/typebox';

import { inferenceAnswer, modelVersion } from '../answers/inference.ts';
import { checkAnswerSize } from '../answers/size.ts';
import { mediaTypes } from '../bodies/request-body.ts';
import type { EncodedAnswer } from '../codecs/answer-json.ts';
import { dtypeOf } from '../compute/jobs.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { Problem } from '../errors/problems.ts';
import { startDeadline } from '../plugins/deadline.ts';
import { countRunning } from '../plugins/lifecycle.ts';
import { receiveBody } from '../plugins/request-body.ts';
import { inferenceModels } from '../requests/inference-models.ts';
import type { Operation, Plan } from '../requests/plan.ts';
import { InferAnswer, InferenceError, InferRequest, ModelMetadata, ServerMetadata } from '../schemas/inference.ts';
import { version } from '../version.ts';
import { ComputeExchange } from './compute-exchange.ts';
import type { Outcome } from './run-plan.ts';

const tags = ['Open Inference Protocol'];
const errors = Object.fromEntries([400, 404, 406, 413, 415, 500, 503, 504].map((status) => [status, { ...InferenceError, description: 'What was wrong.' }]));
const name = 'surrogate-gradient-service';
const ModelPath = Type.Object({ model: Type.String({ examples: ['surrogate_grad'], description: Object.keys(inferenceModels).join(', ') }) });
const ModelReady = Type.Object({ name: Type.String(), ready: Type.Boolean() });
const Ready = Type.Object({ ready: Type.Boolean() });
const VersionPath = Type.Object({ ...ModelPath.properties, version: Type.String({ description: `\`${modelVersion}\`, the only one.` }) });

/** The Open Inference Protocol, version 2, with its binary extension: another face of the same four operations. */
export const inferenceRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  // The protocol's clients name no media type, or any: whether bytes follow the JSON is said by a header.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, ready) => { receiveBody(request, payload, 'inference', ready); });

  app.get('/v2', { schema: { tags, summary: 'The server and its extensions', response: { 200: ServerMetadata } } }, () => ({ name, version, extensions: ['binary_tensor_data'] }));
  app.get('/v2/health/live', { schema: { tags, summary: 'Whether the server answers', response: { 200: Type.Object({ live: Type.Boolean() }) } } }, () => ({ live: true }));
  app.get('/v2/health/ready', { schema: { tags, summary: 'Whether the server should get requests', response: { 200: Ready, 503: Ready } } }, (_request, reply) => {
    const ready = app.lifecycle.unreadyReason === undefined;
    void reply.code(ready ? 200 : 503);
    return { ready };
  });
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version'] as const) {
    const schema = path.endsWith(':version') ? { tags, params: VersionPath, hide: true } : { tags, params: ModelPath };
    app.get(path, { schema: { ...schema, summary: 'A model\'s inputs and outputs', response: { 200: ModelMetadata, ...errors } } }, ({ params }) => metadataOf(operationOf(params)));
    app.get(`${path}/ready`, { schema: { ...schema, summary: 'Whether a model takes requests', response: { 200: ModelReady, ...errors } } }, ({ params }) => ({
      name: operationOf(params),
      ready: app.lifecycle.unreadyReason === undefined,
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
      (request, reply) => { new InferenceExchange(request, reply, operationOf(request.params)).start(); },
    );
  }
  done();
};

/** An exchange in the protocol's formats: which of its outputs are bytes is said by the request. */
class InferenceExchange extends ComputeExchange {
  protected accept(plan: Plan): boolean {
    const { options } = plan;
    checkAnswerSize<never>(this.operation as never, plan as never, 'inference', this.request.server.config.limits);
    if (options.dryRun === true) throw invalidRequest([{ path: '/parameters/dry_run', message: 'is not part of this protocol; send the request to one of the other routes' }]);
    return true;
  }

  protected isPrinted({ reply }: Plan): boolean {
    return reply!.binary !== 'all';
  }

  protected encode({ job, reply }: Plan, { fields }: Outcome): EncodedAnswer {
    return inferenceAnswer(this.operation, fields, reply!, dtypeOf(job));
  }
}

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
