import type { NeuronProblem, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import type { NeuronModel, NeuronParameter, OptionValue } from '../../../src/compute/neurons/model.ts';
import { surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../../src/compute/surrogates/definition.ts';
import { standardSurrogate } from '../../../src/compute/standard-jobs.ts';

/** A neuron as requests give it: numbers, arrays of a number per neuron, options, null. */
export type GivenNeuron = Readonly<Record<string, number | readonly number[] | string | boolean | null>>;

function quantity(value: number | readonly number[]): NeuronQuantity {
  return typeof value === 'number' ? { per: 'scalar', value } : { per: 'neuron', values: Float64Array.from(value) };
}

/** A problem of a model: defaults for what is not given. `current` is [B, T]. */
export function neuronProblem(name: string, given: GivenNeuron, current: readonly (readonly number[])[], dt = 1): NeuronProblem {
  const model = neuronModel(name);
  const parameters: Record<string, NeuronQuantity> = {};
  const options: Record<string, OptionValue> = {};
  for (const [option, definition] of Object.entries(model.options)) options[option] = (given[option] ?? definition.default) as OptionValue;
  for (const [parameter, definition] of Object.entries({ ...model.parameters, ...model.nullable })) {
    const value = parameter in given ? given[parameter] : definition.default;
    if (value === null || value === undefined || (value === 0 && definition.none === 0)) continue;
    parameters[parameter] = quantity(value as number | readonly number[]);
  }
  for (const [key, value] of Object.entries(given)) {
    if (key.endsWith('_init') && !(key in parameters)) parameters[key] = quantity(value as number | readonly number[]);
  }
  const input: Quantity = { per: 'step', values: Float64Array.from(current.flat()) };
  return { neurons: current.length, steps: current[0]!.length, dt, current: input, model: name, options, parameters };
}

/** A surrogate of a request with its defaults. */
export function surrogateOf({ name, ...parameters }: { readonly name: string } & Readonly<Record<string, unknown>>): Surrogate {
  const standard = standardSurrogate(surrogateDefinition(name));
  return { name, parameters: { ...standard.parameters, ...(parameters as Record<string, number>) } };
}

/** Values of parameters that have no default, where their unit does not say one. */
const givenValues: Readonly<Record<string, number>> = {
  threshold: 1,
  v_threshold: 1,
  r: 1,
  v_leak: 0,
  current_decay: 0.3,
  voltage_decay: 0.1,
  alpha: 0.9,
  beta: 0.7,
};
const byUnit: Readonly<Record<string, number | undefined>> = { ms: 10, s: 0.01, '1/s': 100, steps: 10 };

/** Nullable parameters of which a model needs some. */
export const neededParameters: Readonly<Record<string, readonly string[]>> = { 'snntorch.Lapicque': ['beta'] };

/** A usual value of a model's parameter. */
export function typicalValue({ name: model, timeStep }: NeuronModel, name: string, { default: value, unit }: NeuronParameter): number {
  // With the default the membrane overflows between two spikes.
  if (model === 'brainpy.state.ExpIF' && name === 'V_th') return -55;
  if (value === undefined && timeStep?.parameter === name) return 1 / timeStep.milliseconds;
  return value ?? givenValues[name] ?? byUnit[unit ?? ''] ?? 0.8;
}

/** All parameters of a model. */
export const parametersOf = ({ parameters, nullable }: NeuronModel): Readonly<Record<string, NeuronParameter>> => ({
  ...parameters,
  ...nullable,
});
