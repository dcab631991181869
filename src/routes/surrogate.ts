import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { computeProblems } from '../schemas/problem.ts';
import { answers, requestBodies } from '../schemas/bodies.ts';
import { bodiesOf, surrogateEvalExamples, surrogateGradExamples } from '../schemas/examples.ts';
import { computeHeaders, surrogateEvalQuery, surrogateGradQuery } from '../schemas/parameters.ts';
import {
  SurrogateEvalAnswer,
  SurrogateEvalDryRun,
  SurrogateEvalRequest,
  SurrogateGradAnswer,
  SurrogateGradDryRun,
  SurrogateGradRequest,
} from '../schemas/surrogate.ts';
import { computeHandler } from './compute-handler.ts';

/** Surrogates and their gradients, elementwise. */
export const surrogateRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.post(
    '/surrogate/eval',
    {
      schema: {
        operationId: 'surrogateEval',
        tags: ['Compute'],
        summary: 'Spike and smooth value of surrogates',
        description:
          '`spike` is x >= 0. `value` is the antiderivative of the surrogate gradient: the smooth function that stands for the spike.',
        headers: computeHeaders,
        querystring: surrogateEvalQuery,
        body: requestBodies(SurrogateEvalRequest, bodiesOf(surrogateEvalExamples, 'request')),
        response: { 200: answers(SurrogateEvalAnswer, SurrogateEvalDryRun, bodiesOf(surrogateEvalExamples, 'answer')), ...computeProblems },
      },
    },
    computeHandler('surrogate_eval'),
  );

  app.post(
    '/surrogate/grad',
    {
      schema: {
        operationId: 'surrogateGrad',
        tags: ['Compute'],
        summary: 'Surrogate gradients',
        description: '`cotangent` times the surrogate gradient at x: what backpropagation puts in the place of the derivative of a spike.',
        headers: computeHeaders,
        querystring: surrogateGradQuery,
        body: requestBodies(SurrogateGradRequest, bodiesOf(surrogateGradExamples, 'request')),
        response: { 200: answers(SurrogateGradAnswer, SurrogateGradDryRun, bodiesOf(surrogateGradExamples, 'answer')), ...computeProblems },
      },
    },
    computeHandler('surrogate_grad'),
  );
  done();
};
