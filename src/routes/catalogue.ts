import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from '@sinclair/typebox';

import { catalogue, leftOut } from '../compute/surrogates/catalogue.ts';
import type { SurrogateDefinition } from '../compute/surrogates/definition.ts';
import { Problem } from '../errors/problems.ts';
import { unknownSurrogate } from '../requests/surrogates.ts';
import { jsonAnswer } from '../schemas/bodies.ts';
import { Catalogue, CatalogueEntry } from '../schemas/catalogue.ts';
import { problemResponses } from '../schemas/problem.ts';

/** The surrogates that there are. */
export const catalogueRoutes: FastifyPluginCallbackTypebox = (app, _options, done) => {
  const entries = new Map([...catalogue].map(([name, definition]) => [name, catalogueEntry(definition)]));
  const all = { surrogates: [...entries.values()], left_out: [...leftOut] };

  app.get(
    '/surrogates',
    {
      schema: {
        operationId: 'listSurrogates',
        tags: ['Catalogue'],
        summary: 'All surrogates',
        description: 'Name, parameters with default and range, formulas in LaTeX, names in other libraries, references.',
        response: {
          200: jsonAnswer(Catalogue, 'The catalogue.', {
            shortened: {
              summary: 'The first of each list',
              value: { surrogates: all.surrogates.slice(0, 1), left_out: all.left_out.slice(0, 1) },
            },
          }),
          ...problemResponses('not_acceptable'),
        },
      },
    },
    () => all,
  );

  app.get(
    '/surrogates/:name',
    {
      schema: {
        operationId: 'getSurrogate',
        tags: ['Catalogue'],
        summary: 'One surrogate',
        description: 'Its entry in the catalogue.',
        params: Type.Object({ name: Type.String({ examples: ['sigmoid'], description: 'As requests spell it.' }) }),
        response: {
          200: jsonAnswer(CatalogueEntry, 'The surrogate.', { sigmoid: { value: entries.get('sigmoid') } }),
          ...problemResponses('malformed_http', 'uri_too_long', 'surrogate_not_found', 'not_acceptable'),
        },
      },
    },
    ({ params: { name } }) => {
      const entry = entries.get(name);
      if (entry === undefined) throw new Problem('surrogate_not_found', `${unknownSurrogate(name)} GET /surrogates lists all.`);
      return entry;
    },
  );
  done();
};

function catalogueEntry(surrogate: SurrogateDefinition): Static<typeof CatalogueEntry> {
  const { name, library, family, summary, parameters, latex, aliases, references, notes } = surrogate;
  return {
    name,
    library: library?.name ?? null,
    family,
    summary,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([parameter, { default: usual, minimum, maximum, integer = false, list, meaning }]) => [
        parameter,
        {
          default: typeof usual === 'number' ? usual : [...usual],
          minimum,
          maximum,
          ...(list && { min_items: list.minItems, max_items: list.maxItems }),
          integer,
          meaning,
        },
      ]),
    ),
    formulas: latex,
    aliases: [...aliases],
    references: [...references],
    notes: [...notes],
  };
}
