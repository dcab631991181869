import { Type, type TUnsafe } from '@sinclair/typebox';

import { catalogue } from '../compute/surrogates/catalogue.ts';
import { schemaReference, type NamedSchema } from './shared-schemas.ts';

/** A surrogate by its name, with parameters where they differ from the defaults. */
export type SurrogateInput = string | ({ readonly name: string } & Readonly<Record<string, string | number>>);

const names = [...catalogue.keys()];

const one = {
  oneOf: [
    { title: 'name', type: 'string', enum: names },
    {
      title: 'name and parameters',
      type: 'object',
      properties: { name: { type: 'string', enum: names } },
      required: ['name'],
      additionalProperties: { type: 'number' },
    },
  ],
};

/** What the documentation says of a request's surrogate. `resolveSurrogates` checks it against the catalogue. */
export const surrogateSchema: NamedSchema = {
  $id: 'Surrogate',
  title: 'Surrogate',
  description:
    'A name, an object with a name and parameters, or an array of them; results come in the same order. Parameters left out take their default. `GET /surrogates` lists names, parameters and ranges.',
  oneOf: [...one.oneOf, { title: 'several', type: 'array', items: one, minItems: 1 }],
  examples: ['sigmoid', { name: 'sigmoid', alpha: 4 }, ['sigmoid', { name: 'snntorch.fast_sigmoid', slope: 10 }]],
};

/** A field that takes one or several surrogates. */
export function SurrogateChoice(description: string): TUnsafe<SurrogateInput | readonly SurrogateInput[]> {
  return Type.Unsafe<SurrogateInput | readonly SurrogateInput[]>(schemaReference(surrogateSchema, description));
}

/** A surrogate in an answer: the name that was asked for and every parameter. */
export const ResolvedSurrogate = Type.Object(
  { name: Type.String() },
  { additionalProperties: Type.Number(), description: 'The surrogate with every parameter filled in.' },
);
