import { AdamValues } from './adam.ts';
import type { ApiRequest } from './api-types.ts';
import { classNames, type Sample } from './yin-yang.ts';

export const readouts = [
  ['potential', 'mean potential'],
  ['spikes', 'spike count'],
] as const;
/** What the class is read from: outputs that integrate, or outputs that spike. */
export type Readout = (typeof readouts)[number][0];

export interface Architecture {
  readonly hidden: number;
  /** Whether hidden neurons have weights among themselves. */
  readonly recurrent: boolean;
  readonly readout: Readout;
}

/** Steps of each run. */
export const steps = 20;
/** The length of a step, ms. */
export const dt = 1;
/** The coordinates as currents: x, y, 1 - x and 1 - y. */
const inputs = 4;

type Point = Pick<Sample, 'x' | 'y'>;
export type Weights = Readonly<Record<string, number | readonly number[] | readonly (readonly number[])[]>>;

/** A hidden layer and an output for each class, whose weights stay here: requests carry them, and Adam moves them. */
export class SpikingClassifier {
  readonly architecture: Architecture;
  readonly #weights: ReadonlyMap<string, { readonly shape: readonly [number] | readonly [number, number]; readonly adam: AdamValues }>;

  /** @param random numbers from 0 up to 1, for the first weights. */
  constructor(architecture: Architecture, random: () => number) {
    this.architecture = architecture;
    const { hidden, recurrent, readout } = architecture;
    const uniform = (shape: readonly [number] | readonly [number, number], largest: number) => ({
      shape,
      adam: new AdamValues(Array.from({ length: shape[0] * (shape[1] ?? 1) }, () => largest * (2 * random() - 1))),
    });
    this.#weights = new Map([
      ['layers/0/weight', uniform([hidden, inputs], 5)],
      ['layers/0/bias', uniform([hidden], 0)],
      ...(recurrent ? [['layers/0/recurrent', uniform([hidden, hidden], 1 / Math.sqrt(hidden))] as const] : []),
      ['layers/1/weight', uniform([classNames.length, hidden], readout === 'spikes' ? 0.5 : 0.15)],
      ['layers/1/bias', uniform([classNames.length], 0)],
    ]);
  }

  /** The loss of samples and its gradients by all weights. */
  gradRequest(samples: readonly Sample[], surrogate: object): ApiRequest {
    const labels = samples.map(({ label }) => label);
    return {
      path: '/network/grad',
      body: {
        ...this.#body(samples, surrogate),
        loss: { type: 'cross_entropy', on: this.architecture.readout === 'spikes' ? 'spike_counts' : 'mean_v', labels },
      },
    };
  }

  /** The outputs of points; `record` as the route has it. */
  simulateRequest(points: readonly Point[], record: readonly string[]): ApiRequest {
    return { path: '/network/simulate', body: { ...this.#body(points), ...(record.length > 0 && { record }) } };
  }

  /** Moves all weights against their gradients. @throws {Error} when one is missing, or has another size. */
  update(grad: Weights, rate: number): void {
    for (const [name, { adam }] of this.#weights) adam.update([grad[name] ?? []].flat(2), rate);
  }

  #body(points: readonly Point[], surrogate?: object): object {
    return {
      input: points.map((point) => currentsOf(point).map((current) => new Array<number>(steps).fill(current))),
      dt,
      layers: [
        { ...this.#layer(0), neuron: { tau: 2, reset: 'soft' }, ...(surrogate && { surrogate }) },
        this.architecture.readout === 'spikes'
          ? { ...this.#layer(1), neuron: { tau: 2, reset: 'soft' }, ...(surrogate && { surrogate }) }
          : { ...this.#layer(1), neuron: { model: 'li', tau: 10 } },
      ],
    };
  }

  #layer(index: number): Weights {
    const prefix = `layers/${index}/`;
    return Object.fromEntries(
      [...this.#weights]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, { shape, adam }]) => [name.slice(prefix.length), nested(adam.values, shape)]),
    );
  }
}

function currentsOf({ x, y }: Point): number[] {
  return [x, y, 1 - x, 1 - y].map((current) => Number(current.toFixed(3)));
}

/** Values row by row, with the digits that float32 has. */
function nested(values: readonly number[], [rows, columns]: readonly [number] | readonly [number, number]): number[] | number[][] {
  const rounded = values.map((value) => Number(value.toPrecision(7)));
  return columns === undefined ? rounded : Array.from({ length: rows }, (_, row) => rounded.slice(row * columns, (row + 1) * columns));
}
