import type { Arena } from '../../engine/arena.ts';
import { areBits, materialize, sliceLength, sliceNumbers, valueAt, zeros, type Numbers, type Values } from '../../generated-numbers.ts';
import {
  dtypeOf,
  quantityAt,
  type LifSimulateResult,
  type LossRecord,
  type Network,
  type NetworkGradJob,
  type NetworkGradResult,
  type NetworkJob,
  type NetworkLayer,
  type NetworkSimulateJob,
  type NetworkSimulateResult,
  type NeuronProblem,
  type Quantity,
} from '../../jobs.ts';
import { layerInputs, layerProblem, parameterOf, parseLayerPath } from '../../networks/layers.ts';
import { differentiateNetwork, simulateNetwork, type NetworkRun } from '../../networks/network-loop.ts';
import { formOf, type LayerCotangents } from '../../networks/network-loss.ts';
import { addParameterGradient } from '../../neuron-problem.ts';
import { SlicedLoops, type pause } from '../../sliced-loops.ts';
import { lanesOf, vectorsOf, type LaneType } from './ir/lanes.ts';
import type { Kernel, KernelRequest } from './kernel-cache.ts';
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
} from './kernels/layer-kernel.ts';
import { bitListKernelRequest, listKernelRequest, turnKernelRequest } from './kernels/list-kernels.ts';
import {
  panelItems,
  panelKernelRequest,
  panelStride,
  productItemRows,
  productKernelRequest,
  sumItems,
  sumKernelRequest,
  transposeItems,
  transposeKernelRequest,
} from './kernels/matrix-kernels.ts';
import { setSurrogateParameters } from './kernels/surrogate-kernel.ts';
import type { KernelContext, Launch, LaunchPlan } from './launch-plan.ts';
import { layerKernels } from './network-kernels.ts';
import { ProblemLayout } from './problem-layout.ts';

type Step = KernelRequest | Launch | typeof pause;
type Steps<R> = Generator<Step, R, Kernel | undefined>;

export function networkSimulate(context: KernelContext, job: NetworkSimulateJob): LaunchPlan<NetworkSimulateResult> {
  return simulateNetwork(job, new WasmNetwork(context, job));
}

export function networkGrad(context: KernelContext, job: NetworkGradJob): LaunchPlan<NetworkGradResult> {
  return differentiateNetwork(job, new WasmNetwork(context, job));
}

/** Lists of the numbers that are not 0, a list a row: addresses of where each begins and ends among the indices, and of the numbers where they are not 1. */
interface Lists {
  readonly starts: number;
  readonly ends: number;
  readonly indices: number;
  readonly numbers: number | undefined;
  /** The most entries that they have. */
  readonly entries: number;
}

/** A layer that has run: its addresses, and how its kernels are made. */
interface LayerMemory {
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

/** As kernels know them. */
function addressesOf({ starts, ends, indices, numbers }: Lists): Record<string, number> {
  return { starts, ends, indices, ...(numbers !== undefined && { numbers }) };
}

/** Samples that a recurrent layer runs backward together: its weights are read once for two of them. */
const maxGroup = 4;

/**
 * A network in an arena: products of what is active add rows of the transposed weights, and so do the gradients of weights, whose lists are those of the
 * inputs turned; what goes back to the layer below is a dense product.
 */
class WasmNetwork implements NetworkRun<Step, Kernel | undefined> {
  readonly #context: KernelContext;
  readonly #arena: Arena;
  readonly #network: Network;
  readonly #lanes: LaneType;
  readonly #job: NetworkJob;
  readonly #layers: LayerMemory[] = [];
  readonly #loops = new SlicedLoops();
  /** Rows of arrays over time. */
  readonly #rows: number;

  constructor(context: KernelContext, job: NetworkJob) {
    this.#context = context;
    this.#arena = context.arena;
    this.#job = job;
    this.#network = job.network;
    this.#lanes = lanesOf[dtypeOf(job)];
    this.#rows = job.network.samples * job.network.steps;
  }

  *forward(index: number, record: readonly string[]): Steps<LifSimulateResult> {
    const { samples, steps, layers } = this.#network;
    const layer = layers[index]!;
    const { neurons, recurrent, bias } = layer;
    const problem = layerProblem(this.#network, index);
    const below = this.#layers[index - 1];
    const input = below === undefined ? yield* this.#inputLists() : below.spikes!;
    const layout = new ProblemLayout(this.#arena, this.#lanes.dtype, problem);
    yield* layout.loops.run();
    setSurrogateParameters(layout.parameters, layer.surrogate);
    const { spec, backward } = layerKernels(this.#job, index, layout.spec);
    const rowBytes = this.#lanes.bytes * layout.padded;
    const inputs = layerInputs(this.#network, index);
    const weight = yield* this.#put(layer.weight, neurons * inputs);
    const panels = yield* this.#transposedPanels(weight, neurons, inputs);
    const start = bias === undefined ? 0 : yield* this.#put(bias, neurons);
    const current = yield* this.#sums(input, { panels, matrixRows: inputs, width: layout.padded, rows: this.#rows, start });

    const { step } = layout.program;
    const integers: Record<string, number> = { ...layout.integers, rowBytes, current, samples };
    if (recurrent !== undefined) {
      integers.recurrentWeight = yield* this.#put(recurrent, neurons * neurons);
      integers.recurrent = yield* this.#transposedPanels(integers.recurrentWeight, neurons, neurons);
      integers.drive = this.#arena.allocate(this.#rows * rowBytes);
    }
    let spikes: Lists | undefined;
    if (spec.listsSpikes) {
      spikes = this.#allocateLists(this.#rows, this.#rows * neurons, step.spikes !== undefined);
      Object.assign(integers, addressesOf(spikes));
    }
    for (const leaf of spec.kept) if (leaf !== 'current') integers[keptArray(leaf)] = this.#arena.allocate(this.#rows * rowBytes);
    for (const name of spec.record) integers[recordArray(name)] = this.#arena.allocate(this.#rows * rowBytes);
    const counts = (integers.spikeCountsArray = this.#arena.allocate(4 * samples * layout.padded));
    const sums = (integers['returned.sum'] = this.#arena.allocate(samples * rowBytes));
    const final = (integers['v.final'] = this.#arena.allocate(samples * rowBytes));
    const scratchBytes = rowBytes * forwardScratchRows(spec);
    yield* this.#launch(layerForwardRequest(spec), samples, integers, { parameters: layout.parameters, scratchBytes });
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

    const spikeCounts = yield* this.#withoutPadding(this.#readIntegers(counts, samples * layout.padded), layout.padded, neurons);
    const series: Record<string, Values | Uint8Array> = {};
    for (const name of spec.record) {
      const values = yield* this.#bySample(integers[recordArray(name)]!, rowBytes, neurons);
      series[name] = name === 'spikes' && step.spikes === undefined ? yield* this.#asBytes(values) : values;
    }
    const returned = spec.sumsReturned
      ? yield* this.#withoutPadding(this.#read(sums, samples * layout.padded), layout.padded, neurons)
      : spikeCounts;
    const rates = zeros(this.#lanes.dtype, record.includes('firing_rates') ? samples * neurons : 0);
    this.#loops.add(rates.length, (from, to) => {
      for (let b = from; b < to; b++) rates[b] = (returned[b]! / (steps * problem.dt)) * 1000;
    });
    yield* this.#loops.run();
    const finals = spec.writesFinal
      ? yield* this.#withoutPadding(this.#read(final, samples * layout.padded), layout.padded, neurons)
      : undefined;
    return {
      spike_counts: spikeCounts,
      ...(record.includes('firing_rates') && { firing_rates: rates }),
      ...(finals && { v_final: finals }),
      series,
    };
  }

  *backward(index: number, cotangents: LayerCotangents, scale: number): Steps<void> {
    const { samples } = this.#network;
    const memory = this.#layers[index]!;
    const { layout, spec, rowBytes } = memory;
    const backward = memory.backward!;
    const integers: Record<string, number> = { ...memory.integers };
    if (index < this.#network.layers.length - 1) integers[barArray('spikes', 'step')] = yield* this.#inputBars(index + 1);
    for (const record of Object.keys(cotangents) as LossRecord[]) {
      const quantity = cotangents[record]!;
      integers[barArray(record, formOf(quantity))] = yield* this.#putCotangents(quantity, scale, memory);
    }
    const summed = [...backward.paths, ...(backward.sumsCurrent ? ['current'] : [])];
    for (const name of summed) integers[sumArray(name)] = this.#arena.allocate(samples * rowBytes);
    integers.currentBar = memory.currentBar = this.#arena.allocate(this.#rows * rowBytes);
    const group = (integers.group = spec.isRecurrent ? Math.min(maxGroup, Math.max(1, samples)) : 1);
    const scratchBytes = rowBytes * group * backwardScratchRows(spec, backward);
    yield* this.#launch(layerBackwardRequest(spec, backward), Math.ceil(samples / group), integers, {
      parameters: layout.parameters,
      scratchBytes,
    });
    for (const name of summed) memory.sums.set(name, yield* this.#sumOverSamples(memory, integers[sumArray(name)]!));
  }

  *gradient(path: string): Steps<number | Values> {
    const parsed = parseLayerPath(path);
    if (parsed === undefined) {
      const rowBytes = this.#lanes.bytes * this.#padded(this.#network.inputs);
      return yield* this.#bySample(yield* this.#inputBars(0), rowBytes, this.#network.inputs);
    }
    const memory = this.#layers[parsed.layer]!;
    const { neurons } = memory.layer;
    if (parsed.name === 'weight') return yield* this.#matrixGradient(memory, memory.input, memory.inputs, 0);
    if (parsed.name === 'recurrent') return yield* this.#matrixGradient(memory, memory.spikes!, neurons, 1);
    if (parsed.name === 'bias') return memory.sums.get('current')!;
    let gradient: number | Values = 0;
    const { program } = memory.layout;
    addParameterGradient(memory.problem, program, parameterOf(parsed.name)!, (term) => memory.sums.get(term)!, {
      loops: this.#loops,
      set: (value) => {
        gradient = value;
      },
    });
    yield* this.#loops.run();
    return gradient;
  }

  /** Gradient of a matrix by the lists that it was multiplied with, `delay` steps before: a row of the layer's current bars for each entry. */
  *#matrixGradient(memory: LayerMemory, lists: Lists, columns: number, delay: 0 | 1): Steps<Values> {
    const { layer, layout, currentBar } = memory;
    const turned = yield* this.#turned(lists, columns, delay);
    const width = layout.padded;
    const panels = (memory.currentBarPanels ??= yield* this.#panels(currentBar, width));
    const gradient = yield* this.#sums(turned, { panels, matrixRows: this.#rows, width, rows: columns, start: 0 });
    const out = this.#arena.allocate(this.#lanes.bytes * layer.neurons * columns);
    const rowBytes = this.#lanes.bytes * width;
    yield* this.#transpose(
      { source: gradient, sourceStride: rowBytes, batchBytes: 0 },
      { out, outStride: this.#lanes.bytes * columns, outBatchBytes: 0 },
      { matrices: 1, rows: columns, columns: layer.neurons, padded: columns, allRows: columns },
    );
    return this.#read(out, layer.neurons * columns);
  }

  /** Numbers that the backward pass has written for each sample, [neurons] each, summed in float64. */
  *#sumOverSamples({ layer, layout }: LayerMemory, address: number): Steps<Values> {
    const { samples } = this.#network;
    const { neurons } = layer;
    const { padded } = layout;
    const rows = this.#arena.numbers(this.#lanes.dtype, address, samples * padded);
    const sums = new Float64Array(neurons);
    this.#loops.add(
      samples,
      (from, to) => {
        for (let sample = from; sample < to; sample++) for (let n = 0; n < neurons; n++) sums[n]! += rows[sample * padded + n]!;
      },
      this.#samplesPerSlice(neurons),
    );
    yield* this.#loops.run();
    return this.#lanes.dtype === 'float32' ? new Float32Array(sums) : sums;
  }

  #samplesPerSlice(neurons: number): number {
    return Math.max(1, Math.floor(sliceLength / Math.max(1, neurons)));
  }

  /** Gradient with respect to what comes into a layer, a row of inputs for each sample and step. */
  *#inputBars(index: number): Steps<number> {
    const { layer, rowBytes, weight, inputs, currentBar } = this.#layers[index]!;
    const outStride = this.#lanes.bytes * this.#padded(inputs);
    const out = this.#arena.allocate(this.#rows * outStride);
    const vectors = vectorsOf(inputs, this.#lanes);
    const itemRows = productItemRows(layer.neurons, vectors);
    yield* this.#launch(productKernelRequest(this.#lanes), Math.ceil(this.#rows / itemRows), {
      a: currentBar,
      aStride: rowBytes,
      inner: layer.neurons,
      b: weight,
      bStride: this.#lanes.bytes * inputs,
      out,
      outStride,
      vectors,
      rows: this.#rows,
      itemRows,
    });
    return out;
  }

  /** Lists of the network's input. */
  *#inputLists(): Steps<Lists> {
    const { input, samples, inputs, steps } = this.#network;
    if (input.form === 'events') return yield* this.#eventLists(input);
    const { bytes } = this.#lanes;
    const lists = this.#allocateLists(this.#rows, this.#rows * inputs, false);
    if (areBits(input.values)) {
      const { stored, offset: firstBit } = input.values;
      const integers = { ...addressesOf(lists), source: this.#putBytes(stored), firstBit, inputs, steps };
      yield* this.#launch(bitListKernelRequest(), samples, integers);
      return lists;
    }
    const source = yield* this.#put(input.values, samples * inputs * steps);
    const flags = this.#arena.allocate(4 * samples);
    const integers = { starts: lists.starts, ends: lists.ends, indices: lists.indices, source, inputs, steps, flags };
    yield* this.#launch(listKernelRequest(this.#lanes, false), samples, integers);
    if (!this.#arena.integers(flags, samples).includes(1)) return lists;
    const numbers = this.#arena.allocate(bytes * this.#rows * inputs);
    yield* this.#launch(listKernelRequest(this.#lanes, true), samples, { ...integers, numbers });
    return { ...lists, numbers };
  }

  /** Lists of events: sorted by row, in the order in which they were sent within one. */
  *#eventLists({ sample, neuron, step }: Extract<Network['input'], { form: 'events' }>): Steps<Lists> {
    const { steps } = this.#network;
    const events = sample.length;
    const samples = yield* this.#integers(sample);
    const neurons = yield* this.#integers(neuron);
    const times = yield* this.#integers(step);
    const starts = this.#arena.allocate(4 * (this.#rows + 1));
    const indices = this.#arena.allocate(4 * events);
    const bounds = this.#arena.integers(starts, this.#rows + 1);
    const places = this.#arena.integers(indices, events);
    const cursors = new Int32Array(this.#rows);
    this.#loops.add(bounds.length, (from, to) => {
      bounds.fill(0, from, to);
    });
    this.#loops.add(events, (from, to) => {
      for (let i = from; i < to; i++) bounds[samples[i]! * steps + times[i]! + 1]!++;
    });
    this.#loops.add(this.#rows, (from, to) => {
      for (let row = from; row < to; row++) bounds[row + 1]! += cursors[row] = bounds[row]!;
    });
    this.#loops.add(events, (from, to) => {
      for (let i = from; i < to; i++) places[cursors[samples[i]! * steps + times[i]!]!++] = neurons[i]!;
    });
    yield* this.#loops.run();
    return { starts, ends: starts + 4, indices, numbers: undefined, entries: events };
  }

  *#integers(numbers: Numbers): Steps<Int32Array> {
    const integers = new Int32Array(numbers.length);
    this.#loops.add(numbers.length, (from, to) => {
      integers.set(materialize(sliceNumbers(numbers, from, to)), from);
    });
    yield* this.#loops.run();
    return integers;
  }

  /** The lists of columns: of each the rows in whose lists it is, moved on by `delay` steps; what would be after the last step is left out. */
  *#turned(lists: Lists, columns: number, delay: 0 | 1): Steps<Lists> {
    const isWeighted = lists.numbers !== undefined;
    const turned = this.#allocateLists(columns, lists.entries, isWeighted);
    yield* this.#launch(turnKernelRequest(this.#lanes, isWeighted), 1, {
      ...addressesOf(lists),
      turnedStarts: turned.starts,
      turnedEnds: turned.ends,
      turnedIndices: turned.indices,
      ...(isWeighted && { turnedNumbers: turned.numbers! }),
      rows: this.#rows,
      steps: this.#network.steps,
      delay,
      columns,
    });
    return turned;
  }

  #allocateLists(rows: number, entries: number, isWeighted: boolean): Lists {
    const { bytes } = this.#lanes;
    return {
      starts: this.#arena.allocate(4 * rows),
      ends: this.#arena.allocate(4 * rows),
      indices: this.#arena.allocate(4 * entries),
      numbers: isWeighted ? this.#arena.allocate(bytes * entries) : undefined,
      entries,
    };
  }

  /** Sums of rows of a matrix by lists, `rows` rows as wide as the matrix's. */
  *#sums(
    lists: Lists,
    { panels, matrixRows, width, rows, start }: Readonly<Record<'panels' | 'matrixRows' | 'width' | 'rows' | 'start', number>>,
  ): Steps<number> {
    const vectors = vectorsOf(width, this.#lanes);
    const out = this.#arena.allocate(this.#lanes.bytes * rows * width);
    const panelBytes = matrixRows * panelStride;
    const integers = { ...addressesOf(lists), matrix: panels, panelBytes, start, out, rows, vectors };
    yield* this.#launch(sumKernelRequest(this.#lanes, lists.numbers !== undefined), sumItems(rows, vectors), integers);
    return out;
  }

  /** An array over time in panels. */
  *#panels(source: number, width: number): Steps<number> {
    const stride = this.#lanes.bytes * width;
    const out = this.#arena.allocate(Math.ceil(stride / panelStride) * this.#rows * panelStride);
    const integers = { source, stride, out, panelBytes: this.#rows * panelStride, rows: this.#rows };
    yield* this.#launch(panelKernelRequest(), panelItems(this.#rows), integers);
    return out;
  }

  /** A matrix transposed, in panels. */
  *#transposedPanels(source: number, rows: number, columns: number): Steps<number> {
    const { bytes } = this.#lanes;
    const width = panelStride / bytes;
    const panels = Math.ceil(rows / width);
    const out = this.#arena.allocate(panels * columns * panelStride);
    yield* this.#transpose(
      { source, sourceStride: bytes * columns, batchBytes: width * bytes * columns },
      { out, outStride: panelStride, outBatchBytes: columns * panelStride },
      { matrices: panels, rows: width, columns, padded: width, allRows: rows },
    );
    return out;
  }

  *#transpose(
    from: Readonly<Record<'source' | 'sourceStride' | 'batchBytes', number>>,
    to: Readonly<Record<'out' | 'outStride' | 'outBatchBytes', number>>,
    { matrices, ...shape }: Readonly<Record<'matrices' | 'rows' | 'columns' | 'padded' | 'allRows', number>>,
  ): Steps<void> {
    yield* this.#launch(transposeKernelRequest(this.#lanes), transposeItems(matrices, shape.columns), { ...from, ...to, ...shape });
  }

  /** An array over time as numbers [samples, neurons, steps]. */
  *#bySample(source: number, rowBytes: number, neurons: number): Steps<Values> {
    const { samples, steps } = this.#network;
    const { bytes } = this.#lanes;
    const out = this.#arena.allocate(bytes * samples * neurons * steps);
    yield* this.#transpose(
      { source, sourceStride: rowBytes, batchBytes: steps * rowBytes },
      { out, outStride: bytes * steps, outBatchBytes: bytes * neurons * steps },
      { matrices: samples, rows: steps, columns: neurons, padded: steps, allRows: samples * steps },
    );
    return this.#read(out, samples * neurons * steps);
  }

  *#asBytes(values: Values): Steps<Uint8Array> {
    const target = new Uint8Array(values.length);
    this.#loops.add(values.length, (from, to) => {
      for (let i = from; i < to; i++) target[i] = values[i]!;
    });
    yield* this.#loops.run();
    return target;
  }

  /** Cotangents as an array with a row for each sample, or for each sample and step. */
  *#putCotangents(quantity: Quantity, scale: number, { layer, layout }: LayerMemory): Steps<number> {
    const { samples, steps } = this.#network;
    const { neurons } = layer;
    const { padded } = layout;
    const { dtype, bytes } = this.#lanes;
    const isPerStep = quantity.per === 'step';
    const length = (isPerStep ? this.#rows : samples) * padded;
    const address = this.#arena.allocate(bytes * length);
    const target = this.#arena.numbers(dtype, address, length);
    this.#loops.add(length, (from, to) => {
      target.fill(0, from, to);
    });
    this.#loops.add(samples * neurons * (isPerStep ? steps : 1), (from, to) => {
      for (let i = from; i < to; i++) {
        const b = isPerStep ? Math.floor(i / steps) : i;
        const t = isPerStep ? i - b * steps : 0;
        const sample = Math.floor(b / neurons);
        const row = isPerStep ? sample * steps + t : sample;
        target[row * padded + b - sample * neurons] = scale * (isPerStep ? valueAt(quantity.values, i) : quantityAt(quantity, b, 0, steps));
      }
    });
    yield* this.#loops.run();
    return address;
  }

  /** Bytes in the arena. */
  #putBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    if (this.#arena.holds(bytes)) return byteOffset;
    const address = this.#arena.allocate(byteLength);
    this.#arena.setBytes(address, bytes);
    return address;
  }

  /** Numbers in the arena, with a vector's room behind them. */
  *#put(numbers: Numbers, length: number): Steps<number> {
    const address = this.#arena.put(this.#lanes.dtype, numbers, length + this.#lanes.count, this.#loops);
    yield* this.#loops.run();
    return address;
  }

  *#launch(
    request: KernelRequest,
    items: number,
    integers: Readonly<Record<string, number>>,
    { parameters = {}, scratchBytes = 0 }: { readonly parameters?: Readonly<Record<string, number>>; readonly scratchBytes?: number } = {},
  ): Steps<void> {
    const kernel = this.#context.kernels.find(request.key) ?? (yield request)!;
    yield { kernel, argumentBlock: kernel.layout.write(this.#arena, integers, parameters), vectors: items, scratchBytes };
  }

  #padded(neurons: number): number {
    return this.#lanes.count * vectorsOf(neurons, this.#lanes);
  }

  #read(address: number, length: number): Values {
    const { bytes, dtype } = this.#lanes;
    return this.#context.readBack(this.#arena, address, address + bytes * length).numbers(dtype, address, length);
  }

  #readIntegers(address: number, length: number): Int32Array {
    return this.#context.readBack(this.#arena, address, address + 4 * length).integers(address, length);
  }

  /** Rows of `padded` numbers without what fills their last vector. */
  *#withoutPadding<A extends Values | Int32Array>(values: A, padded: number, neurons: number): Steps<A> {
    if (padded === neurons) return values;
    const { samples } = this.#network;
    const length = samples * neurons;
    // Not a copy, which would be made at once.
    const kept = (values instanceof Int32Array ? new Int32Array(length) : zeros(this.#lanes.dtype, length)) as A;
    this.#loops.add(
      samples,
      (from, to) => {
        for (let sample = from; sample < to; sample++)
          for (let n = 0; n < neurons; n++) kept[sample * neurons + n] = values[sample * padded + n]!;
      },
      this.#samplesPerSlice(neurons),
    );
    yield* this.#loops.run();
    return kept;
  }
}
