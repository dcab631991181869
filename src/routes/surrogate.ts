import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { surrogateEvalAnswer, surrogateGradAnswer } from '../answers/surrogate.ts';
import { surrogateEvalJob, surrogateGradJob } from '../requests/surrogate-jobs.ts';
import { computeProblems } from '../schemas/problem.ts';
import { SurrogateEvalAnswer, SurrogateEvalRequest, SurrogateGradAnswer, SurrogateGradRequest } from '../schemas/surrogate-routes.ts';
import { runJob } from './run-job.ts';

/** Surrogates and their gradients, elementwise. */
export const surrogateRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const { limits } = app.config;

  app.post(
    '/surrogate/eval',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Spike and smooth value of surrogates',
        description:
          '`spike` is x >= 0. `value` is the antiderivative of the surrogate gradient: the smooth function that stands for the spike.',
        body: SurrogateEvalRequest,
        response: { 200: SurrogateEvalAnswer, ...computeProblems },
      },
    },
    (request, reply) => {
      const shaped = surrogateEvalJob(request.body, limits);
      return runJob(request, reply, shaped.job, request.body, (results) => surrogateEvalAnswer(shaped, results));
    },
  );

  app.post(
    '/surrogate/grad',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Surrogate gradients',
        description: '`cotangent` times the surrogate gradient at x: what backpropagation puts in the place of the derivative of a spike.',
        body: SurrogateGradRequest,
        response: { 200: SurrogateGradAnswer, ...computeProblems },
      },
    },
    (request, reply) => {
      const shaped = surrogateGradJob(request.body, limits);
      return runJob(request, reply, shaped.job, request.body, (results) => surrogateGradAnswer(shaped, results));
    },
  );
  done();
};
