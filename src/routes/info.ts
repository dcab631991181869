import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { problemResponses } from '../schemas/problem.ts';
import { version } from '../version.ts';

const Info = Type.Object({
  name: Type.String(),
  version: Type.String(),
  backends: Type.Array(
    Type.Object({
      name: Type.String(),
      device: Type.String(),
      dtype: Type.String({ description: 'The arithmetic of its kernels.' }),
    }),
    { description: 'In the order in which they are tried.' },
  ),
  limits: Type.Object({
    max_body_bytes: Type.Integer(),
    max_neuron_steps: Type.Number({ description: 'Neurons x steps x surrogates of one request.' }),
    max_result_values: Type.Integer({ description: 'Numbers that one request may have made for it.' }),
  }),
});

/** What this server is, and what it allows. */
export const infoRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const { limits, docs } = app.config;

  app.get(
    '/info',
    {
      schema: {
        tags: ['Operation'],
        summary: 'Version, back-ends and limits',
        response: { 200: Info, ...problemResponses('not_acceptable') },
      },
    },
    () => ({
      name: 'surrogate-gradient-service',
      version,
      backends: app.engine.backends.map((backend) => ({ ...backend })),
      limits: {
        max_body_bytes: limits.bodyBytes,
        max_neuron_steps: limits.neuronSteps,
        max_result_values: limits.resultValues,
      },
    }),
  );

  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect(docs ? '/docs' : '/openapi.json'));
  done();
};
