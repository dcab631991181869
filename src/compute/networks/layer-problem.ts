import { linspace } from '../generated-numbers.ts';
import type { Network, NeuronProblem } from '../jobs.ts';

/** The neurons of a layer, of one sample, as a problem whose current is still to be computed: they share their parameters over samples. */
export function layerProblem({ layers, steps, dt }: Network, layer: number): NeuronProblem {
  const { neurons, model, options, parameters } = layers[layer]!;
  return { neurons, steps, dt, current: { per: 'step', values: linspace(0, 0, neurons * steps) }, model, options, parameters };
}

/** How many numbers each step brings to a layer. */
export function layerInputs({ inputs, layers }: Network, layer: number): number {
  return layers[layer - 1]?.neurons ?? inputs;
}
