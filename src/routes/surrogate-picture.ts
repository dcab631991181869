import { createHash } from 'node:crypto';

import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import type { Engine } from '../compute/engine/engine.ts';
import { Problem } from '../errors/problems.ts';
import { drawFigure } from '../plot/draw.ts';
import { surrogateFigure, surrogateLabel } from '../plot/surrogate-figure.ts';
import { backgrounds, surrogatePicturePlan } from '../requests/surrogate-plans.ts';
import { findSurrogate, unknownSurrogate } from '../requests/surrogates.ts';
import { surrogateLists, surrogateParameters } from '../schemas/parameters.ts';
import { problemResponses } from '../schemas/problem.ts';

const size = { width: 720, height: 300 };

export interface PictureOptions {
  readonly engine: Engine;
  /** Whether clients need a key. */
  readonly needsKey: boolean;
}

/** Surrogates as pictures, for READMEs and papers. */
export const surrogatePictureRoutes: FastifyPluginCallbackTypebox<PictureOptions> = (app, { engine, needsKey }, done) => {
  // A shared cache must not answer clients without a key.
  const visibility = needsKey ? 'private' : 'public';

  app.get(
    '/surrogates/:name.svg',
    {
      schema: {
        operationId: 'getSurrogatePicture',
        tags: ['Catalogue'],
        summary: 'One surrogate as a picture',
        description:
          "The step, the value and the gradient over x, as SVG. The query has the surrogate's parameters by name (`?alpha=2`), the ends of the axis and the background.",
        params: Type.Object({
          name: Type.String({ examples: ['sigmoid'], description: 'As requests spell it; case and underscores may differ.' }),
        }),
        querystring: Type.Unsafe<Record<string, unknown>>(
          Type.Object({
            ...surrogateParameters(),
            ...surrogateLists(),
            x_min: Type.Optional(Type.Number({ default: -2, description: 'The left end of the axis.' })),
            x_max: Type.Optional(Type.Number({ default: 2, description: 'The right end of the axis.' })),
            background: Type.Optional(Type.String({ enum: [...backgrounds], default: 'white', description: 'What is behind the curves.' })),
          }),
        ),
        response: {
          200: { description: 'The picture.', content: { 'image/svg+xml': { schema: Type.String() } } },
          304: Type.Null({ description: 'The picture that `If-None-Match` names is still right.' }),
          ...problemResponses(
            'invalid_request',
            'malformed_http',
            'uri_too_long',
            'surrogate_not_found',
            'not_acceptable',
            'numerical_overflow',
          ),
        },
      },
    },
    async (request, reply) => {
      const { name: given } = request.params;
      const name = findSurrogate(given)?.name;
      if (name === undefined) throw new Problem('surrogate_not_found', `${unknownSurrogate(given)} GET /surrogates lists all.`);
      const { surrogate, background, x, evalJob, gradJob } = surrogatePicturePlan(name, request.query);
      const evaluated = await engine.run(evalJob);
      const differentiated = await engine.run(gradJob);
      const { spike, value } = evaluated.result[0]!;
      const { grad } = differentiated.result[0]!;
      const label = surrogateLabel({ ...surrogate.parameters, name });
      const picture = drawFigure(surrogateFigure({ x, spike: spike!, surrogates: [{ label, value: value!, grad }], ...size }), {
        file: background,
      });

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
    },
  );
  done();
};
