import { Type, type TUnsafe } from '@sinclair/typebox';

import { neurons } from '../compute/neurons/catalogue.ts';
import { type NeuronModel, type NeuronOption, type NeuronParameter, possibleStates } from '../compute/neurons/model.ts';
import { schemaReference, type NamedSchema } from './common.ts';
import type { TensorInput } from './tensor.ts';

/** A neuron: its model, parameters and options; numbers and arrays of them, words and switches. */
export type NeuronInput = Readonly<Record<string, unknown>>;
/** Values by state. */
export type StateInput = Readonly<Record<string, TensorInput>>;

const models = [...neurons.values()];

/** The unit, range and default of a parameter, as the end of its description. */
function rangeText({ default: value, minimum, maximum, exclusiveMinimum, unit }: NeuronParameter): string {
  const range = [
    unit === undefined ? '' : ` in ${unit}`,
    exclusiveMinimum === undefined ? '' : `, above ${exclusiveMinimum}`,
    minimum === undefined ? '' : `, at least ${minimum}`,
    maximum === undefined ? '' : `, at most ${maximum}`,
  ];
  return `${range.join('')}; a number for all neurons or one value per neuron [B].${value === undefined ? '' : ` Default ${value}.`}`;
}

/** Whether the fields of a model are described: for all models the document would be too large, and the catalogue describes them. */
function isDescribed({ name }: NeuronModel): boolean {
  return name === 'lif';
}

function parameterSchema(parameter: NeuronParameter, isNullable: boolean, hasDescription: boolean): object {
  const description = hasDescription ? { description: parameter.meaning + rangeText(parameter) } : {};
  if (parameter.isSetting) return { type: isNullable ? ['number', 'null'] : 'number', ...description };
  if (isNullable) return { ...description, anyOf: [{ $ref: 'Tensor#' }, { type: 'null' }] };
  return hasDescription ? { ...description, allOf: [{ $ref: 'Tensor#' }] } : { $ref: 'Tensor#' };
}

function optionSchema({ values, meaning }: NeuronOption, hasDescription: boolean): object {
  const description = hasDescription ? { description: `${meaning}.` } : {};
  return values === undefined ? { type: 'boolean', ...description } : { type: 'string', enum: [...values], ...description };
}

/** The fields of `neuron` for a model, but for its name. */
function fieldSchemas(model: NeuronModel): Record<string, object> {
  const hasDescription = isDescribed(model);
  const fields: Record<string, object> = {};
  for (const [name, one] of Object.entries(model.parameters)) fields[name] = parameterSchema(one, false, hasDescription);
  for (const [name, one] of Object.entries(model.nullable)) fields[name] = parameterSchema(one, true, hasDescription);
  for (const [name, one] of Object.entries(model.options))
    if (model.library !== null || name !== 'detach_reset') fields[name] = optionSchema(one, hasDescription);
  return fields;
}

/** Fields with dots in their names as objects in groups, as the model `general` has them; a synapse may also be a list of two. */
function grouped(fields: Readonly<Record<string, object>>): Record<string, object> {
  const groups: Record<string, object> = {};
  for (const [name, schema] of Object.entries(fields)) {
    const [group = '', field, deeper] = name.split('.');
    if (field === undefined) groups[group] = schema;
    else if (deeper === undefined) {
      const { properties } = (groups[group] ?? {}) as { readonly properties?: object };
      groups[group] = { type: 'object', properties: { ...properties, [field]: schema } };
    }
  }
  const { synapse } = groups;
  return synapse === undefined ? groups : { ...groups, synapse: { anyOf: [synapse, { type: 'array', items: synapse, maxItems: 2 }] } };
}

function variant(model: NeuronModel): object {
  const required = Object.entries({ ...model.parameters, ...model.options }).flatMap(([name, { default: value }]) =>
    value === undefined ? [name] : [],
  );
  return {
    title: model.name,
    type: 'object',
    properties: { model: { type: 'string', enum: [model.name] }, ...grouped(fieldSchemas(model)) },
    required: model.name === 'lif' ? required : ['model', ...required],
    patternProperties: { _init$: { $ref: 'Tensor#' } },
    additionalProperties: false,
  };
}

/** The neurons of a request, for the documentation; `readNeuron` checks them against the catalogue. */
export const neuronSchema: NamedSchema = {
  $id: 'Neuron',
  title: 'Neuron',
  description:
    'A neuron by the name of its model, `lif` unless given, with parameters and options; those left out take their default. Parameters are a number for all neurons or one value per neuron, [B]; `<state>_init` is a state before the first step. `GET /neurons` lists models and what their fields mean.',
  oneOf: models.map(variant),
  examples: [
    { tau: 20, reset: 'soft' },
    { model: 'snntorch.Leaky', beta: 0.9 },
  ],
};

/** A field that takes a neuron. */
export function NeuronChoice(description: string): TUnsafe<NeuronInput> {
  return Type.Unsafe<NeuronInput>(schemaReference(neuronSchema, description));
}

/** Values of states, for the documentation. */
export const stateSchema: NamedSchema = {
  $id: 'State',
  title: 'State',
  description: 'Values by state, such as `v`, `u`, `a`: a number for all neurons or one value per neuron, [B].',
  type: 'object',
  additionalProperties: { $ref: 'Tensor#' },
  examples: [{ v: 0.5 }],
};

/** A field that takes values of states. */
export function States(description: string): TUnsafe<StateInput> {
  return Type.Unsafe<StateInput>(schemaReference(stateSchema, description));
}

/** All states of all models, v first. */
export const stateNames: readonly string[] = [...new Set(models.flatMap(possibleStates))];

/** All parameters of all models that have a gradient; those of the first model first. */
export const differentiableParameters: readonly string[] = [
  ...new Set(
    models.flatMap(({ parameters, nullable }) =>
      Object.entries({ ...nullable, ...parameters }).flatMap(([name, { isSetting }]) => (isSetting ? [] : [name])),
    ),
  ),
];
