import { Type, type TProperties } from '@sinclair/typebox';

const byName = <Fields extends TProperties>(fields: Fields) => Type.Record(Type.String(), Type.Object(fields), { description: 'By name.' });

/** A surrogate, as the catalogue describes it. */
export const CatalogueEntry = Type.Object(
  {
    name: Type.String({ description: 'As requests spell it.' }),
    library: Type.Union([Type.String(), Type.Null()], { description: 'The library whose gradient it is; null for one of no library.' }),
    family: Type.String({ description: 'The shape of the gradient.' }),
    summary: Type.String(),
    parameters: byName({
      default: Type.Union([Type.Number(), Type.Array(Type.Number())], { description: 'A number, or the numbers of a list.' }),
      minimum: Type.Number({ description: 'Of each number of a list.' }),
      maximum: Type.Number({ description: 'Of each number of a list.' }),
      min_items: Type.Optional(Type.Integer({ description: 'Of a list. The lists of a surrogate are equally long.' })),
      max_items: Type.Optional(Type.Integer({ description: 'Of a list.' })),
      integer: Type.Boolean({ description: 'Whether only whole numbers are allowed.' }),
      meaning: Type.String({ description: 'What it does to the curve.' }),
    }),
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

/** What is not here on purpose. */
const leftOutEntries = (description: string) =>
  Type.Array(Type.Object({ library: Type.String(), name: Type.String(), why: Type.String() }), { description });

export const Catalogue = Type.Object(
  {
    surrogates: Type.Array(CatalogueEntry),
    left_out: leftOutEntries('Functions of other libraries that are not here on purpose, and why.'),
  },
  { $id: 'Catalogue' },
);

/** A neuron, as the catalogue describes it. */
export const NeuronEntry = Type.Object(
  {
    name: Type.String({ description: 'As `model` in requests spells it.' }),
    library: Type.Union([Type.String(), Type.Null()], { description: 'The library whose neuron it is; null for one of no library.' }),
    summary: Type.String(),
    equations: Type.Array(Type.String(), { description: 'Its step: LaTeX.' }),
    parameters: byName({
      default: Type.Optional(
        Type.Union([Type.Number(), Type.Null()], { description: 'Null for none; missing where a request must give the parameter.' }),
      ),
      allows_null: Type.Boolean({ description: 'Whether it may be null.' }),
      minimum: Type.Optional(Type.Number()),
      maximum: Type.Optional(Type.Number()),
      exclusive_minimum: Type.Optional(Type.Number({ description: 'All values are greater.' })),
      unit: Type.Optional(Type.String({ description: 'Missing where it is dimensionless.' })),
      differentiable: Type.Boolean({ description: 'Whether `wrt` may name it; the others are one number for all neurons.' }),
      meaning: Type.String(),
    }),
    options: byName({
      default: Type.Optional(Type.Union([Type.String(), Type.Boolean()], { description: 'Missing where a request must choose.' })),
      values: Type.Optional(Type.Array(Type.String(), { description: 'The words; missing for a switch.' })),
      meaning: Type.String(),
    }),
    state: Type.Array(Type.String(), { description: 'What a run continues from; each `<state>_init` may be given and differentiated by.' }),
    records: Type.Array(Type.String(), { description: 'What `record` may name.' }),
    surrogate: Type.Union([Type.String(), Type.Null()], {
      description: 'The surrogate where a request names none; null for a neuron without spikes.',
    }),
    no_gradient: Type.Optional(Type.String({ description: 'Why there is no gradient, where there is none.' })),
    notes: Type.Array(Type.String(), {
      description: 'What a user of the original library should know: what is detached, what is recorded.',
    }),
    source: Type.Union([Type.String(), Type.Null()], { description: 'The library with its version, and the module.' }),
  },
  { $id: 'NeuronEntry' },
);

/** A word of another library, and what it is here. */
export const VocabularyEntry = Type.Object(
  {
    term: Type.String({ description: 'The word.' }),
    libraries: Type.Array(Type.String(), { description: 'Whose it is; none for a word of the field at large.' }),
    role: Type.String({ enum: ['field', 'value'], description: 'Whether it is the name of a field, or a value.' }),
    given: Type.Optional(
      Type.String({ enum: ['null', 'number'], description: 'The kind of value with which the field means this; any where it is missing.' }),
    ),
    path: Type.String({ description: 'The field of a request that it stands for, or whose value it is: a JSON pointer.' }),
    value: Type.Optional(
      Type.Union([Type.String(), Type.Boolean(), Type.Null()], { description: 'The value of that field, where it stands for one.' }),
    ),
    remark: Type.Optional(Type.String({ description: 'How its value is converted, or what else to know.' })),
  },
  { $id: 'VocabularyEntry' },
);

export const NeuronCatalogue = Type.Object(
  {
    neurons: Type.Array(NeuronEntry),
    vocabulary: Type.Array(VocabularyEntry, {
      description: 'The words of other libraries, and what they are in a request for the neuron `lif`; errors answer from it.',
    }),
    left_out: leftOutEntries('Neurons of other libraries that are not here on purpose, and why.'),
  },
  { $id: 'NeuronCatalogue' },
);
