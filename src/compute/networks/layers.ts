import { linspace } from '../numbers.ts';
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

/** What a layer is connected by. */
export const weightNames = ['weight', 'bias', 'recurrent'] as const;
export type WeightName = (typeof weightNames)[number];

export function isWeightName(name: string): name is WeightName {
  return weightNames.some((weight) => weight === name);
}

/** What a path of a network names: of a layer a weight, a neuron's parameter or a record; or the input. */
export interface LayerPath {
  readonly layer: number;
  /** `weight`, `bias`, `recurrent`, `neuron/<parameter>`, or a record. */
  readonly name: string;
}

/** The parameter, or `<state>_init`, of a name `neuron/<parameter>`; undefined for other names. */
export function parameterOf(name: string): string | undefined {
  return /^neuron\/(.+)$/.exec(name)?.[1];
}

/** @example layerPath(0, 'weight'); // 'layers/0/weight' */
export function layerPath(layer: number, name: string): string {
  return `layers/${layer}/${name}`;
}

/** The parts of a path; undefined for any other text, `input` among them. */
export function parseLayerPath(path: string): LayerPath | undefined {
  const [, layer, name] = /^layers\/(0|[1-9]\d{0,8})\/(.+)$/.exec(path) ?? [];
  return layer === undefined || name === undefined ? undefined : { layer: Number(layer), name };
}

/** What the gradient of a layer is asked for with respect to. */
export interface LayerWrt {
  readonly weight: boolean;
  readonly bias: boolean;
  readonly recurrent: boolean;
  /** Parameters of the neurons, and `<state>_init`. */
  readonly parameters: readonly string[];
}

/** The part of a job's `wrt` that is about a layer. */
export function layerWrt(wrt: readonly string[], layer: number): LayerWrt {
  const names = wrt.flatMap((path) => {
    const parsed = parseLayerPath(path);
    return parsed?.layer === layer ? [parsed.name] : [];
  });
  return {
    weight: names.includes('weight'),
    bias: names.includes('bias'),
    recurrent: names.includes('recurrent'),
    parameters: names.flatMap((name) => parameterOf(name) ?? []),
  };
}

/** The lowest layer through which gradients have to go; those below it have none. */
export function lowestLayer(wrt: readonly string[]): number {
  return Math.min(...wrt.map((path) => parseLayerPath(path)?.layer ?? 0));
}
