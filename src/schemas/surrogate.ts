import { Type, type Static, type TSchema, type TUnsafe } from '@sinclair/typebox';

import { catalogue } from '../compute/surrogates/catalogue.ts';
import type { ParameterDefinition, ParameterValue } from '../compute/surrogates/definition.ts';
import { answerSchemas } from './bodies.ts';
import { computeOptions, Names, namesSchema, schemaReference, type NamedSchema } from './common.ts';
import { Tensor } from './tensor.ts';

/** A surrogate by its name, with parameters where they differ from the defaults. */
export type SurrogateInput = string | ({ readonly name: string } & Readonly<Record<string, string | ParameterValue>>);

const names = [...catalogue.keys()];

/**
 * The surrogates as objects: one variant for each set of parameters. A single schema with a string `name` and numbers for all other fields
 * would not be usable in generated clients.
 */
function variants(required: 'name' | 'all'): object[] {
  const groups = new Map<string, { names: string[]; properties: Record<string, object> }>();
  for (const { name, parameters } of catalogue.values()) {
    const properties = Object.fromEntries(
      Object.entries(parameters)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([parameter, definition]) => [parameter, parameterSchema(definition)]),
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

function parameterSchema({ integer, list }: ParameterDefinition): object {
  if (list) return { type: 'array', items: { type: 'number' }, minItems: list.minItems, maxItems: list.maxItems };
  return { type: integer ? 'integer' : 'number' };
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

/** A request's surrogates, for the documentation; `readSurrogates` checks them against the catalogue. */
export const surrogateSchema: NamedSchema = {
  $id: 'Surrogate',
  title: 'Surrogate',
  description:
    'A name, an object with a name and parameters, or an array of them; results come in the same order. Parameters left out take their default. A name that differs in case and underscores, or lacks its library, is taken where exactly one is meant. `GET /surrogates` lists names, parameters and ranges.',
  oneOf: [...one, { title: 'several', type: 'array', items: { oneOf: one }, minItems: 1 }],
  examples: [
    'sigmoid',
    { name: 'sigmoid', alpha: 4 },
    { name: 'table', x: [-1, -0.2, 0.2, 1], grad: [0, 1, 1, 0] },
    ['sigmoid', { name: 'snntorch.fast_sigmoid', slope: 10 }],
  ],
};

/** A field that takes one or several surrogates. */
export function SurrogateChoice(description: string): TUnsafe<SurrogateInput | readonly SurrogateInput[]> {
  return Type.Unsafe<SurrogateInput | readonly SurrogateInput[]>(schemaReference(surrogateSchema, description));
}

/** A surrogate in an answer: the name that was asked for and every parameter. */
export const ResolvedSurrogate = Type.Unsafe<{ name: string } & Record<string, string | ParameterValue>>({
  $id: 'ResolvedSurrogate',
  description: 'The surrogate with every parameter filled in.',
  oneOf: variants('all'),
});

/** What stands in the place of a result that cannot be computed, where others can. */
const FailedResult = Type.Object(
  { surrogate: ResolvedSurrogate, error: Type.Object({ code: Type.String({ enum: ['numerical_overflow'] }), detail: Type.String() }) },
  {
    $id: 'FailedResult',
    description: 'A surrogate whose result cannot be computed, while that of another can; the code is that of a problem.',
  },
);

/** Results, one for each surrogate in the order of the request. */
export function Results(result: TSchema, isDryRun: boolean): TSchema {
  return Type.Array(isDryRun ? result : Type.Union([result, FailedResult]));
}

/** The outputs of an evaluated surrogate. */
export const evaluable = ['spike', 'value'] as const;
export type Evaluable = (typeof evaluable)[number];

export const outputsSchema = namesSchema('Outputs', evaluable, 'What to evaluate: the spike (0 or 1), the smooth value.');

const x = Tensor('Distance from the threshold, v - v_threshold; of any shape.');

export const SurrogateEvalRequest = Type.Object(
  {
    x,
    surrogate: SurrogateChoice('What to evaluate.'),
    outputs: Type.Optional(Names<Evaluable>(outputsSchema, 'What to evaluate; both unless given.')),
    ...computeOptions,
  },
  { $id: 'SurrogateEvalRequest', additionalProperties: false },
);
export type SurrogateEvalRequest = Static<typeof SurrogateEvalRequest>;

export const [SurrogateEvalAnswer, SurrogateEvalDryRun] = answerSchemas('SurrogateEval', (tensor, isDryRun) => {
  const spike = Type.Optional(tensor('1 where x >= 0, else 0; the shape of x.'));
  const value = Type.Optional(tensor('The antiderivative of the gradient; the shape of x.'));
  return { results: Results(Type.Object({ surrogate: ResolvedSurrogate, spike, value }), isDryRun) };
});

export const SurrogateGradRequest = Type.Object(
  {
    x,
    surrogate: SurrogateChoice('Whose gradient to take.'),
    cotangent: Type.Optional(Tensor('Factor of the gradient, broadcast to x; 1 unless given.')),
    ...computeOptions,
  },
  { $id: 'SurrogateGradRequest', additionalProperties: false },
);
export type SurrogateGradRequest = Static<typeof SurrogateGradRequest>;

export const [SurrogateGradAnswer, SurrogateGradDryRun] = answerSchemas('SurrogateGrad', (tensor, isDryRun) => {
  const grad = tensor('cotangent x surrogate gradient at x; the shape of x.');
  return { results: Results(Type.Object({ surrogate: ResolvedSurrogate, grad }), isDryRun) };
});
