import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Static } from '@sinclair/typebox';

import { records } from '../compute/jobs.ts';
import { neurons } from '../compute/neurons/catalogue.ts';
import { leftOut as leftOutNeurons } from '../compute/neurons/libraries/left-out.ts';
import { type NeuronModel, type NeuronParameter, possibleStates } from '../compute/neurons/model.ts';
import { catalogue, leftOut } from '../compute/surrogates/catalogue.ts';
import type { SurrogateDefinition } from '../compute/surrogates/definition.ts';
import { Problem } from '../errors/problems.ts';
import { lifVocabulary } from '../requests/words/unknown-fields.ts';
import { unknownNeuron } from '../requests/neurons/neurons.ts';
import { findSurrogate, unknownSurrogate } from '../requests/surrogates/surrogates.ts';
import type { Term } from '../requests/words/vocabulary.ts';
import { jsonAnswer } from '../schemas/bodies.ts';
import { Catalogue, CatalogueEntry, NeuronCatalogue, NeuronEntry, type VocabularyEntry } from '../schemas/catalogue.ts';
import { problemResponses } from '../schemas/problem.ts';

/** The surrogates and neurons that there are. */
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
        params: Type.Object({
          name: Type.String({ examples: ['sigmoid'], description: 'As requests spell it; case and underscores may differ.' }),
        }),
        response: {
          200: jsonAnswer(CatalogueEntry, 'The surrogate.', { sigmoid: { value: entries.get('sigmoid') } }),
          ...problemResponses('malformed_http', 'uri_too_long', 'surrogate_not_found', 'not_acceptable'),
        },
      },
    },
    ({ params: { name } }) => {
      const entry = entries.get(findSurrogate(name)?.name ?? '');
      if (entry === undefined) throw new Problem('surrogate_not_found', `${unknownSurrogate(name)} GET /surrogates lists all.`);
      return entry;
    },
  );

  const neuronEntries = new Map([...neurons].map(([name, model]) => [name, neuronEntry(model)]));
  const allNeurons = {
    neurons: [...neuronEntries.values()],
    vocabulary: lifVocabulary.flatMap(vocabularyEntries),
    left_out: [...leftOutNeurons],
  };

  app.get(
    '/neurons',
    {
      schema: {
        operationId: 'listNeurons',
        tags: ['Catalogue'],
        summary: 'All neurons',
        description:
          'Name, equations in LaTeX, parameters with default, range and unit, options, state, default surrogate, source; and the words of other libraries.',
        response: {
          200: jsonAnswer(NeuronCatalogue, 'The catalogue.', {
            shortened: {
              summary: 'The first of each list',
              value: {
                neurons: allNeurons.neurons.slice(0, 1),
                vocabulary: allNeurons.vocabulary.slice(0, 1),
                left_out: allNeurons.left_out.slice(0, 1),
              },
            },
          }),
          ...problemResponses('not_acceptable'),
        },
      },
    },
    () => allNeurons,
  );

  app.get(
    '/neurons/:name',
    {
      schema: {
        operationId: 'getNeuron',
        tags: ['Catalogue'],
        summary: 'One neuron',
        description: 'Its entry in the catalogue.',
        params: Type.Object({ name: Type.String({ examples: ['snntorch.Leaky'], description: 'As requests spell it.' }) }),
        response: {
          200: jsonAnswer(NeuronEntry, 'The neuron.', { leaky: { value: neuronEntries.get('snntorch.Leaky') } }),
          ...problemResponses('malformed_http', 'uri_too_long', 'neuron_not_found', 'not_acceptable'),
        },
      },
    },
    ({ params: { name } }) => {
      const entry = neuronEntries.get(name);
      if (entry === undefined) throw new Problem('neuron_not_found', `${unknownNeuron(name)} GET /neurons lists all.`);
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

function neuronEntry(model: NeuronModel): Static<typeof NeuronEntry> {
  const { name, library, summary, latex, parameters, nullable, options, surrogate, noGradient, notes } = model;
  const states = possibleStates(model);
  return {
    name,
    library: library?.name ?? null,
    summary,
    equations: [...latex],
    parameters: {
      ...Object.fromEntries(Object.entries(parameters).map(([parameter, one]) => [parameter, parameterEntry(one, false)])),
      ...Object.fromEntries(Object.entries(nullable).map(([parameter, one]) => [parameter, parameterEntry(one, true)])),
    },
    options: Object.fromEntries(
      Object.entries(options).map(([option, { default: usual, values, meaning }]) => [
        option,
        { ...(usual !== undefined && { default: usual }), ...(values && { values: [...values] }), meaning },
      ]),
    ),
    state: [...states],
    records: [...Object.keys(records), ...states.filter((state) => state !== 'v')],
    surrogate,
    ...(noGradient !== undefined && { no_gradient: noGradient }),
    notes: [...notes],
    source: library?.source ?? null,
  };
}

/** An entry for each meaning of a word. */
function vocabularyEntries({ meanings, libraries, ...term }: Term): Static<typeof VocabularyEntry>[] {
  return meanings.map(({ path, value, remark }) => ({
    ...term,
    libraries: [...libraries],
    path,
    ...(value !== undefined && { value }),
    ...(remark !== undefined && { remark: remark.replaceAll('{term}', term.term) }),
  }));
}

function parameterEntry(parameter: NeuronParameter, nullable: boolean): Static<typeof NeuronEntry>['parameters'][string] {
  const { default: usual = nullable ? null : undefined, minimum, maximum, exclusiveMinimum, unit, meaning, isSetting } = parameter;
  return {
    ...(usual !== undefined && { default: usual }),
    allows_null: nullable,
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    ...(exclusiveMinimum !== undefined && { exclusive_minimum: exclusiveMinimum }),
    ...(unit !== undefined && { unit }),
    differentiable: isSetting !== true,
    meaning,
  };
}
