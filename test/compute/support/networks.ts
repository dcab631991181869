import fc from 'fast-check';
import { randomNumbers } from '../../../support/random-numbers.ts';
import type { Loss, Network, NetworkGradJob, NetworkInput, NetworkLayer, NeuronQuantity, RecordLoss } from '../../../src/compute/jobs.ts';
import { programOf } from '../../../src/compute/neurons/terms.ts';
import { neurons as catalogue } from '../../../src/compute/neurons/catalogue.ts';
import { standardNeuron, standardSurrogate } from '../../../src/compute/standard-jobs.ts';
import { surrogateDefinition } from '../../../src/compute/surrogates/catalogue.ts';
import { neededParameters, parametersOf, typicalValue } from './neurons.ts';

/** Models with gradients; those without spikes may be the last layer only. */
const models = [...catalogue.values()].filter(({ noGradient }) => noGradient === undefined);
const spiking = models.filter(({ surrogate }) => surrogate !== null);

/** Models whose potential runs away in a step or two: fed back, the last bit becomes the first. */
const isExplosive = (name: string): boolean => /izhikevich|qif|eif|adex|expif/i.test(name);

/** The neurons of a layer: of some of them parameters differ. */
function neuronsOf(
  name: string,
  neurons: number,
  random: () => number,
): Pick<NetworkLayer, 'model' | 'options' | 'parameters' | 'surrogate'> {
  const model = catalogue.get(name)!;
  const { options, parameters, model: modelName } = standardNeuron(name);
  const all: Record<string, NeuronQuantity> = { ...parameters };
  for (const [parameter, definition] of Object.entries(parametersOf(model))) {
    if (!(parameter in model.parameters) && !(parameter in parameters) && !neededParameters[name]?.includes(parameter)) continue;
    const value = typicalValue(model, parameter, definition);
    const isShared = definition.isSetting === true || random() < 0.5;
    all[parameter] = isShared
      ? { per: 'scalar', value }
      : { per: 'neuron', values: Float64Array.from({ length: neurons }, () => value * (1 - 0.03 * random())) };
  }
  const words: Record<string, string | boolean> = { ...options };
  for (const [option, { values = [] }] of Object.entries(model.options)) words[option] ??= values.at(-1) ?? false;
  return {
    model: modelName,
    options: words,
    parameters: all,
    // Without corners, at which the last bit decides: a silent neuron's potential is on those of some.
    surrogate: standardSurrogate(surrogateDefinition(random() < 0.5 ? 'sigmoid' : 'arctan')),
  };
}

function inputOf(
  kind: string,
  { samples, inputs, steps }: Pick<Network, 'samples' | 'inputs' | 'steps'>,
  random: () => number,
): NetworkInput {
  const length = samples * inputs * steps;
  if (kind === 'events' || kind === 'no events') {
    const events = kind === 'events' ? Math.ceil(length / 4) : 0;
    const below = (most: number) => Float64Array.from({ length: events }, () => Math.floor(random() * most));
    return { form: 'events', sample: below(samples), neuron: below(inputs), step: below(steps) };
  }
  const value = kind === 'spikes' ? () => Number(random() < 0.3) : () => (random() < 0.5 ? 0 : 2 * random() - 0.5);
  return { form: 'dense', values: Float64Array.from({ length }, value) };
}

/** Drawn sizes and choices of a network. */
interface Draw {
  readonly seed: number;
  readonly samples: number;
  readonly inputs: number;
  readonly steps: number;
  readonly sizes: readonly { readonly neurons: number; readonly model: string; readonly isRecurrent: boolean; readonly hasBias: boolean }[];
  readonly last: string;
  readonly input: string;
  readonly loss: string;
}

function lossOf({ loss, samples, steps, sizes }: Draw, hasSpikes: boolean, random: () => number): Loss | RecordLoss {
  const classes = sizes.at(-1)!.neurons;
  const each = (length: number) => Float64Array.from({ length }, () => 2 * random() - 1);
  const labels = Float64Array.from({ length: samples }, () => Math.floor(random() * classes));
  switch (hasSpikes ? loss : 'v') {
    case 'spike_counts':
      return { type: 'cross_entropy', on: 'spike_counts', labels };
    case 'max_v':
      return { type: 'cross_entropy', on: 'max_v', labels };
    case 'rate':
      return { type: 'firing_rate_mse', target: { per: 'neuron', values: each(samples * classes).map(Math.abs) } };
    case 'cotangents':
      return {
        type: 'cotangent',
        spikes: { per: 'step', values: each(samples * classes * steps) },
        v: { per: 'neuron', values: each(samples * classes) },
        v_pre: { per: 'scalar', value: 0.5 },
      };
    default:
      return { type: 'cotangent', v: { per: 'step', values: each(samples * classes * steps) } };
  }
}

function jobOf(draw: Draw): NetworkGradJob {
  const random = randomNumbers(draw.seed);
  const { samples, inputs, steps, sizes } = draw;
  const layers = sizes.map(({ neurons, model, isRecurrent, hasBias }, i): NetworkLayer => {
    const isLast = i === sizes.length - 1;
    const width = sizes[i - 1]?.neurons ?? inputs;
    // From little to more than makes the neurons fire in every step.
    const scale = 10 ** (2.5 * random() - 0.5);
    const weights = (length: number, by: number) => Float64Array.from({ length }, () => by * (random() - 0.3));
    return {
      neurons,
      weight: weights(neurons * width, scale / Math.sqrt(width)),
      ...(hasBias && { bias: weights(neurons, scale / 4) }),
      ...(isRecurrent &&
        !isExplosive(isLast ? draw.last : model) && { recurrent: weights(neurons * neurons, scale / 4 / Math.sqrt(neurons)) }),
      ...neuronsOf(isLast ? draw.last : model, neurons, random),
      ...(!isLast && random() < 0.3 && { ratePenalty: { weight: 1e-3, target: 20 } }),
    };
  });
  const network: Network = { samples, inputs, steps, dt: 1, input: inputOf(draw.input, draw, random), layers };
  const wrt = layers.flatMap((layer, i) => {
    const { step } = programOf(layer);
    const parameters = Object.keys(layer.parameters).filter((name) => !parametersOf(catalogue.get(layer.model)!)[name]?.isSetting);
    return [
      'weight',
      ...(layer.bias ? ['bias'] : []),
      ...(layer.recurrent ? ['recurrent'] : []),
      ...[...parameters, ...step.states.map((state) => `${state}_init`)].map((name) => `neuron/${name}`),
    ].map((name) => `layers/${i}/${name}`);
  });
  const hasSpikes = catalogue.get(draw.last)!.surrogate !== null;
  return {
    kind: 'network_grad',
    dtype: 'float64',
    network,
    loss: lossOf(draw, hasSpikes, random),
    reduction: draw.seed % 2 === 0 ? 'mean' : 'sum',
    wrt: [...wrt, 'input'],
  };
}

/** Gradients of networks of one to four layers, with respect to all there is, of all neurons and forms of input. @param most the widest layer. */
export function networkJobs(most = 40): fc.Arbitrary<NetworkGradJob> {
  const width = fc.integer({ min: 1, max: most });
  const layer = fc.record({
    neurons: width,
    model: fc.constantFrom(...spiking.map(({ name }) => name)),
    isRecurrent: fc.boolean(),
    hasBias: fc.boolean(),
  });
  return fc
    .record({
      seed: fc.nat(),
      samples: fc.integer({ min: 1, max: 6 }),
      inputs: width,
      steps: fc.integer({ min: 1, max: 13 }),
      sizes: fc.array(layer, { minLength: 1, maxLength: 4 }),
      last: fc.constantFrom(...models.map(({ name }) => name)),
      input: fc.constantFrom('events', 'no events', 'spikes', 'currents'),
      loss: fc.constantFrom('spike_counts', 'max_v', 'rate', 'cotangents', 'v'),
    })
    .map(jobOf);
}
