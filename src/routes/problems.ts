import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem, problemTypes } from '../errors/problems.ts';
import { problemResponses } from '../schemas/problem.ts';

const ProblemEntry = Type.Object({
  code: Type.String(),
  status: Type.Integer(),
  title: Type.String(),
  description: Type.String({ description: 'When it happens, and what to do about it; Markdown.' }),
});

/** What problems there are: where the `type` of an answer leads. */
export const problemRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const entries = new Map(Object.entries(problemTypes).map(([code, type]) => [code, { code, ...type }]));

  app.get(
    '/problems',
    {
      schema: {
        tags: ['Catalogue'],
        summary: 'All problems that an answer can report',
        response: { 200: Type.Object({ problems: Type.Array(ProblemEntry) }), ...problemResponses('not_acceptable') },
      },
    },
    () => ({ problems: [...entries.values()] }),
  );

  app.get(
    '/problems/:code',
    {
      schema: {
        tags: ['Catalogue'],
        summary: 'One problem explained',
        params: Type.Object({ code: Type.String({ examples: ['invalid_request'] }) }),
        response: { 200: ProblemEntry, ...problemResponses('not_found', 'not_acceptable') },
      },
    },
    ({ params: { code } }) => {
      const entry = entries.get(code);
      if (entry === undefined) throw new Problem('not_found', `There is no such problem; ${didYouMean(code, entries.keys())}`);
      return entry;
    },
  );
  done();
};
