import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { computeProblems } from '../schemas/problem.ts';
import { SurrogateEvalAnswer, SurrogateEvalRequest, SurrogateGradAnswer, SurrogateGradRequest } from '../schemas/surrogate-routes.ts';
import { answers, requestBodies } from '../schemas/bodies.ts';
import { computeHandler } from './compute-handler.ts';

/** Surrogates and their gradients, elementwise. */
export const surrogateRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.post(
    '/surrogate/eval',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Spike and smooth value of surrogates',
        description:
          '`spike` is x >= 0. `value` is the antiderivative of the surrogate gradient: the smooth function that stands for the spike.',
        body: requestBodies(SurrogateEvalRequest),
        response: { 200: answers(SurrogateEvalAnswer), ...computeProblems },
      },
    },
    computeHandler('surrogate_eval'),
  );

  app.post(
    '/surrogate/grad',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Surrogate gradients',
        description: '`cotangent` times the surrogate gradient at x: what backpropagation puts in the place of the derivative of a spike.',
        body: requestBodies(SurrogateGradRequest),
        response: { 200: answers(SurrogateGradAnswer), ...computeProblems },
      },
    },
    computeHandler('surrogate_grad'),
  );
  done();
};
