/**
 * Trains a spiking network on the yin-yang task (Kriener et al. 2021): one request is a batch's gradients, and Adam runs here.
 *
 *   SURROGATE_URL=http://127.0.0.1:3000 npx tsx examples/train.ts --epochs 10
 */
import { parseArgs } from 'node:util';

const url = process.env.SURROGATE_URL ?? 'http://127.0.0.1:3000';
const { values: options } = parseArgs({
  options: {
    epochs: { type: 'string', default: '10' },
    samples: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
  },
});
const [epochs, samples, batchSize] = [Number(options.epochs), Number(options.samples), 50];
const [steps, hidden, classes, rate] = [20, 120, 3, 0.01];

/** Uniform between 0 and 1, the same in every run: mulberry32. */
let state = Number(options.seed);
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

interface Sample {
  readonly point: readonly [number, number, number, number];
  readonly label: number;
}

/** Points (x, y, 1 - x, 1 - y) of the disk in the unit square, and their classes: 0 and 1 the halves, 2 the dots. Each is as likely. */
function yinYang(): Sample {
  const label = Math.floor(classes * random());
  for (;;) {
    const [x, y] = [random(), random()];
    if (Math.hypot(x - 0.5, y - 0.5) <= 0.5 && classOf(x, y) === label) return { point: [x, y, 1 - x, 1 - y], label };
  }
}

function classOf(x: number, y: number): number {
  const [left, right] = [Math.hypot(x - 0.25, y - 0.5), Math.hypot(x - 0.75, y - 0.5)];
  if (Math.min(left, right) <= 0.1) return 2;
  return left <= 0.25 || (y > 0.5 && right > 0.25) ? 1 : 0;
}

/** Weights, row by row, and what Adam keeps of their gradients. */
class Weights {
  readonly data: number[];
  readonly #mean: number[];
  readonly #square: number[];

  /** Uniform between -largest and largest. */
  constructor(
    readonly shape: readonly number[],
    largest: number,
  ) {
    const length = shape.reduce((product, size) => product * size, 1);
    this.data = Array.from({ length }, () => largest * (2 * random() - 1));
    this.#mean = this.data.map(() => 0);
    this.#square = [...this.#mean];
  }

  /** @param step from 1. */
  update(grad: readonly number[], step: number): void {
    grad.forEach((g, i) => {
      this.#mean[i]! += 0.1 * (g - this.#mean[i]!);
      this.#square[i]! += 0.001 * (g * g - this.#square[i]!);
      const [mean, square] = [this.#mean[i]! / (1 - 0.9 ** step), this.#square[i]! / (1 - 0.999 ** step)];
      this.data[i]! -= (rate * mean) / (Math.sqrt(square) + 1e-8);
    });
  }
}

const weights = {
  'layers/0/weight': new Weights([hidden, 4], 5),
  'layers/0/bias': new Weights([hidden], 0),
  'layers/1/weight': new Weights([classes, hidden], 0.15),
  'layers/1/bias': new Weights([classes], 0),
};
type Name = keyof typeof weights;

interface Answer {
  readonly reduced_loss: number;
  readonly accuracy: number;
  readonly grad: Readonly<Record<Name, number[] | number[][]>>;
}

/** Loss and accuracy of a batch, and the gradients of the loss by the names of the weights. Each coordinate is a current, constant in time. */
async function gradients(batch: readonly Sample[]): Promise<Answer> {
  const layer = (index: 0 | 1) => {
    const tensor = ({ shape, data }: Weights) => ({ shape, data });
    return { weight: tensor(weights[`layers/${index}/weight`]), bias: tensor(weights[`layers/${index}/bias`]) };
  };
  const request = {
    input: batch.map(({ point }) => point.map((current) => new Array<number>(steps).fill(current))),
    dt: 1,
    layers: [
      { ...layer(0), neuron: { tau: 2, reset: 'soft' }, surrogate: { name: 'arctan', alpha: 4 } },
      // The readout integrates and does not spike: the class is the neuron with the largest mean potential.
      { ...layer(1), neuron: { model: 'li', tau: 10 } },
    ],
    loss: { type: 'cross_entropy', on: 'mean_v', labels: batch.map(({ label }) => label) },
  };
  const response = await fetch(`${url}/network/grad`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`${response.status}: ${((await response.json()) as { detail: string }).detail}`);
  return (await response.json()) as Answer;
}

function shuffle(values: unknown[]): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [values[i], values[j]] = [values[j], values[i]];
  }
}

const training = Array.from({ length: samples }, yinYang);
const test = Array.from({ length: 1000 }, yinYang);
const start = performance.now();
let step = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  shuffle(training);
  let total = 0;
  for (let first = 0; first < samples; first += batchSize) {
    const batch = training.slice(first, first + batchSize);
    const { reduced_loss, grad } = await gradients(batch);
    step++;
    for (const [name, one] of Object.entries(weights)) one.update(grad[name as Name].flat(), step);
    total += reduced_loss * batch.length;
  }
  const { accuracy } = await gradients(test);
  const seconds = (performance.now() - start) / 1000;
  console.log(`epoch ${epoch}: loss ${(total / samples).toFixed(3)}, test accuracy ${accuracy.toFixed(3)}, ${seconds.toFixed(1)} s`);
}
