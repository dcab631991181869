import { elementBytes } from '../support/element-bytes.ts';
import { BytesTensor } from '../support/framed-request.ts';
import { randomNumbers } from '../support/random-numbers.ts';

/** Layers of neurons, and a batch of random spikes. */
export interface NetworkSize {
  /** Inputs, then the neurons of each layer. */
  readonly sizes: readonly number[];
  readonly samples: number;
  readonly steps: number;
  /** The share of the inputs that spike in a step. */
  readonly density: number;
  /** Whether the first layer has recurrent weights. */
  readonly isRecurrent: boolean;
}

/** A network's numbers, row-major. */
export interface NetworkNumbers {
  /** [samples, inputs, steps]. */
  readonly spikes: Uint8Array;
  /** [N_out, N_in] of each layer. */
  readonly weights: readonly Float32Array[];
  /** [N_out, N_out] of the first layer. */
  readonly recurrent: Float32Array | undefined;
  /** [samples]. */
  readonly labels: Int32Array;
}

/** The same numbers for the same size. */
export function drawNetwork({ sizes, samples, steps, density, isRecurrent }: NetworkSize): NetworkNumbers {
  const random = randomNumbers(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const matrix = (rows: number, columns: number, scale: number) => Float32Array.from({ length: rows * columns }, () => scale * normal());
  const [inputs, first] = sizes as readonly [number, number];
  const layers = sizes.slice(1);
  return {
    spikes: Uint8Array.from({ length: samples * inputs * steps }, () => Number(random() < density)),
    weights: layers.map((neurons, layer) => matrix(neurons, sizes[layer]!, 2 / Math.sqrt(sizes[layer]!))),
    recurrent: isRecurrent ? matrix(first, first, 0.3 / Math.sqrt(first)) : undefined,
    labels: Int32Array.from({ length: samples }, () => Math.floor(layers.at(-1)! * random())),
  };
}

/** A byte for each spike, a bit for each, or events. */
export type InputForm = 'bytes' | 'bits' | 'events';

/** `/network/grad` by all weights of a cross-entropy on spike counts; v decays to 0.9 of itself in a step, and the current is added to it. */
export function networkRequest({ sizes, samples, steps }: NetworkSize, numbers: NetworkNumbers, form: InputForm): object {
  const { spikes, weights, recurrent, labels } = numbers;
  const shape = [samples, sizes[0]!, steps];
  const layer = { neuron: { tau: 10, input_scaling: false, reset: 'soft' }, detach_reset: true, surrogate: { name: 'arctan', alpha: 2 } };
  return {
    input: inputOf(spikes, shape as [number, number, number], form),
    dt: 1,
    layers: weights.map((weight, index) => {
      const [inputs, neurons] = [sizes[index]!, sizes[index + 1]!];
      return {
        weight: new BytesTensor([neurons, inputs], weight),
        ...(index === 0 && recurrent && { recurrent: new BytesTensor([neurons, neurons], recurrent) }),
        ...layer,
      };
    }),
    loss: { type: 'cross_entropy', on: 'spike_counts', labels: new BytesTensor([samples], labels) },
  };
}

function inputOf(spikes: Uint8Array, shape: readonly [number, number, number], form: InputForm): object {
  if (form === 'events') return { events: eventsOf(spikes, shape), shape };
  return form === 'bytes' ? new BytesTensor(shape, spikes) : new BytesTensor(shape, elementBytes('bits', Array.from(spikes)), 'bits');
}

/** In the smallest types that hold the indices. */
function eventsOf(spikes: Uint8Array, [samples, inputs, steps]: readonly [number, number, number]): Record<string, BytesTensor> {
  const [sample, neuron, step]: [number[], number[], number[]] = [[], [], []];
  spikes.forEach((spike, at) => {
    if (spike === 0) return;
    sample.push(Math.floor(at / (inputs * steps)));
    neuron.push(Math.floor(at / steps) % inputs);
    step.push(at % steps);
  });
  const tensor = (values: readonly number[], count: number) =>
    new BytesTensor(
      [values.length],
      count <= 256 ? Uint8Array.from(values) : count <= 65_536 ? Uint16Array.from(values) : Int32Array.from(values),
    );
  return { sample: tensor(sample, samples), neuron: tensor(neuron, inputs), step: tensor(step, steps) };
}
