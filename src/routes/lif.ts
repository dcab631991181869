import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { answers, requestBodies } from '../schemas/bodies.ts';
import { bodiesOf, lifGradExamples, lifSimulateExamples } from '../schemas/examples.ts';
import { LifGradAnswer, LifGradDryRun, LifGradRequest, LifSimulateAnswer, LifSimulateDryRun, LifSimulateRequest } from '../schemas/lif.ts';
import { computeHeaders, lifGradQuery, lifSimulateQuery } from '../schemas/parameters.ts';
import { computeProblems } from '../schemas/problem.ts';
import { computeHandler } from './compute-handler.ts';

/** Leaky integrate-and-fire neurons and gradients through them. */
export const lifRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.post(
    '/lif/simulate',
    {
      schema: {
        operationId: 'lifSimulate',
        tags: ['Compute'],
        summary: 'Run LIF neurons',
        description: 'Steps B neurons through T time steps and answers what `record` lists. Times are in ms, rates in Hz.',
        headers: computeHeaders,
        querystring: lifSimulateQuery,
        body: requestBodies(LifSimulateRequest, bodiesOf(lifSimulateExamples, 'request')),
        response: { 200: answers(LifSimulateAnswer, LifSimulateDryRun, bodiesOf(lifSimulateExamples, 'answer')), ...computeProblems },
      },
    },
    computeHandler('lif_simulate'),
  );

  app.post(
    '/lif/grad',
    {
      schema: {
        operationId: 'lifGrad',
        tags: ['Compute'],
        summary: 'Gradients through LIF neurons',
        description:
          "Backpropagation through time: the forward pass is the hard threshold, the backward pass puts the surrogate gradient in its place. A gradient has the shape in which its quantity was given; a number's is the sum over neurons.",
        headers: computeHeaders,
        querystring: lifGradQuery,
        body: requestBodies(LifGradRequest, bodiesOf(lifGradExamples, 'request')),
        response: { 200: answers(LifGradAnswer, LifGradDryRun, bodiesOf(lifGradExamples, 'answer')), ...computeProblems },
      },
    },
    computeHandler('lif_grad'),
  );
  done();
};
