import fc, { type Arbitrary } from 'fast-check';

import { neuronModel, neurons } from '../src/compute/neurons/catalogue.ts';
import { type NeuronModel, type NeuronOption, type NeuronParameter, possibleStates } from '../src/compute/neurons/model.ts';
import { loadConfig } from '../src/config/config.ts';
import { InputErrors } from '../src/errors/input-errors.ts';
import { Problem } from '../src/errors/problems.ts';
import { defaultModel, generalModel, neuronFieldNames, readNeuron, type Neuron } from '../src/requests/neurons/neurons.ts';
import { writeTensors } from './tensor.ts';
import { spread, tensorOf } from './tensor-arbitrary.ts';

/** The fields of a request that describe its neurons. */
export interface NeuronFields {
  readonly neuron?: Readonly<Record<string, unknown>>;
  readonly state?: Readonly<Record<string, unknown>>;
}

const models = [...neurons.values()];

/** Neurons of every model of the catalogue, mostly right, for a number of them. */
export function neuronFields(count: number): Arbitrary<NeuronFields> {
  return fc
    .oneof({ weight: 1, arbitrary: fc.constant(neuronModel(defaultModel)) }, { weight: 4, arbitrary: fc.constantFrom(...models) })
    .chain((model) => fieldsOf(model, count));
}

function fieldsOf(model: NeuronModel, count: number): Arbitrary<NeuronFields> {
  const perNeuron = (value: Arbitrary<number>) => fc.oneof(value as Arbitrary<unknown>, tensorOf([count], value));
  const valueOf = (rule: NeuronParameter) => (rule.isSetting ? valueIn(rule) : perNeuron(valueIn(rule)));
  const nullable = Object.entries(model.nullable);
  const known = {
    ...Object.fromEntries(Object.entries(model.parameters).map(([name, rule]) => [name, valueOf(rule)])),
    ...Object.fromEntries(
      nullable.map(([name, rule]) => [
        name,
        fc.oneof({ weight: 4, arbitrary: valueOf(rule) }, { weight: 1, arbitrary: fc.constant<unknown>(null) }),
      ]),
    ),
    ...Object.fromEntries(Object.entries(model.options).map(([name, option]) => [name, optionValue(option)])),
  };
  const fields = Object.fromEntries(neuronFieldNames(model).map((name) => [name, known[name]!]));
  const needed = ({ default: usual }: { readonly default?: unknown }) => usual === undefined;
  const required = Object.entries({ ...model.parameters, ...model.options }).flatMap(([name, rule]) => (needed(rule) ? [name] : []));
  return fc
    .tuple(fc.constantFrom(...(model.needs ?? [[]])), fc.boolean(), fc.double({ min: 0.1, max: 0.9, noNaN: true }))
    .chain(([alternative, isNested, share]) => {
      // Of many fields few are given at a time, or hardly any neuron would be like another of its model.
      const given = (name: string) =>
        required.includes(name) || alternative.includes(name) ? fields[name]! : sometimes(fields[name]!, share);
      return fc
        .tuple(
          fc.record(Object.fromEntries(Object.keys(fields).map((name) => [name, given(name)]))),
          initialStates(model, perNeuron),
          wrongField,
        )
        .map(([chosen, initial, wrong]) => {
          const flat = Object.fromEntries(
            Object.entries({ ...chosen, ...initial.fields, ...wrong }).filter(([, value]) => value !== undefined),
          );
          const neuron = isNested && model.name === generalModel ? nested(flat) : flat;
          const named = model.name === defaultModel && isNested ? neuron : { model: model.name, ...neuron };
          return { neuron: named, ...(initial.state && { state: initial.state }) };
        });
    });
}

function sometimes<T>(value: Arbitrary<T>, share: number): Arbitrary<T | undefined> {
  return fc.oneof(
    { weight: Math.round(100 * share), arbitrary: value },
    { weight: Math.round(100 * (1 - share)), arbitrary: fc.constant(undefined) },
  );
}

/** Numbers around a parameter's default, within its range. */
function valueIn({ default: usual, minimum, maximum, exclusiveMinimum }: NeuronParameter): Arbitrary<number> {
  const low = minimum ?? exclusiveMinimum ?? -Infinity;
  const high = maximum ?? Infinity;
  const middle = usual ?? Math.min(Math.max(0.7, low), high);
  const width = middle === 0 ? 0.5 : 0.4 * Math.abs(middle);
  const [from, to] = [Math.max(middle - width, low), Math.min(middle + width, high)];
  const least = exclusiveMinimum === undefined ? from : Math.max(from, exclusiveMinimum + width / 100);
  return fc.oneof({ weight: 6, arbitrary: spread(least, to) }, { weight: 1, arbitrary: fc.constant(middle) });
}

function optionValue({ values }: NeuronOption): Arbitrary<unknown> {
  return values === undefined ? fc.boolean() : fc.constantFrom(...values);
}

/** States before the first step, as `<state>_init` or together as `state`. */
function initialStates(
  model: NeuronModel,
  perNeuron: (value: Arbitrary<number>) => Arbitrary<unknown>,
): Arbitrary<{ readonly fields: Readonly<Record<string, unknown>>; readonly state?: Readonly<Record<string, unknown>> }> {
  const names = possibleStates(model);
  const values = fc.record(Object.fromEntries(names.map((name) => [name, perNeuron(spread(-0.5, 0.5))])), { requiredKeys: [] });
  const none = fc.constant({ fields: {} });
  return fc.oneof(
    { weight: 4, arbitrary: none },
    { weight: 1, arbitrary: values.map((state) => ({ fields: {}, state })) },
    {
      weight: 1,
      arbitrary: values.map((state) => ({
        fields: Object.fromEntries(Object.entries(state).map(([name, value]) => [`${name}_init`, value])),
      })),
    },
  );
}

const allFields = [...new Set([...models.flatMap(neuronFieldNames), ...models.flatMap(possibleStates).map((state) => `${state}_init`)])];
/** A field that may be unknown, of another model, out of its range, or null where it must not be. */
const wrongField: Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  { weight: 19, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...allFields, 'model', 'Model', 'toString'),
        fc.constantFrom<unknown>(null, -1, 0, 1, 1e39, 'hard', true, [1, 2]),
      )
      .map(([name, value]) => ({ [name]: value })),
  },
);

/** Settings with dots in their names as objects in groups, and two synapses as a list. */
function nested(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const groups: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(flat)) {
    const names = path.split('.');
    let group = groups;
    for (const name of names.slice(0, -1))
      group = (typeof group[name] === 'object' && group[name] !== null ? group[name] : (group[name] = {})) as typeof groups;
    group[names.at(-1)!] = value;
  }
  const { synapse } = groups;
  if (typeof synapse === 'object' && synapse !== null && '0' in synapse)
    groups.synapse = Object.values(synapse).filter((one) => typeof one === 'object');
  return groups;
}

const { limits } = loadConfig({});

/** The neurons of a request as the service reads them; undefined where it cannot. */
export function readFields(fields: NeuronFields): Neuron | undefined {
  try {
    return readNeuron(writeTensors(fields) as NeuronFields, new InputErrors(), limits) ?? undefined;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
