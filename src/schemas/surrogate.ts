import { Type, type TUnsafe } from '@sinclair/typebox';

import { catalogue } from '../compute/surrogates/catalogue.ts';
import { schemaReference, type NamedSchema } from './shared-schemas.ts';

/** A surrogate by its name, with parameters where they differ from the defaults. */
export type SurrogateInput = string | ({ readonly name: string } & Readonly<Record<string, string | number>>);

const names = [...catalogue.keys()];

/**
 * The surrogates as objects: a variant for all that have the same parameters, since a generated client cannot build an object of which
 * `name` is a text and any other field a number.
 */
function variants(required: 'name' | 'all'): object[] {
  const groups = new Map<string, { names: string[]; properties: Record<string, { type: 'number' | 'integer' }> }>();
  for (const { name, parameters } of catalogue.values()) {
    const properties = Object.fromEntries(
      Object.entries(parameters)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([parameter, { integer }]) => [parameter, { type: integer ? ('integer' as const) : ('number' as const) }]),
    );
    const key = JSON.stringify(properties);
    const group = groups.get(key) ?? { names: [], properties };
    group.names.push(name);
    groups.set(key, group);
  }
  return [...groups.values()].map((group) => ({
    title: Object.keys(group.properties).join(', ') || 'no parameters',
    type: 'object',
    properties: { name: { type: 'string', enum: group.names }, ...group.properties },
    required: required === 'all' ? ['name', ...Object.keys(group.properties)] : ['name'],
    additionalProperties: false,
  }));
}

export const surrogateNameSchema: NamedSchema = {
  $id: 'SurrogateName',
  description: 'As `GET /surrogates` lists them.',
  type: 'string',
  enum: names,
};

export const parametrizedSurrogateSchema: NamedSchema = {
  $id: 'ParametrizedSurrogate',
  description: 'A name with parameters; those left out take their default.',
  oneOf: variants('name'),
};

const one = [{ $ref: 'SurrogateName#' }, { $ref: 'ParametrizedSurrogate#' }];

/** What the documentation says of a request's surrogate. `resolveSurrogates` checks it against the catalogue. */
export const surrogateSchema: NamedSchema = {
  $id: 'Surrogate',
  title: 'Surrogate',
  description:
    'A name, an object with a name and parameters, or an array of them; results come in the same order. Parameters left out take their default. `GET /surrogates` lists names, parameters and ranges.',
  oneOf: [...one, { title: 'several', type: 'array', items: { oneOf: one }, minItems: 1 }],
  examples: ['sigmoid', { name: 'sigmoid', alpha: 4 }, ['sigmoid', { name: 'snntorch.fast_sigmoid', slope: 10 }]],
};

/** A field that takes one or several surrogates. */
export function SurrogateChoice(description: string): TUnsafe<SurrogateInput | readonly SurrogateInput[]> {
  return Type.Unsafe<SurrogateInput | readonly SurrogateInput[]>(schemaReference(surrogateSchema, description));
}

/** A surrogate in an answer: the name that was asked for and every parameter. */
export const ResolvedSurrogate = Type.Unsafe<{ name: string } & Record<string, string | number>>({
  $id: 'ResolvedSurrogate',
  description: 'The surrogate with every parameter filled in.',
  oneOf: variants('all'),
});
