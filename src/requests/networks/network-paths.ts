import { recordPer, records } from '../../compute/jobs.ts';
import { isWeightName, layerPath, parameterOf, parseLayerPath, weightNames } from '../../compute/networks/layers.ts';
import { quote } from '../../errors/describe.ts';
import type { LayerRequest } from '../../schemas/network.ts';
import type { Neuron } from '../neurons/neurons.ts';
import { DifferentiableQuantities } from '../neurons/quantities.ts';
import { suggestName } from '../words/suggestions.ts';
import { nameSet, type NameSet } from '../validation.ts';

/** A layer of a request as far as paths name parts of it; its neuron is null where it could not be read. */
export interface PathLayer {
  readonly neuron: Neuron | null;
  readonly request: LayerRequest;
}

/** The message for a path of a layer that is not there. */
function noLayer(layer: number, count: number): string {
  return `there is no layer ${layer}; the network has ${count === 1 ? 'layer 0 alone' : `the layers 0 to ${count - 1}`}`;
}

/** The paths of all weights, biases and recurrent weights. */
export function weightPaths(layers: readonly PathLayer[]): readonly string[] {
  return layers.flatMap(({ request }, layer) =>
    weightNames.filter((name) => request[name] !== undefined).map((name) => layerPath(layer, name)),
  );
}

/** What a gradient of a network can be taken with respect to. */
export function networkQuantities(layers: readonly PathLayer[]): NameSet {
  const reasonIn = (layer: number, name: string, { neuron }: PathLayer) => {
    if (isWeightName(name)) return `layer ${layer} has no ${name}`;
    if (neuron === null) return undefined;
    const quantities = new DifferentiableQuantities(neuron, []);
    const names = quantities.list().filter((one) => one !== 'current');
    const parameter = parameterOf(name);
    if (parameter === undefined)
      return names.includes(name) ? `did you mean ${quote(layerPath(layer, `neuron/${name}`))}?` : suggestName(name, weightNames);
    const what = quantities.reason(parameter) ?? `${neuron.model.name} has no ${quote(parameter)}`;
    return `${what}; the neurons of layer ${layer} have ${names.map(quote).join(', ')}`;
  };
  return {
    has: (path): path is string => {
      if (path === 'input') return true;
      const { layer, name } = parseLayerPath(path) ?? { layer: -1, name: '' };
      const known = layers[layer];
      if (known === undefined) return false;
      if (isWeightName(name)) return known.request[name] !== undefined;
      const parameter = parameterOf(name);
      // What is wrong with the neuron is said elsewhere.
      return parameter !== undefined && (known.neuron === null || hasParameter(known.neuron, parameter));
    },
    list: () => [...weightPaths(layers), 'layers/{l}/neuron/{parameter}', 'input'],
    reason: (path) => {
      const parsed = parseLayerPath(path);
      if (parsed === undefined) return suggestName(path, [...weightPaths(layers), 'input']);
      const known = layers[parsed.layer];
      return known === undefined ? noLayer(parsed.layer, layers.length) : reasonIn(parsed.layer, parsed.name, known);
    },
  };
}

function hasParameter(neuron: Neuron, name: string): boolean {
  if (name === 'current' || name === 'state') return false;
  return new DifferentiableQuantities(neuron, []).has(name);
}

/** Records of a run as a whole, which networks do not have, with what there is instead. */
const notRecorded: Readonly<Record<string, string>> = {
  spike_counts: 'spike counts of all layers are answered without being asked for',
  spike_times: '"spikes" has them step by step',
  state: 'record single states by name',
};

/** What can be recorded of one layer. */
export function layerRecords({ program }: Neuron): NameSet {
  const fixed = Object.keys(records).filter((name) => notRecorded[name] === undefined);
  const states = program.step.states.filter((state) => state !== 'v' && recordPer(state) === 'step');
  return { ...nameSet([...fixed, ...states]), reason: (name) => (Object.hasOwn(notRecorded, name) ? notRecorded[name] : undefined) };
}

/** What can be recorded of a network. */
export function networkRecords(layers: readonly PathLayer[]): NameSet {
  const byLayer = layers.map(({ neuron }) => neuron && layerRecords(neuron));
  return {
    has: (path): path is string => {
      const { layer, name } = parseLayerPath(path) ?? { layer: -1, name: '' };
      const known = byLayer[layer];
      return known !== undefined && (known === null || known.has(name));
    },
    list: () => byLayer.flatMap((known, layer) => known?.list().map((name) => layerPath(layer, name)) ?? []),
    reason: (path) => {
      const parsed = parseLayerPath(path);
      if (parsed === undefined) return byLayer[0]?.has(path) === true ? `did you mean ${quote(layerPath(0, path))}?` : undefined;
      const known = byLayer[parsed.layer];
      return known === undefined ? noLayer(parsed.layer, layers.length) : known?.reason?.(parsed.name);
    },
  };
}
