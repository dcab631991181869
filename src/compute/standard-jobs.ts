import type { NeuronProblem, NeuronQuantity } from './jobs.ts';
import { neuronModel } from './neurons/catalogue.ts';
import type { OptionValue } from './neurons/model.ts';
import type { Surrogate, SurrogateDefinition } from './surrogates/definition.ts';

/** Evenly spaced numbers, both ends included. */
export function spread(from: number, to: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / Math.max(1, count - 1));
}

/** A neuron with its default options and parameters, without those that have no default. */
export function standardNeuron(name: string): Pick<NeuronProblem, 'model' | 'options' | 'parameters'> {
  const { options, parameters, nullable } = neuronModel(name);
  const values: Record<string, NeuronQuantity> = {};
  for (const [parameter, { default: value, none }] of Object.entries({ ...parameters, ...nullable })) {
    if (value !== undefined && value !== none) values[parameter] = { per: 'scalar', value };
  }
  const words: Record<string, OptionValue> = {};
  for (const [option, { default: word }] of Object.entries(options)) if (word !== undefined) words[option] = word;
  return { model: name, options: words, parameters: values };
}

/** Default LIF neurons, driven by constant currents from 0.5 to 2.5. */
export function standardProblem(neurons: number, steps: number): NeuronProblem {
  return { neurons, steps, dt: 0.1, current: { per: 'neuron', values: spread(0.5, 2.5, neurons) }, ...standardNeuron('lif') };
}

/** A surrogate with its default parameters. */
export function standardSurrogate({ name, parameters }: SurrogateDefinition): Surrogate {
  return { name, parameters: Object.fromEntries(Object.entries(parameters).map(([key, parameter]) => [key, parameter.default])) };
}
