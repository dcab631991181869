import { createHash } from 'node:crypto';

import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { NotFiniteError } from '../codecs/answer-tree.ts';
import type { Engine } from '../compute/engine/engine.ts';
import type { Job } from '../compute/jobs.ts';
import { programOf, termValuesByPath } from '../compute/neurons/terms.ts';
import { neurons } from '../compute/neurons/catalogue.ts';
import type { Limits } from '../config/limits.ts';
import { Problem } from '../errors/problems.ts';
import { drawFigure } from '../plot/draw.ts';
import type { Figure } from '../plot/figure.ts';
import { sweepFigure, traceFigure } from '../plot/neuron-figure.ts';
import { inTheme } from '../plot/palette.ts';
import { surrogateFigure, surrogateLabel } from '../plot/surrogate-figure.ts';
import { unknownNeuron } from '../requests/neurons/neurons.ts';
import {
  comparisonPicturePlan,
  gradientPicturePlan,
  runPicturePlan,
  surrogatePicturePlan,
  type GradientPicturePlan,
  type PictureLook,
  type RunPicturePlan,
  type SurrogatePicturePlan,
} from '../requests/picture-plans.ts';
import { findSurrogate, unknownSurrogate } from '../requests/surrogates/surrogates.ts';
import { overflowProblem } from '../responses/overflow.ts';
import { comparisonPictureQuery, gradientPictureQuery, runPictureQuery, surrogatePictureQuery } from '../schemas/headers-and-queries.ts';
import { problemResponses, type DocumentedCode } from '../schemas/problem.ts';

export interface PictureOptions {
  readonly engine: Engine;
  readonly limits: Limits;
  /** Whether clients need a key. */
  readonly needsKey: boolean;
}

/** The answers of a picture's route. */
const pictureResponses = (...codes: readonly DocumentedCode[]) => ({
  200: { description: 'The picture.', content: { 'image/svg+xml': { schema: Type.String() } } },
  304: Type.Null({ description: 'The picture that `If-None-Match` names is still current.' }),
  ...problemResponses('invalid_request', 'malformed_http', 'not_acceptable', ...codes),
});

const surrogateName = Type.Object({
  name: Type.String({ examples: ['sigmoid'], description: 'As requests spell it; case and underscores may differ.' }),
});
const neuronName = Type.Object({ name: Type.String({ examples: ['lif'], description: 'As requests spell it.' }) });

/** Surrogates and runs of neurons as pictures, for READMEs and papers. */
export const pictureRoutes: FastifyPluginCallbackTypebox<PictureOptions> = (app, { engine, limits, needsKey }, done) => {
  // A shared cache must not answer clients without a key.
  const visibility = needsKey ? 'private' : 'public';

  const send = (request: FastifyRequest, reply: FastifyReply, figure: Figure, { theme, background }: PictureLook) => {
    const picture = inTheme(drawFigure(figure, { file: background }), theme);
    // Weak, since it stands for the compressed forms as well.
    const etag = `W/"${createHash('sha256').update(picture).digest('base64url').slice(0, 27)}"`;
    void reply
      .header('cache-control', `${visibility}, max-age=86400`)
      .header('etag', etag)
      // Pages elsewhere may show it.
      .header('cross-origin-resource-policy', 'cross-origin')
      .type('image/svg+xml; charset=utf-8');
    if (request.headers['if-none-match']?.includes(etag) === true) return reply.code(304).send(null);
    return reply.send(picture);
  };

  app.get(
    '/surrogates/:name.svg',
    {
      schema: {
        operationId: 'getSurrogatePicture',
        tags: ['Catalogue'],
        summary: 'One surrogate as a picture',
        description: 'The step, the value and the gradient over x, as SVG. The query has its parameters (`?alpha=2`).',
        params: surrogateName,
        querystring: surrogatePictureQuery,
        response: pictureResponses('uri_too_long', 'surrogate_not_found'),
      },
    },
    async (request, reply) => {
      const { name: given } = request.params;
      const name = findSurrogate(given)?.name;
      if (name === undefined) throw new Problem('surrogate_not_found', `${unknownSurrogate(given)} GET /surrogates lists all.`);
      const plan = surrogatePicturePlan(name, request.query);
      return send(request, reply, await surrogatePicture(plan, engine), plan.look);
    },
  );

  app.get(
    '/surrogates.svg',
    {
      schema: {
        operationId: 'getSurrogateComparisonPicture',
        tags: ['Catalogue'],
        summary: 'Surrogates over each other as a picture',
        description: 'The step, the values and the gradients over x, as SVG. A name may stand several times, with other parameters.',
        querystring: comparisonPictureQuery,
        response: pictureResponses(),
      },
    },
    async (request, reply) => {
      const plan = comparisonPicturePlan(request.query);
      return send(request, reply, await surrogatePicture(plan, engine), plan.look);
    },
  );

  app.get(
    '/neurons/:name.svg',
    {
      schema: {
        operationId: 'getNeuronPicture',
        tags: ['Catalogue'],
        summary: "A neuron's run as a picture",
        description: "Potential, spikes and current over time, as SVG. The query has the neuron's parameters too (`?tau=20`).",
        params: neuronName,
        querystring: runPictureQuery,
        response: pictureResponses('uri_too_long', 'neuron_not_found', 'too_much_work', 'numerical_overflow'),
      },
    },
    async (request, reply) => {
      const plan = runPicturePlan(knownNeuron(request.params.name), request.query, limits);
      return send(request, reply, await runPicture(plan, engine), plan.look);
    },
  );

  app.get(
    '/neurons/:name/gradient.svg',
    {
      schema: {
        operationId: 'getNeuronGradientPicture',
        tags: ['Catalogue'],
        summary: "A neuron's spike counts and their gradients as a picture",
        description:
          "Spike counts over constant currents, and their surrogate gradients, as SVG. The query has the neuron's parameters too, and `detach_reset`.",
        params: neuronName,
        querystring: gradientPictureQuery,
        response: pictureResponses('uri_too_long', 'neuron_not_found', 'too_much_work', 'numerical_overflow', 'overloaded'),
      },
    },
    async (request, reply) => {
      const plan = gradientPicturePlan(knownNeuron(request.params.name), request.query, limits);
      return send(request, reply, await gradientPicture(plan, engine), plan.look);
    },
  );
  done();
};

function knownNeuron(name: string): string {
  if (!neurons.has(name)) throw new Problem('neuron_not_found', `${unknownNeuron(name)} GET /neurons lists all.`);
  return name;
}

async function surrogatePicture({ look, surrogates, x, evalJob, gradJob }: SurrogatePicturePlan, engine: Engine): Promise<Figure> {
  const { result: evaluated } = await engine.run(evalJob);
  const { result: differentiated } = await engine.run(gradJob);
  return surrogateFigure({
    x,
    spike: evaluated[0]!.spike!,
    surrogates: surrogates.map(({ name, parameters }, i) => ({
      label: surrogateLabel({ ...parameters, name }),
      value: evaluated[i]!.value!,
      grad: differentiated[i]!.grad,
    })),
    width: look.width,
    height: look.height,
  });
}

async function runPicture({ look, job, current }: RunPicturePlan, engine: Engine): Promise<Figure> {
  const { problem, record } = job;
  const { result } = await engine.run(job);
  const v = Array.from(result.series.v!);
  checkFinite(v, '/v', job);
  const time = (step: number) => Number((step * problem.dt).toPrecision(12));
  const threshold = termValuesByPath(problem, programOf(problem)).get('threshold');
  const isSpiking = record.has('spike_times');
  return traceFigure(
    {
      times: v.map((_, step) => time(step)),
      current,
      v,
      ...(isSpiking && {
        spikeTimes: Array.from(result.spike_steps!.steps, time),
        threshold: threshold !== undefined && 'value' in threshold ? threshold.value : undefined,
      }),
      duration: time(problem.steps),
    },
    { width: look.width, height: () => look.height, fits: () => true },
  );
}

async function gradientPicture({ look, job, currents }: GradientPicturePlan, engine: Engine): Promise<Figure> {
  const { result } = await engine.run(job);
  const surrogates = result.map(({ grad }, i) => {
    const gradient = grad.current as ArrayLike<number>;
    checkFinite(gradient, `/results/${i}/grad/current`, job);
    const { name, parameters } = job.surrogates[i]!;
    return { label: surrogateLabel({ ...parameters, name }), grad: gradient };
  });
  return sweepFigure({ currents, counts: result[0]!.spike_counts, surrogates, steps: job.problem.steps }, look);
}

/** @throws {Problem} where a number is not finite. */
function checkFinite(values: ArrayLike<number>, path: string, job: Job): void {
  const at = Array.from(values).findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  throw overflowProblem(new NotFiniteError(path, job.kind === 'lif_simulate' ? [0, at] : [at], 'float32'), job);
}
