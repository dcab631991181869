import { Type } from '@sinclair/typebox';

/** A surrogate, as the catalogue describes it. */
export const CatalogueEntry = Type.Object(
  {
    name: Type.String({ description: 'As requests spell it.' }),
    library: Type.Union([Type.String(), Type.Null()], { description: 'The library whose gradient it is; null for one of no library.' }),
    family: Type.String({ description: 'The shape of the gradient.' }),
    summary: Type.String(),
    parameters: Type.Record(
      Type.String(),
      Type.Object({
        default: Type.Union([Type.Number(), Type.Array(Type.Number())], { description: 'A number, or the numbers of a list.' }),
        minimum: Type.Number({ description: 'Of each number of a list.' }),
        maximum: Type.Number({ description: 'Of each number of a list.' }),
        min_items: Type.Optional(Type.Integer({ description: 'Of a list. The lists of a surrogate are equally long.' })),
        max_items: Type.Optional(Type.Integer({ description: 'Of a list.' })),
        integer: Type.Boolean({ description: 'Whether only whole numbers are allowed.' }),
        meaning: Type.String({ description: 'What it does to the curve.' }),
      }),
      { description: 'By name.' },
    ),
    formulas: Type.Object(
      { grad: Type.String({ description: 'The surrogate gradient.' }), value: Type.String({ description: 'Its antiderivative.' }) },
      { description: 'LaTeX, as functions of x = v - v_threshold, and of theta = v_threshold where a surrogate scales with it.' },
    ),
    aliases: Type.Array(Type.Object({ library: Type.String(), name: Type.String(), note: Type.Optional(Type.String()) }), {
      description: 'The same function in other libraries, and what differs.',
    }),
    references: Type.Array(Type.String(), { description: 'Where the formula comes from.' }),
    notes: Type.Array(Type.String(), { description: 'What a user of the original library should know.' }),
  },
  { $id: 'CatalogueEntry' },
);

export const Catalogue = Type.Object(
  {
    surrogates: Type.Array(CatalogueEntry),
    left_out: Type.Array(Type.Object({ library: Type.String(), name: Type.String(), why: Type.String() }), {
      description: 'Functions of other libraries that are not here on purpose, and why.',
    }),
  },
  { $id: 'Catalogue' },
);
