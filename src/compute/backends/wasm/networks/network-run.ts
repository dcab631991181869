import { valueAt, zeros, type Values } from '../../../numbers.ts';
import {
  quantityAt,
  type LifSimulateResult,
  type LossRecord,
  type NetworkGradJob,
  type NetworkGradResult,
  type NetworkJob,
  type NetworkLayer,
  type NetworkSimulateJob,
  type NetworkSimulateResult,
  type NeuronProblem,
  type Quantity,
} from '../../../jobs.ts';
import { layerInputs, layerProblem, parameterOf, parseLayerPath } from '../../../networks/layers.ts';
import { differentiateNetwork, simulateNetwork, type NetworkRun } from '../../../networks/network-loop.ts';
import { formOf, type LayerCotangents } from '../../../networks/network-loss.ts';
import { addParameterGradient } from '../../../neurons/terms.ts';
import { vectorsOf } from '../ir/lanes.ts';
import type { Kernel } from '../kernel-cache.ts';
import {
  backwardScratchRows,
  barArray,
  forwardScratchRows,
  keptArray,
  layerBackwardRequest,
  layerForwardRequest,
  recordArray,
  sumArray,
  type LayerBackwardSpec,
  type LayerKernelSpec,
} from '../kernels/layer-kernel.ts';
import { productItemRows, productKernelRequest } from '../kernels/matrix-kernels.ts';
import { setSurrogateParameters } from '../kernels/surrogate-kernel.ts';
import type { KernelContext, LaunchSteps } from '../launch-steps.ts';
import { layerKernels } from './network-kernels.ts';
import { addressesOf, allocateLists, inputLists, turnedLists, type Lists } from './lists.ts';
import { bySample, panelsOf, sumRows, transpose, transposedPanels } from './matrices.ts';
import { NetworkMemory, type Step, type Steps } from './memory.ts';
import { ProblemLayout } from '../problem-layout.ts';

export function networkSimulate(context: KernelContext, job: NetworkSimulateJob): LaunchSteps<NetworkSimulateResult> {
  return simulateNetwork(job, new WasmNetwork(context, job));
}

export function networkGrad(context: KernelContext, job: NetworkGradJob): LaunchSteps<NetworkGradResult> {
  return differentiateNetwork(job, new WasmNetwork(context, job));
}

/** A layer that has run: its addresses, and how its kernels are made. */
interface LayerRun {
  readonly layer: NetworkLayer;
  readonly problem: NeuronProblem;
  readonly layout: ProblemLayout;
  readonly spec: LayerKernelSpec;
  readonly backward: LayerBackwardSpec | undefined;
  readonly rowBytes: number;
  /** What it gets, by row. */
  readonly input: Lists;
  readonly inputs: number;
  /** [neurons, inputs]. */
  readonly weight: number;
  readonly integers: Readonly<Record<string, number>>;
  /** What its neurons return. */
  readonly spikes: Lists | undefined;
  /** Gradient with respect to the current, once it has run backward. */
  currentBar: number;
  /** Sums over time and samples by what they are of, once it has run backward: of terms, and of the gradient with respect to the current. */
  readonly sums: Map<string, Values>;
  /** The gradient with respect to the current in panels, once a weight's gradient has been asked for. */
  currentBarPanels?: number;
}

/** Samples that a recurrent layer runs backward together: its weights are read once for two of them. */
const maxGroup = 4;

/**
 * A network in an arena: products of what is active add rows of the transposed weights, and so do the gradients of weights, whose lists are those of the
 * inputs turned; what goes back to the layer below is a dense product.
 */
class WasmNetwork implements NetworkRun<Step, Kernel | undefined> {
  readonly #memory: NetworkMemory;
  readonly #job: NetworkJob;
  readonly #layers: LayerRun[] = [];

  constructor(context: KernelContext, job: NetworkJob) {
    this.#memory = new NetworkMemory(context, job);
    this.#job = job;
  }

  *forward(index: number, record: readonly string[]): Steps<LifSimulateResult> {
    const memory = this.#memory;
    const { samples, steps, layers } = memory.network;
    const layer = layers[index]!;
    const { neurons, recurrent, bias } = layer;
    const problem = layerProblem(memory.network, index);
    const below = this.#layers[index - 1];
    const input = below === undefined ? yield* inputLists(memory) : below.spikes!;
    const layout = new ProblemLayout(memory.arena, memory.lanes.dtype, problem);
    yield* layout.loops.run();
    setSurrogateParameters(layout.parameters, layer.surrogate);
    const { spec, backward } = layerKernels(this.#job, index, layout.spec);
    const rowBytes = memory.lanes.bytes * layout.padded;
    const inputs = layerInputs(memory.network, index);
    const weight = yield* memory.put(layer.weight, neurons * inputs);
    const panels = yield* transposedPanels(memory, weight, neurons, inputs);
    const start = bias === undefined ? 0 : yield* memory.put(bias, neurons);
    const current = yield* sumRows(memory, input, { panels, matrixRows: inputs, width: layout.padded, rows: memory.rows, start });

    const { step } = layout.program;
    const integers: Record<string, number> = { ...layout.integers, rowBytes, current, samples };
    if (recurrent !== undefined) {
      integers.recurrentWeight = yield* memory.put(recurrent, neurons * neurons);
      integers.recurrent = yield* transposedPanels(memory, integers.recurrentWeight, neurons, neurons);
      integers.drive = memory.arena.allocate(memory.rows * rowBytes);
    }
    let spikes: Lists | undefined;
    if (spec.listsSpikes) {
      spikes = allocateLists(memory, memory.rows, memory.rows * neurons, step.spikes !== undefined);
      Object.assign(integers, addressesOf(spikes));
    }
    for (const leaf of spec.kept) if (leaf !== 'current') integers[keptArray(leaf)] = memory.arena.allocate(memory.rows * rowBytes);
    for (const name of spec.record) integers[recordArray(name)] = memory.arena.allocate(memory.rows * rowBytes);
    const counts = (integers.spikeCountsArray = memory.arena.allocate(4 * samples * layout.padded));
    const sums = (integers['returned.sum'] = memory.arena.allocate(samples * rowBytes));
    const final = (integers['v.final'] = memory.arena.allocate(samples * rowBytes));
    const scratchBytes = rowBytes * forwardScratchRows(spec);
    yield* memory.launch(layerForwardRequest(spec), samples, integers, { parameters: layout.parameters, scratchBytes });
    this.#layers.push({
      layer,
      problem,
      layout,
      spec,
      backward,
      rowBytes,
      input,
      inputs,
      weight,
      integers,
      spikes,
      currentBar: 0,
      sums: new Map(),
    });

    const spikeCounts = yield* this.#withoutPadding(memory.readIntegers(counts, samples * layout.padded), layout.padded, neurons);
    const series: Record<string, Values | Uint8Array> = {};
    for (const name of spec.record) {
      const values = yield* bySample(memory, integers[recordArray(name)]!, rowBytes, neurons);
      series[name] = name === 'spikes' && step.spikes === undefined ? yield* this.#asBytes(values) : values;
    }
    const returned = spec.sumsReturned
      ? yield* this.#withoutPadding(memory.read(sums, samples * layout.padded), layout.padded, neurons)
      : spikeCounts;
    const rates = zeros(memory.lanes.dtype, record.includes('firing_rates') ? samples * neurons : 0);
    memory.loops.add(rates.length, (from, to) => {
      for (let b = from; b < to; b++) rates[b] = (returned[b]! / (steps * problem.dt)) * 1000;
    });
    yield* memory.loops.run();
    const finals = spec.writesFinal
      ? yield* this.#withoutPadding(memory.read(final, samples * layout.padded), layout.padded, neurons)
      : undefined;
    return {
      spike_counts: spikeCounts,
      ...(record.includes('firing_rates') && { firing_rates: rates }),
      ...(finals && { v_final: finals }),
      series,
    };
  }

  *backward(index: number, cotangents: LayerCotangents, scale: number): Steps<void> {
    const memory = this.#memory;
    const { samples } = memory.network;
    const run = this.#layers[index]!;
    const { layout, spec, rowBytes } = run;
    const backward = run.backward!;
    const integers: Record<string, number> = { ...run.integers };
    if (index < memory.network.layers.length - 1) integers[barArray('spikes', 'step')] = yield* this.#inputBars(index + 1);
    for (const record of Object.keys(cotangents) as LossRecord[]) {
      const quantity = cotangents[record]!;
      integers[barArray(record, formOf(quantity))] = yield* this.#putCotangents(quantity, scale, run);
    }
    const summed = [...backward.paths, ...(backward.sumsCurrent ? ['current'] : [])];
    for (const name of summed) integers[sumArray(name)] = memory.arena.allocate(samples * rowBytes);
    integers.currentBar = run.currentBar = memory.arena.allocate(memory.rows * rowBytes);
    const group = (integers.group = spec.isRecurrent ? Math.min(maxGroup, Math.max(1, samples)) : 1);
    const scratchBytes = rowBytes * group * backwardScratchRows(spec, backward);
    yield* memory.launch(layerBackwardRequest(spec, backward), Math.ceil(samples / group), integers, {
      parameters: layout.parameters,
      scratchBytes,
    });
    for (const name of summed) run.sums.set(name, yield* this.#sumOverSamples(run, integers[sumArray(name)]!));
  }

  *gradient(path: string): Steps<number | Values> {
    const memory = this.#memory;
    const parsed = parseLayerPath(path);
    if (parsed === undefined) {
      const rowBytes = memory.lanes.bytes * memory.padded(memory.network.inputs);
      return yield* bySample(memory, yield* this.#inputBars(0), rowBytes, memory.network.inputs);
    }
    const run = this.#layers[parsed.layer]!;
    const { neurons } = run.layer;
    if (parsed.name === 'weight') return yield* this.#matrixGradient(run, run.input, run.inputs, 0);
    if (parsed.name === 'recurrent') return yield* this.#matrixGradient(run, run.spikes!, neurons, 1);
    if (parsed.name === 'bias') return run.sums.get('current')!;
    let gradient: number | Values = 0;
    const { program } = run.layout;
    addParameterGradient(run.problem, program, parameterOf(parsed.name)!, (term) => run.sums.get(term)!, {
      loops: memory.loops,
      set: (value) => {
        gradient = value;
      },
    });
    yield* memory.loops.run();
    return gradient;
  }

  /** Gradient of a matrix by the lists that it was multiplied with, `delay` steps before: a row of the layer's current bars for each entry. */
  *#matrixGradient(run: LayerRun, lists: Lists, columns: number, delay: 0 | 1): Steps<Values> {
    const memory = this.#memory;
    const { layer, layout, currentBar } = run;
    const turned = yield* turnedLists(memory, lists, columns, delay);
    const width = layout.padded;
    const panels = (run.currentBarPanels ??= yield* panelsOf(memory, currentBar, width));
    const gradient = yield* sumRows(memory, turned, { panels, matrixRows: memory.rows, width, rows: columns, start: 0 });
    const out = memory.arena.allocate(memory.lanes.bytes * layer.neurons * columns);
    const rowBytes = memory.lanes.bytes * width;
    yield* transpose(
      memory,
      { source: gradient, sourceStride: rowBytes, batchBytes: 0 },
      { out, outStride: memory.lanes.bytes * columns, outBatchBytes: 0 },
      { matrices: 1, rows: columns, columns: layer.neurons, padded: columns, allRows: columns },
    );
    return memory.read(out, layer.neurons * columns);
  }

  /** Numbers that the backward pass has written for each sample, [neurons] each, summed in float64. */
  *#sumOverSamples({ layer, layout }: LayerRun, address: number): Steps<Values> {
    const memory = this.#memory;
    const { samples } = memory.network;
    const { neurons } = layer;
    const { padded } = layout;
    const rows = memory.arena.numbers(memory.lanes.dtype, address, samples * padded);
    const sums = new Float64Array(neurons);
    memory.loops.add(
      samples,
      (from, to) => {
        for (let sample = from; sample < to; sample++) for (let n = 0; n < neurons; n++) sums[n]! += rows[sample * padded + n]!;
      },
      memory.samplesPerSlice(neurons),
    );
    yield* memory.loops.run();
    return memory.lanes.dtype === 'float32' ? new Float32Array(sums) : sums;
  }

  /** Gradient with respect to what comes into a layer, a row of inputs for each sample and step. */
  *#inputBars(index: number): Steps<number> {
    const memory = this.#memory;
    const { layer, rowBytes, weight, inputs, currentBar } = this.#layers[index]!;
    const outStride = memory.lanes.bytes * memory.padded(inputs);
    const out = memory.arena.allocate(memory.rows * outStride);
    const vectors = vectorsOf(inputs, memory.lanes);
    const itemRows = productItemRows(layer.neurons, vectors);
    yield* memory.launch(productKernelRequest(memory.lanes), Math.ceil(memory.rows / itemRows), {
      a: currentBar,
      aStride: rowBytes,
      inner: layer.neurons,
      b: weight,
      bStride: memory.lanes.bytes * inputs,
      out,
      outStride,
      vectors,
      rows: memory.rows,
      itemRows,
    });
    return out;
  }

  *#asBytes(values: Values): Steps<Uint8Array> {
    const target = new Uint8Array(values.length);
    this.#memory.loops.add(values.length, (from, to) => {
      for (let i = from; i < to; i++) target[i] = values[i]!;
    });
    yield* this.#memory.loops.run();
    return target;
  }

  /** Cotangents as an array with a row for each sample, or for each sample and step. */
  *#putCotangents(quantity: Quantity, scale: number, { layer, layout }: LayerRun): Steps<number> {
    const memory = this.#memory;
    const { samples, steps } = memory.network;
    const { neurons } = layer;
    const { padded } = layout;
    const { dtype, bytes } = memory.lanes;
    const isPerStep = quantity.per === 'step';
    const length = (isPerStep ? memory.rows : samples) * padded;
    const address = memory.arena.allocate(bytes * length);
    const target = memory.arena.numbers(dtype, address, length);
    memory.loops.add(length, (from, to) => {
      target.fill(0, from, to);
    });
    memory.loops.add(samples * neurons * (isPerStep ? steps : 1), (from, to) => {
      for (let i = from; i < to; i++) {
        const b = isPerStep ? Math.floor(i / steps) : i;
        const t = isPerStep ? i - b * steps : 0;
        const sample = Math.floor(b / neurons);
        const row = isPerStep ? sample * steps + t : sample;
        target[row * padded + b - sample * neurons] = scale * (isPerStep ? valueAt(quantity.values, i) : quantityAt(quantity, b, 0, steps));
      }
    });
    yield* memory.loops.run();
    return address;
  }

  /** Rows of `padded` numbers without what fills their last vector. */
  *#withoutPadding<A extends Values | Int32Array>(values: A, padded: number, neurons: number): Steps<A> {
    const memory = this.#memory;
    if (padded === neurons) return values;
    const { samples } = memory.network;
    const length = samples * neurons;
    // Not a copy, which would be made at once.
    const kept = (values instanceof Int32Array ? new Int32Array(length) : zeros(memory.lanes.dtype, length)) as A;
    memory.loops.add(
      samples,
      (from, to) => {
        for (let sample = from; sample < to; sample++)
          for (let n = 0; n < neurons; n++) kept[sample * neurons + n] = values[sample * padded + n]!;
      },
      memory.samplesPerSlice(neurons),
    );
    yield* memory.loops.run();
    return kept;
  }
}
