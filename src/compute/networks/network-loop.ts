import { valueAt, type Numbers, type Values } from '../numbers.ts';
import {
  dtypeOf,
  type LifSimulateResult,
  type Network,
  type NetworkGradJob,
  type NetworkGradResult,
  type NetworkJob,
  type NetworkSimulateJob,
  type NetworkSimulateResult,
} from '../jobs.ts';
import { SlicedLoops, type pause } from '../loops.ts';
import { layerPath, layerProblem, lowestLayer, parseLayerPath } from './layers.ts';
import { networkLoss, recordsOfLoss, type LayerCotangents } from './network-loss.ts';

/**
 * A back-end's run of one network, layer by layer. Its methods are generators, since kernels are launched, and long loops pause, while they run:
 * `S` is what they yield, `N` what they are resumed with.
 */
export interface NetworkRun<S, N> {
  /**
   * Runs a layer's neurons in all steps; those of the layer below have run.
   *
   * @returns `spike_counts` and the records asked for, of all samples' neurons.
   */
  forward(layer: number, record: readonly string[]): Generator<S, LifSimulateResult, N>;
  /**
   * Runs a layer backward; those above it have run backward. Cotangents are multiplied by `scale`; those that a hidden layer's neurons have from
   * the layer above are added.
   */
  backward(layer: number, cotangents: LayerCotangents, scale: number): Generator<S, void, N>;
  /** The gradient with respect to a path of the job's `wrt`; the path's layer has run backward. */
  gradient(path: string): Generator<S, number | Values, N>;
}

/** Runs a network forward. */
export function* simulateNetwork<S, N>(job: NetworkSimulateJob, run: NetworkRun<S, N>): Generator<S, NetworkSimulateResult, N> {
  const counts: Int32Array[] = [];
  const records: Record<string, Values | Uint8Array> = {};
  for (const layer of job.network.layers.keys()) {
    const names = recordsOfLayer(job, layer);
    const recorded = yield* run.forward(layer, names);
    counts.push(recorded.spike_counts!);
    for (const name of names) records[layerPath(layer, name)] = recordNamed(recorded, name);
  }
  return { spike_counts: counts, records };
}

/** What is recorded of a layer: by a simulation what it asks for, for a gradient what the loss reads of the last layer, and a penalty of the others. */
export function recordsOfLayer(job: NetworkJob, layer: number): readonly string[] {
  const { network } = job;
  if (job.kind === 'network_simulate') {
    return job.record.flatMap((path) => {
      const parsed = parseLayerPath(path);
      return parsed?.layer === layer ? [parsed.name] : [];
    });
  }
  if (layer === network.layers.length - 1) return recordsOfLoss(job.loss, layerProblem(network, layer));
  return network.layers[layer]!.ratePenalty === undefined ? [] : ['firing_rates'];
}

function recordNamed({ firing_rates, v_final, series }: LifSimulateResult, name: string): Values | Uint8Array {
  const values = name === 'firing_rates' ? firing_rates : name === 'v_final' ? v_final : series[name];
  if (values === undefined) throw new Error(`a layer has no record ${name}`);
  return values;
}

/** Runs a network forward and back. */
export function* differentiateNetwork<S, N>(job: NetworkGradJob, run: NetworkRun<S, N>): Generator<S | typeof pause, NetworkGradResult, N> {
  const { network, loss, reduction, wrt } = job;
  const { layers, samples } = network;
  const loops = new SlicedLoops();
  const last = layers.length - 1;
  const recorded: LifSimulateResult[] = [];
  for (const layer of layers.keys()) recorded.push(yield* run.forward(layer, recordsOfLayer(job, layer)));
  const problem = layerProblem(network, last);
  const lastRun = { problem: { ...problem, neurons: samples * problem.neurons }, records: recorded[last]! };
  const computed = networkLoss(loss, lastRun, network, dtypeOf(job), loops);
  yield* loops.run();

  const scale = reduction === 'mean' ? 1 / samples : 1;
  const lowest = lowestLayer(wrt);
  for (let layer = last; layer >= 0; layer--) {
    const cotangents = layer === last ? computed.cotangents : addRatePenalty(network, layer, recorded[layer]!, computed.samples, loops);
    yield* loops.run();
    if (layer >= lowest) yield* run.backward(layer, cotangents, scale);
  }
  const grad: Record<string, number | Values> = {};
  for (const path of wrt) grad[path] = yield* run.gradient(path);
  const { predicted } = computed;
  let total = 0;
  loops.add(samples, (from, to) => {
    for (let sample = from; sample < to; sample++) total += computed.samples[sample]!;
  });
  const counted = predicted && loss.type === 'cross_entropy' ? countCorrect(predicted, loss.labels, loops) : undefined;
  yield* loops.run();
  return {
    loss: computed.samples,
    reduced_loss: scale * total,
    // Of no samples 0.
    ...(counted && { accuracy: counted.correct / Math.max(1, samples) }),
    spike_counts: recorded.map(({ spike_counts }) => spike_counts!),
    grad,
  };
}

/** Adds the penalty on a hidden layer's rates to the samples' losses, and gives its cotangents; complete when the loops have run. */
function addRatePenalty(
  { layers, steps, dt }: Network,
  layer: number,
  { firing_rates: rates }: LifSimulateResult,
  losses: Float64Array,
  loops: SlicedLoops,
): LayerCotangents {
  const { ratePenalty, neurons } = layers[layer]!;
  if (ratePenalty === undefined || rates === undefined) return {};
  const { weight, target } = ratePenalty;
  const bars = new Float64Array(rates.length);
  loops.add(rates.length, (from, to) => {
    for (let b = from; b < to; b++) {
      const error = rates[b]! - target;
      losses[Math.floor(b / neurons)]! += weight * error * error;
      bars[b] = (2 * weight * error * 1000) / (steps * dt);
    }
  });
  return { spikes: { per: 'neuron', values: bars } };
}

/** Counts the samples whose predicted class is their label; complete when the loops have run. */
function countCorrect(predicted: Int32Array, labels: Numbers, loops: SlicedLoops): { readonly correct: number } {
  const counted = { correct: 0 };
  loops.add(predicted.length, (from, to) => {
    for (let sample = from; sample < to; sample++) if (predicted[sample] === valueAt(labels, sample)) counted.correct++;
  });
  return counted;
}
