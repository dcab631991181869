import type { TSchema } from '@sinclair/typebox';
import type { FastifyPluginCallback, FastifyRequest } from 'fastify';

import { bestAccepted } from '../plugins/negotiation.ts';
import type { Operation } from '../requests/plan.ts';
import type { RequestBody } from '../requests/bodies/body.ts';
import { mediaTypes } from '../codecs/media-types.ts';
import { nativeFormats, type ResponseFormat } from '../responses/formats.ts';
import { answers, requestBodies } from '../schemas/bodies.ts';
import * as examples from '../schemas/examples.ts';
import * as lif from '../schemas/lif.ts';
import * as network from '../schemas/network.ts';
import * as parameters from '../schemas/headers-and-queries.ts';
import { computeProblems, networkProblems } from '../schemas/problem.ts';
import * as surrogate from '../schemas/surrogate.ts';
import { compute, type ComputeServices } from './compute-handler.ts';

/** A route that computes, with its documentation. */
interface ComputeRoute {
  readonly operation: Operation;
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  /** Of an npy body; left out where none is taken. */
  readonly query?: TSchema;
  readonly request: TSchema;
  readonly answer: TSchema;
  readonly dryRun: TSchema;
  readonly examples: Parameters<typeof examples.bodiesOf>[0];
}

const routes: readonly ComputeRoute[] = [
  {
    operation: 'surrogate_eval',
    url: '/surrogate/eval',
    operationId: 'surrogateEval',
    summary: 'Spike and smooth value of surrogates',
    description:
      '`spike` is x >= 0. `value` is the antiderivative of the surrogate gradient: the smooth function that stands for the spike.',
    query: parameters.surrogateEvalQuery,
    request: surrogate.SurrogateEvalRequest,
    answer: surrogate.SurrogateEvalAnswer,
    dryRun: surrogate.SurrogateEvalDryRun,
    examples: examples.surrogateEvalExamples,
  },
  {
    operation: 'surrogate_grad',
    url: '/surrogate/grad',
    operationId: 'surrogateGrad',
    summary: 'Surrogate gradients',
    description: '`cotangent` times the surrogate gradient at x, which backpropagation uses as the derivative of a spike.',
    query: parameters.surrogateGradQuery,
    request: surrogate.SurrogateGradRequest,
    answer: surrogate.SurrogateGradAnswer,
    dryRun: surrogate.SurrogateGradDryRun,
    examples: examples.surrogateGradExamples,
  },
  {
    operation: 'lif_simulate',
    url: '/lif/simulate',
    operationId: 'lifSimulate',
    summary: 'Run neurons',
    description: 'Steps B neurons through T time steps and answers what `record` lists. Times are in ms, rates in Hz.',
    query: parameters.lifSimulateQuery,
    request: lif.LifSimulateRequest,
    answer: lif.LifSimulateAnswer,
    dryRun: lif.LifSimulateDryRun,
    examples: examples.lifSimulateExamples,
  },
  {
    operation: 'lif_grad',
    url: '/lif/grad',
    operationId: 'lifGrad',
    summary: 'Gradients through neurons',
    description:
      "Backpropagation through time: the forward pass has the hard threshold, and the backward pass uses the surrogate gradient as its derivative. A gradient has the shape in which its quantity was given; a number's is the sum over neurons.",
    query: parameters.lifGradQuery,
    request: lif.LifGradRequest,
    answer: lif.LifGradAnswer,
    dryRun: lif.LifGradDryRun,
    examples: examples.lifGradExamples,
  },
  {
    operation: 'lif_jvp',
    url: '/lif/jvp',
    operationId: 'lifJvp',
    summary: 'Tangents through neurons',
    description:
      'Forward-mode differentiation: the Jacobian-vector product of spikes, potentials and loss with `tangents`, the surrogate gradient being the derivative of a spike.',
    query: parameters.lifJvpQuery,
    request: lif.LifJvpRequest,
    answer: lif.LifJvpAnswer,
    dryRun: lif.LifJvpDryRun,
    examples: examples.lifJvpExamples,
  },
  {
    operation: 'network_simulate',
    url: '/network/simulate',
    operationId: 'networkSimulate',
    summary: 'Run a network',
    description:
      "Runs layers of neurons with weights. In every step, layer by layer from the input up, a layer's neurons get `weight` times what the layer below returns in this step, plus `bias`, plus `recurrent` times what they returned a step before.",
    request: network.NetworkSimulateRequest,
    answer: network.NetworkSimulateAnswer,
    dryRun: network.NetworkSimulateDryRun,
    examples: examples.networkSimulateExamples,
  },
  {
    operation: 'network_grad',
    url: '/network/grad',
    operationId: 'networkGrad',
    summary: 'Gradients through a network',
    description:
      "Backpropagation through time and layers, from a loss of the last layer's neurons to weights, parameters of neurons and the input. Spikes are hard going forward, and have their layer's surrogate gradient going back.",
    request: network.NetworkGradRequest,
    answer: network.NetworkGradAnswer,
    dryRun: network.NetworkGradDryRun,
    examples: examples.networkGradExamples,
  },
];

/** The media types of answers, first the one that is meant where a client takes any. */
export const answerMedia = [mediaTypes.json, mediaTypes.framed, mediaTypes.npy] as const;
const answerMediaForNpy = [mediaTypes.npy, mediaTypes.json, mediaTypes.framed] as const;

/** The format that the request's `Accept` likes best. */
function nativeFormat({ headers, body }: FastifyRequest): ResponseFormat {
  const offered = (body as RequestBody | undefined)?.form === 'npy' ? answerMediaForNpy : answerMedia;
  return nativeFormats[bestAccepted(headers.accept, offered) ?? mediaTypes.json];
}

/** Surrogates, neurons and networks, and gradients through them, in the service's own formats. */
export const computeRoutes: FastifyPluginCallback<ComputeServices> = (app, services, done) => {
  for (const { operation, url, operationId, summary, description, query, ...route } of routes) {
    app.post(
      url,
      {
        schema: {
          operationId,
          tags: ['Compute'],
          summary,
          description,
          headers: parameters.computeHeaders,
          ...(query && { querystring: query }),
          body: requestBodies(route.request, examples.bodiesOf(route.examples, 'request'), query !== undefined),
          response: {
            200: answers(route.answer, route.dryRun, examples.bodiesOf(route.examples, 'answer')),
            ...(query ? computeProblems : networkProblems),
          },
        },
      },
      (request, reply) => compute(services, request, reply, operation, nativeFormat(request)),
    );
  }
  done();
};
