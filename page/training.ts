import type { ApiAnswer, ApiRequest, Meta, NetworkGradAnswer, NetworkSimulateAnswer } from './api-types.ts';
import { seededRandom } from './random.ts';
import { SpikingClassifier, steps, type Architecture } from './spiking-classifier.ts';
import { diskGrid, yinYang, type Sample } from './yin-yang.ts';

export const batchSize = 50;
const trainingSize = 5000;
/** Samples that are never trained on. */
export const heldOutSize = 300;
/** Squares along a side of the decision map. */
export const mapSide = 30;
const grid = diskGrid(mapSide);

export interface Settings {
  readonly surrogate: object;
  readonly rate: number;
}

/** How far the network was at one evaluation; training's numbers are means since the one before, and missing at step 0. */
export interface Progress {
  readonly step: number;
  readonly trainingLoss?: number;
  readonly trainingAccuracy?: number;
  readonly heldOutLoss: number;
  readonly heldOutAccuracy: number;
  /** Spikes of a hidden neuron in a run, over held-out samples. */
  readonly hiddenSpikes: number;
}

/** What the network makes of the square, and of one held-out sample. */
export interface Evaluation {
  readonly map: readonly { readonly x: number; readonly y: number; readonly predicted: number }[];
  readonly sample: Sample;
  readonly predicted: number;
  /** Steps in which each neuron spikes. */
  readonly hidden: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
  /** By class over time, where outputs integrate. */
  readonly potentials: readonly (readonly number[])[] | undefined;
  /** The last training step, if there is one, and the run of the sample; the run of the whole map is the latter with more points. */
  readonly requests: readonly ApiRequest[];
  readonly metas: readonly Meta[];
  readonly roundTripMs: number;
}

/** Sends a request, and waits for its answer. */
export type Post = <Body>(request: ApiRequest) => Promise<ApiAnswer<Body>>;

/** A network in training: its samples, its weights, and how far it is. A step is one request. */
export class Training {
  readonly heldOut: readonly Sample[];
  readonly #history: Progress[] = [];
  readonly #classifier: SpikingClassifier;
  readonly #samples: Sample[];
  readonly #random: () => number;
  #step = 0;
  #since: { readonly loss: number; readonly accuracy: number }[] = [];
  #last: { readonly request: ApiRequest; readonly meta: Meta; readonly roundTripMs: number } | undefined;

  /** @param seed of the samples and of the first weights. */
  constructor(architecture: Architecture, seed: number) {
    this.#random = seededRandom(seed);
    this.#samples = yinYang(trainingSize, this.#random);
    this.heldOut = yinYang(heldOutSize, this.#random);
    this.#classifier = new SpikingClassifier(architecture, this.#random);
  }

  get step(): number {
    return this.#step;
  }

  get history(): readonly Progress[] {
    return this.#history;
  }

  /** Trains on one batch; the samples are shuffled whenever all have been seen. */
  async train(post: Post, { surrogate, rate }: Settings): Promise<void> {
    const first = (this.#step * batchSize) % trainingSize;
    const request = this.#classifier.gradRequest(this.#samples.slice(first, first + batchSize), surrogate);
    const { body, roundTripMs } = await post<NetworkGradAnswer>(request);
    this.#classifier.update(body.grad, rate);
    this.#step++;
    if ((this.#step * batchSize) % trainingSize === 0) shuffle(this.#samples, this.#random);
    this.#since.push({ loss: body.reduced_loss, accuracy: body.accuracy });
    this.#last = { request, meta: body.meta, roundTripMs };
  }

  /** Runs the network on the whole map, on the held-out samples, and on one of these alone for its spikes. */
  async evaluate(post: Post, index: number): Promise<Evaluation> {
    const { readout } = this.#classifier.architecture;
    const record = readout === 'potential' ? ['layers/1/v'] : [];
    const sample = this.heldOut[index]!;
    const all = this.#classifier.simulateRequest([...grid, ...this.heldOut], record);
    const one = this.#classifier.simulateRequest(
      [sample],
      ['layers/0/spikes', ...(readout === 'potential' ? record : ['layers/1/spikes'])],
    );
    const many = await post<NetworkSimulateAnswer>(all);
    const single = await post<NetworkSimulateAnswer>(one);

    const logits = logitsOf(many.body);
    const predicted = logits.map(indexOfLargest);
    const heldOut = logits.slice(grid.length);
    const counts = many.body.spike_counts[0]!.slice(grid.length).flat();
    this.#note({
      heldOutLoss: mean(heldOut.map((values, i) => crossEntropy(values, this.heldOut[i]!.label))),
      heldOutAccuracy: mean(this.heldOut.map(({ label }, i) => (predicted[grid.length + i] === label ? 1 : 0))),
      hiddenSpikes: mean(counts),
    });
    const { 'layers/0/spikes': hidden, 'layers/1/spikes': outputs, 'layers/1/v': potentials } = single.body.record!;
    return {
      map: grid.map(({ x, y }, i) => ({ x, y, predicted: predicted[i]! })),
      sample,
      predicted: predicted[grid.length + index]!,
      hidden: hidden![0]!.map(stepsOfSpikes),
      outputs: outputs?.[0]!.map(stepsOfSpikes) ?? [],
      potentials: potentials?.[0],
      requests: [...(this.#last ? [this.#last.request] : []), one],
      metas: [...(this.#last ? [this.#last.meta] : []), single.body.meta],
      roundTripMs: Math.max(this.#last?.roundTripMs ?? 0, single.roundTripMs),
    };
  }

  /** A second evaluation of the same weights, as of another sample, is no progress. */
  #note(heldOut: Pick<Progress, 'heldOutLoss' | 'heldOutAccuracy' | 'hiddenSpikes'>): void {
    if (this.#history.at(-1)?.step === this.#step) return;
    const since = this.#since;
    this.#since = [];
    this.#history.push({
      step: this.#step,
      ...heldOut,
      ...(since.length > 0 && {
        trainingLoss: mean(since.map(({ loss }) => loss)),
        trainingAccuracy: mean(since.map(({ accuracy }) => accuracy)),
      }),
    });
  }
}

/** What the classes of each sample are compared by: spike counts, or potentials over time. */
function logitsOf({ spike_counts, record }: NetworkSimulateAnswer): readonly (readonly number[])[] {
  const potentials = record?.['layers/1/v'];
  return potentials === undefined ? spike_counts[1]! : potentials.map((sample) => sample.map(mean));
}

/** -log softmax(logits)[label]. */
export function crossEntropy(logits: readonly number[], label: number): number {
  const largest = Math.max(...logits);
  return largest - logits[label]! + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

function indexOfLargest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function stepsOfSpikes(spikes: readonly number[]): number[] {
  return Array.from({ length: steps }, (_, step) => step).filter((step) => spikes[step] === 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shuffle(values: unknown[], random: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [values[i], values[j]] = [values[j], values[i]];
  }
}
