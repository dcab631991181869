import { recordPer, records } from '../../compute/jobs.ts';
import { isWeightName, layerPath, parameterOf, parseLayerPath, weightNames } from '../../compute/networks/layers.ts';
import { quote } from '../../errors/describe.ts';
import type { LayerRequest } from '../../schemas/network.ts';
import type { Neuron } from '../neurons/neurons.ts';
import { DifferentiableQuantities } from '../neurons/quantities.ts';
import { suggestName } from '../words/suggestions.ts';
import type { NameSet } from '../validation.ts';

/** A layer of a request as far as paths name parts of it; its neuron is null where it could not be read. */
export interface PathLayer {
  readonly neuron: Neuron | null;
  readonly request: LayerRequest;
}

/** The message for a path of a layer that is not there. */
function noLayer(layer: number, count: number): string {
  return `there is no layer ${layer}; the network has ${count === 1 ? 'layer 0 alone' : `the layers 0 to ${count - 1}`}`;
}

/** What a gradient of a network can be taken with respect to. */
export class NetworkQuantities implements NameSet {
  readonly #layers: readonly PathLayer[];

  constructor(layers: readonly PathLayer[]) {
    this.#layers = layers;
  }

  has(path: string): path is string {
    if (path === 'input') return true;
    const { layer, name } = parseLayerPath(path) ?? { layer: -1, name: '' };
    const known = this.#layers[layer];
    if (known === undefined) return false;
    if (isWeightName(name)) return known.request[name] !== undefined;
    // What is wrong with the neuron is said elsewhere.
    const parameter = parameterOf(name);
    return parameter !== undefined && (known.neuron === null || hasParameter(known.neuron, parameter));
  }

  list(): readonly string[] {
    return [...this.weights(), 'layers/{l}/neuron/{parameter}', 'input'];
  }

  /** The paths of all weights, biases and recurrent weights. */
  weights(): readonly string[] {
    return this.#layers.flatMap(({ request }, layer) =>
      weightNames.filter((name) => request[name] !== undefined).map((name) => layerPath(layer, name)),
    );
  }

  reason(path: string): string | undefined {
    const parsed = parseLayerPath(path);
    if (parsed === undefined) return suggestName(path, [...this.weights(), 'input']);
    const { layer, name } = parsed;
    const known = this.#layers[layer];
    if (known === undefined) return noLayer(layer, this.#layers.length);
    if (isWeightName(name)) return `layer ${layer} has no ${name}`;
    if (known.neuron === null) return undefined;
    const quantities = new DifferentiableQuantities(known.neuron, []);
    const names = quantities.list().filter((one) => one !== 'current');
    const parameter = parameterOf(name);
    if (parameter === undefined) {
      const isParameter = names.includes(name);
      return isParameter ? `did you mean ${quote(layerPath(layer, `neuron/${name}`))}?` : suggestName(name, weightNames);
    }
    const what = quantities.reason(parameter) ?? `${known.neuron.model.name} has no ${quote(parameter)}`;
    return `${what}; the neurons of layer ${layer} have ${names.map(quote).join(', ')}`;
  }
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
export class LayerRecords implements NameSet {
  readonly #neuron: Neuron;

  constructor(neuron: Neuron) {
    this.#neuron = neuron;
  }

  has(name: string): name is string {
    return this.list().includes(name);
  }

  list(): readonly string[] {
    const fixed = Object.keys(records).filter((name) => notRecorded[name] === undefined);
    return [...fixed, ...this.#neuron.program.step.states.filter((state) => state !== 'v' && recordPer(state) === 'step')];
  }

  reason(name: string): string | undefined {
    return Object.hasOwn(notRecorded, name) ? notRecorded[name] : undefined;
  }
}

/** What can be recorded of a network. */
export class NetworkRecords implements NameSet {
  readonly #layers: readonly PathLayer[];

  constructor(layers: readonly PathLayer[]) {
    this.#layers = layers;
  }

  has(path: string): path is string {
    const { layer, name } = parseLayerPath(path) ?? { layer: -1, name: '' };
    const known = this.#layers[layer];
    return known !== undefined && (known.neuron === null || new LayerRecords(known.neuron).has(name));
  }

  list(): readonly string[] {
    return this.#layers.flatMap(({ neuron }, layer) =>
      neuron === null ? [] : new LayerRecords(neuron).list().map((name) => layerPath(layer, name)),
    );
  }

  reason(path: string): string | undefined {
    const parsed = parseLayerPath(path);
    if (parsed === undefined) {
      const first = this.#layers[0]?.neuron;
      return first && new LayerRecords(first).has(path) ? `did you mean ${quote(layerPath(0, path))}?` : undefined;
    }
    const known = this.#layers[parsed.layer];
    if (known === undefined) return noLayer(parsed.layer, this.#layers.length);
    return known.neuron ? new LayerRecords(known.neuron).reason(parsed.name) : undefined;
  }
}
