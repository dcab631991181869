import type { NeuronProblem, NeuronQuantity, Quantity } from '../../../src/compute/jobs.ts';
import { neuronModel } from '../../../src/compute/neurons/catalogue.ts';
import type { OptionValue } from '../../../src/compute/neurons/model.ts';
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
