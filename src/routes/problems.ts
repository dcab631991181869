import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';

import { didYouMean } from '../errors/did-you-mean.ts';
import { Problem, problemTypes } from '../errors/problems.ts';
import { jsonAnswer } from '../schemas/bodies.ts';
import { problemResponses } from '../schemas/problem.ts';

const ProblemEntry = Type.Object(
  {
    code: Type.String(),
    status: Type.Integer(),
    title: Type.String(),
    description: Type.String({ description: 'When it happens, and what to do about it; Markdown.' }),
  },
  { $id: 'ProblemEntry' },
);
const ProblemList = Type.Object({ problems: Type.Array(ProblemEntry) }, { $id: 'ProblemList' });

/** The catalogue of problems, to which the `type` of a problem leads. */
export const problemRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const entries = new Map(Object.entries(problemTypes).map(([code, type]) => [code, { code, ...type }]));

  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        tags: ['Catalogue'],
        summary: 'All problems that an answer can report',
        description: 'By their stable `code`, with status, title, and what to do about each.',
        response: {
          200: jsonAnswer(ProblemList, 'The problems.', {
            shortened: { summary: 'The first of the list', value: { problems: [...entries.values()].slice(0, 1) } },
          }),
          ...problemResponses('not_acceptable'),
        },
      },
    },
    () => ({ problems: [...entries.values()] }),
  );

  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblem',
        tags: ['Catalogue'],
        summary: 'One problem explained',
        description: 'Where the `type` of a problem leads.',
        params: Type.Object({ code: Type.String({ examples: ['invalid_request'], description: 'The `code` of a problem.' }) }),
        response: {
          200: jsonAnswer(ProblemEntry, 'The problem.', { invalid_request: { value: entries.get('invalid_request') } }),
          ...problemResponses('malformed_http', 'uri_too_long', 'not_found', 'not_acceptable'),
        },
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
