import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { LifGradAnswer, LifGradRequest, LifSimulateAnswer, LifSimulateRequest } from '../schemas/lif-routes.ts';
import { computeProblems } from '../schemas/problem.ts';
import { answers, requestBodies } from '../schemas/bodies.ts';
import { computeHandler } from './compute-handler.ts';

/** Leaky integrate-and-fire neurons and gradients through them. */
export const lifRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  app.post(
    '/lif/simulate',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Run LIF neurons',
        description: 'Steps B neurons through T time steps and answers what `record` lists. Times are in ms, rates in Hz.',
        body: requestBodies(LifSimulateRequest),
        response: { 200: answers(LifSimulateAnswer), ...computeProblems },
      },
    },
    computeHandler('lif_simulate'),
  );

  app.post(
    '/lif/grad',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Gradients through LIF neurons',
        description:
          'Backpropagation through time: the forward pass is the hard threshold, the backward pass puts the surrogate gradient in its place. A gradient has the shape in which its quantity was given; a number\'s is the sum over neurons.',
        body: requestBodies(LifGradRequest),
        response: { 200: answers(LifGradAnswer), ...computeProblems },
      },
    },
    computeHandler('lif_grad'),
  );
  done();
};
