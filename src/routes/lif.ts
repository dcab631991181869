import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { lifGradAnswer, lifSimulateAnswer } from '../answers/lif.ts';
import { lifGradJob, lifSimulateJob } from '../requests/lif-jobs.ts';
import { LifGradAnswer, LifGradRequest, LifSimulateAnswer, LifSimulateRequest } from '../schemas/lif-routes.ts';
import { computeProblems } from '../schemas/problem.ts';
import { runJob } from './run-job.ts';

/** Leaky integrate-and-fire neurons and gradients through them. */
export const lifRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const { limits } = app.config;

  app.post(
    '/lif/simulate',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Run LIF neurons',
        description: 'Steps B neurons through T time steps and answers what `record` lists. Times are in ms, rates in Hz.',
        body: LifSimulateRequest,
        response: { 200: LifSimulateAnswer, ...computeProblems },
      },
    },
    (request, reply) => {
      const job = lifSimulateJob(request.body, limits);
      return runJob(request, reply, job, request.body, (result) => lifSimulateAnswer(job, result));
    },
  );

  app.post(
    '/lif/grad',
    {
      schema: {
        tags: ['Compute'],
        summary: 'Gradients through LIF neurons',
        description:
          'Backpropagation through time: the forward pass is the hard threshold, the backward pass puts the surrogate gradient in its place. A gradient has the shape in which its quantity was given; a number\'s is the sum over neurons.',
        body: LifGradRequest,
        response: { 200: LifGradAnswer, ...computeProblems },
      },
    },
    (request, reply) => {
      const plan = lifGradJob(request.body, limits);
      return runJob(request, reply, plan.job, request.body, (results) => lifGradAnswer(plan, results));
    },
  );
  done();
};
