import type { NumberAlgebra } from '../../float64-algebra.ts';
import { atOnce, materialize, type Numbers, type Values } from '../../generated-numbers.ts';
import {
  maxSpikeCount,
  quantityAt,
  recordPer,
  type LifSimulateResult,
  type LossRecord,
  type Network,
  type NetworkLayer,
  type NeuronProblem,
} from '../../jobs.ts';
import { layerInputs, layerProblem, layerWrt, parameterOf, parseLayerPath } from '../../networks/layers.ts';
import type { NetworkRun } from '../../networks/network-loop.ts';
import type { LayerCotangents } from '../../networks/network-loss.ts';
import { addParameterGradient, pathsOf } from '../../neuron-problem.ts';
import { backwardStep, initialPath, isInitial, recordBarLeaf, stateBarLeaf, stateLeaf, termLeaf } from '../../neurons/program.ts';
import { NumberProgram } from '../../number-program.ts';
import { ProblemNumbers, seriesOf, stepOutputs } from './forward-run.ts';
import type { StopCheck } from './stop-check.ts';
import { surrogateFunctions } from './surrogates.ts';

/** A network's arithmetic. */
interface Arithmetic {
  readonly ops: NumberAlgebra;
  readonly stop: StopCheck;
}

/** Runs a network number by number; arrays over a layer's neurons are those of all samples, [samples, neurons, steps] row-major. */
export class ReferenceNetwork implements NetworkRun<never, unknown> {
  readonly #network: Network;
  readonly #wrt: readonly string[];
  readonly #layers: ReferenceLayer[] = [];
  readonly #input: ActiveRows;
  readonly #arithmetic: Arithmetic;

  /** @param wrt the paths of which gradients are asked for. */
  constructor(network: Network, wrt: readonly string[], ops: NumberAlgebra, stop: StopCheck) {
    this.#network = network;
    this.#wrt = wrt;
    this.#arithmetic = { ops, stop };
    this.#input = activeInputs(network, this.#arithmetic);
  }

  *forward(index: number, record: readonly string[]): Generator<never, LifSimulateResult> {
    const layer = new ReferenceLayer(this.#network, index, this.#arithmetic);
    layer.forward(this.#inputOf(index));
    this.#layers.push(layer);
    return layer.records(record);
  }

  *backward(index: number, cotangents: LayerCotangents, scale: number): Generator<never, void> {
    const { parameters } = layerWrt(this.#wrt, index);
    this.#layers[index]!.backward(cotangents, { scale, above: this.#layers[index + 1], parameters });
  }

  *gradient(path: string): Generator<never, number | Values> {
    const parsed = parseLayerPath(path);
    if (parsed === undefined) return this.#layers[0]!.inputBars();
    return this.#layers[parsed.layer]!.gradient(parsed.name, this.#inputOf(parsed.layer));
  }

  #inputOf(layer: number): ActiveRows {
    return layer === 0 ? this.#input : this.#layers[layer - 1]!.activeRows();
  }
}

/** What is not 0, for each sample and step: entries [starts[row], starts[row + 1]), of which each is a number of one input. */
interface ActiveRows {
  readonly starts: Int32Array;
  readonly inputs: Int32Array;
  readonly values: Float64Array;
}

function activeInputs({ input, samples, inputs, steps }: Network, arithmetic: Arithmetic): ActiveRows {
  if (input.form === 'dense') return activeOf(constants(input.values, arithmetic.ops), { samples, width: inputs, steps }, arithmetic);
  const [sample, neuron, step] = [input.sample, input.neuron, input.step].map(materialize) as [Values, Values, Values];
  const rowOf = (event: number): number => sample[event]! * steps + step[event]!;
  const { starts, places } = sortedByRow(sample.length, samples * steps, rowOf, arithmetic.stop);
  const rows = { starts, inputs: new Int32Array(sample.length), values: new Float64Array(sample.length).fill(1) };
  for (let event = 0; event < sample.length; event++) rows.inputs[places[event]!] = neuron[event]!;
  return rows;
}

/** What is not 0 of numbers [samples, width, steps]. */
function activeOf(
  numbers: Float64Array,
  { samples, width, steps }: { readonly samples: number; readonly width: number; readonly steps: number },
  { stop }: Arithmetic,
): ActiveRows {
  const active: number[] = [];
  for (let i = 0; i < numbers.length; i++) {
    stop.step();
    if (numbers[i] !== 0) active.push(i);
  }
  const rowOf = (entry: number): number => Math.floor(active[entry]! / (width * steps)) * steps + (active[entry]! % steps);
  const { starts, places } = sortedByRow(active.length, samples * steps, rowOf, stop);
  const rows = { starts, inputs: new Int32Array(active.length), values: new Float64Array(active.length) };
  for (const [entry, index] of active.entries()) {
    rows.inputs[places[entry]!] = Math.floor(index / steps) % width;
    rows.values[places[entry]!] = numbers[index]!;
  }
  return rows;
}

/** Where each row begins, and the place of each entry: those of a row one after another, in their order. */
function sortedByRow(entries: number, rows: number, rowOf: (entry: number) => number, stop: StopCheck) {
  const starts = new Int32Array(rows + 1);
  for (let entry = 0; entry < entries; entry++) {
    stop.step();
    starts[rowOf(entry) + 1]!++;
  }
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
  const next = starts.slice();
  const places = new Int32Array(entries);
  for (let entry = 0; entry < entries; entry++) {
    stop.step();
    places[entry] = next[rowOf(entry)]!++;
  }
  return { starts, places };
}

function constants(numbers: Numbers, ops: NumberAlgebra): Float64Array {
  return Float64Array.from(materialize(numbers), (value) => ops.constant(value));
}

interface BackwardOptions {
  /** Multiplies the cotangents. */
  readonly scale: number;
  /** The layer above, which has run backward. */
  readonly above: ReferenceLayer | undefined;
  /** The parameters of the neurons that gradients are asked for of. */
  readonly parameters: readonly string[];
}

/** One layer's weights and its neurons' run. */
class ReferenceLayer {
  /** What the neurons return. */
  readonly returned: Float64Array;
  readonly #samples: number;
  readonly #inputs: number;
  readonly #layer: NetworkLayer;
  readonly #problem: NeuronProblem;
  readonly #numbers: ProblemNumbers;
  readonly #arithmetic: Arithmetic;
  readonly #weight: Float64Array;
  readonly #recurrent: Float64Array | undefined;
  readonly #current: Float64Array;
  /** By what a step gives, [samples, neurons, steps + 1]: states before each step and after the last. */
  readonly #trace: ReadonlyMap<string, Float64Array>;
  #active: ActiveRows | undefined;
  /** Gradient with respect to the current. */
  #currentBar = new Float64Array(0);
  /** By the paths of terms, [neurons], summed over samples. */
  readonly #sums = new Map<string, Float64Array>();

  constructor(network: Network, index: number, arithmetic: Arithmetic) {
    const { samples, steps } = network;
    const { ops } = arithmetic;
    this.#samples = samples;
    this.#inputs = layerInputs(network, index);
    this.#layer = network.layers[index]!;
    this.#problem = layerProblem(network, index);
    this.#numbers = new ProblemNumbers(this.#problem, ops);
    this.#arithmetic = arithmetic;
    const { neurons, weight, recurrent } = this.#layer;
    this.#weight = constants(weight, ops);
    this.#recurrent = recurrent && constants(recurrent, ops);
    this.#current = new Float64Array(samples * neurons * steps);
    this.returned = new Float64Array(samples * neurons * steps);
    this.#trace = new Map(stepOutputs(this.#numbers.program).map(([name]) => [name, new Float64Array(samples * neurons * (steps + 1))]));
  }

  forward(input: ActiveRows): void {
    const { steps, neurons } = this.#problem;
    const { ops, stop } = this.#arithmetic;
    const { program } = this.#numbers;
    const { states } = program.step;
    const bias = this.#layer.bias && constants(this.#layer.bias, ops);
    const outputs = stepOutputs(program);
    const step = new NumberProgram(
      outputs.map(([, expression]) => expression),
      ops,
      surrogateFunctions(this.#layer.surrogate, ops),
    );
    const read = this.#readers(step.leaves);
    const targets = outputs.map(([name], i) => ({ series: this.#trace.get(name)!, shift: i < states.length ? 1 : 0 }));
    const returned = this.#trace.get('spikes')!;
    const values = new Float64Array(step.leaves.length);
    const results = new Float64Array(outputs.length);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let n = 0; n < neurons; n++) {
        const at = (sample * neurons + n) * (steps + 1);
        for (const state of states) this.#trace.get(stateLeaf(state))![at] = this.#numbers.initial(state, n);
      }
      for (let t = 0; t < steps; t++) {
        for (let n = 0; n < neurons; n++) {
          stop.step();
          const b = sample * neurons + n;
          let current = bias?.[n] ?? 0;
          const row = sample * steps + t;
          for (let i = input.starts[row]!; i < input.starts[row + 1]!; i++) {
            stop.step();
            current = ops.add(current, ops.mul(this.#weight[n * this.#inputs + input.inputs[i]!]!, input.values[i]!));
          }
          if (this.#recurrent !== undefined && t > 0) current = this.#addRecurrent(current, n, sample, t - 1);
          this.#current[b * steps + t] = current;
          for (let i = 0; i < values.length; i++) values[i] = read[i]!(b, t);
          step.run(values, results);
          for (const [i, { series, shift }] of targets.entries()) series[b * (steps + 1) + t + shift] = results[i]!;
        }
        for (let b = sample * neurons; b < (sample + 1) * neurons; b++) this.returned[b * steps + t] = returned[b * (steps + 1) + t]!;
      }
    }
  }

  /** Adds row n of the recurrent weights times what the layer has returned in step t. */
  #addRecurrent(start: number, n: number, sample: number, t: number): number {
    const { ops, stop } = this.#arithmetic;
    const { neurons, steps } = this.#problem;
    let sum = start;
    for (let k = 0; k < neurons; k++) {
      stop.step();
      const value = this.returned[(sample * neurons + k) * steps + t]!;
      if (value !== 0) sum = ops.add(sum, ops.mul(this.#recurrent![n * neurons + k]!, value));
    }
    return sum;
  }

  /** What its neurons have returned. */
  activeRows(): ActiveRows {
    const { neurons: width, steps } = this.#problem;
    return (this.#active ??= activeOf(this.returned, { samples: this.#samples, width, steps }, this.#arithmetic));
  }

  /** Readers of a step's leaves, by neuron of all samples and step. */
  #readers(leaves: readonly string[], others: (leaf: string) => ((b: number, t: number) => number) | undefined = () => undefined) {
    const { neurons, steps } = this.#problem;
    return leaves.map((leaf): ((b: number, t: number) => number) => {
      if (leaf === 'current') return (b, t) => this.#current[b * steps + t]!;
      const read = this.#numbers.reader(leaf);
      if (read !== undefined) return (b, t) => read(b % neurons, t);
      const other = others(leaf);
      if (other !== undefined) return other;
      const series = this.#trace.get(leaf)!;
      return (b, t) => series[b * (steps + 1) + t]!;
    });
  }

  records(names: readonly string[]): LifSimulateResult {
    const { steps, neurons, dt } = this.#problem;
    const { program } = this.#numbers;
    const { ops, stop } = this.#arithmetic;
    const all = this.#samples * neurons;
    const counts = new Int32Array(all);
    const rates = new Float64Array(all);
    const fired = this.#trace.get(program.step.count === undefined ? 'fired' : 'count')!;
    for (let b = 0; b < all; b++) {
      let returned = 0;
      for (let t = 0; t < steps; t++) {
        stop.step();
        counts[b] = Math.min(counts[b]! + fired[b * (steps + 1) + t]!, maxSpikeCount);
        returned = ops.add(returned, this.returned[b * steps + t]!);
      }
      rates[b] = (returned / (steps * dt)) * 1000;
    }
    const series: Record<string, Values | Uint8Array> = {};
    for (const record of names) {
      if (recordPer(record) !== 'step') continue;
      const { name, shift } = seriesOf(program, record);
      const isBits = record === 'spikes' && program.step.spikes === undefined;
      const target = isBits ? new Uint8Array(all * steps) : new Float64Array(all * steps);
      const trace = this.#trace.get(name)!;
      for (let b = 0; b < all; b++) {
        const from = b * (steps + 1) + shift;
        target.set(trace.subarray(from, from + steps), b * steps);
      }
      series[record] = target;
    }
    const potential = this.#trace.get(stateLeaf('v'));
    return {
      spike_counts: counts,
      ...(names.includes('firing_rates') && { firing_rates: rates }),
      ...(names.includes('v_final') && {
        v_final: Float64Array.from({ length: all }, (_, b) => potential?.[b * (steps + 1) + steps] ?? 0),
      }),
      series,
    };
  }

  backward(cotangents: LayerCotangents, { scale, above, parameters }: BackwardOptions): void {
    const { neurons, steps } = this.#problem;
    const { ops, stop } = this.#arithmetic;
    const { program } = this.#numbers;
    const { step } = program;
    const samples = this.#samples;
    const paths = pathsOf(program, parameters);
    const stepPaths = paths.filter((path) => !isInitial(path));
    const hasSpikeBars = cotangents.spikes !== undefined || above !== undefined || this.#recurrent !== undefined;
    const recorded = (['spikes', 'v', 'v_pre'] as const).filter((name) =>
      name === 'spikes' ? hasSpikeBars : cotangents[name] !== undefined,
    );
    const bars = Object.fromEntries(recorded.map((name) => [name, step.graph.leaf(recordBarLeaf(name))]));
    const derived = backwardStep(step, bars, new Set(), ['current', ...stepPaths.map(termLeaf)]);
    const live = Object.keys(derived.state);
    const roots = [...live.map((state) => derived.state[state]!), ...Object.values(derived.wrt)];
    const reverse = new NumberProgram(roots, ops, surrogateFunctions(this.#layer.surrogate, ops));

    const stateBars = new Float64Array(samples * neurons * live.length);
    const currentBar = (this.#currentBar = new Float64Array(samples * neurons * steps));
    for (const path of paths) this.#sums.set(path, new Float64Array(neurons));
    const given = (record: LossRecord, b: number, t: number): number => {
      const quantity = cotangents[record];
      return quantity === undefined ? 0 : ops.mul(ops.constant(scale), ops.constant(quantityAt(quantity, b, t, steps)));
    };
    const fromAbove = above?.inputBars();
    const spikeBar = (b: number, t: number): number => {
      let bar = given('spikes', b, t);
      if (fromAbove !== undefined) bar = ops.add(bar, fromAbove[b * steps + t]!);
      if (this.#recurrent === undefined || t === steps - 1) return bar;
      const n = b % neurons;
      const first = b - n;
      for (let m = 0; m < neurons; m++)
        bar = ops.add(bar, ops.mul(currentBar[(first + m) * steps + t + 1]!, this.#recurrent[m * neurons + n]!));
      return bar;
    };
    const read = this.#readers(reverse.leaves, (leaf) => {
      const state = live.findIndex((name) => leaf === stateBarLeaf(name));
      if (state >= 0) return (b) => stateBars[b * live.length + state]!;
      for (const name of recorded) if (leaf === recordBarLeaf(name)) return name === 'spikes' ? spikeBar : (b, t) => given(name, b, t);
      return undefined;
    });
    const values = new Float64Array(reverse.leaves.length);
    const results = new Float64Array(roots.length);
    for (let t = steps - 1; t >= 0; t--) {
      for (let b = 0; b < samples * neurons; b++) {
        stop.step();
        for (let i = 0; i < values.length; i++) values[i] = read[i]!(b, t);
        reverse.run(values, results);
        stateBars.set(results.subarray(0, live.length), b * live.length);
        currentBar[b * steps + t] = results[live.length]!;
        for (const [i, path] of stepPaths.entries()) this.#addToSum(path, b, results[live.length + 1 + i]!);
      }
    }
    for (const [i, state] of live.entries()) {
      if (!paths.includes(initialPath(state))) continue;
      for (let b = 0; b < samples * neurons; b++) this.#addToSum(initialPath(state), b, stateBars[b * live.length + i]!);
    }
  }

  #addToSum(path: string, b: number, term: number): void {
    const sums = this.#sums.get(path)!;
    const n = b % this.#problem.neurons;
    sums[n] = this.#arithmetic.ops.add(sums[n]!, term);
  }

  /** Gradient with respect to what comes in, [samples, inputs, steps]. */
  inputBars(): Float64Array {
    const { neurons, steps } = this.#problem;
    const { ops, stop } = this.#arithmetic;
    const inputs = this.#inputs;
    const bars = new Float64Array(this.#samples * inputs * steps);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let n = 0; n < neurons; n++) {
        for (let k = 0; k < inputs; k++) {
          const weight = this.#weight[n * inputs + k]!;
          for (let t = 0; t < steps; t++) {
            stop.step();
            const at = (sample * inputs + k) * steps + t;
            bars[at] = ops.add(bars[at]!, ops.mul(this.#currentBar[(sample * neurons + n) * steps + t]!, weight));
          }
        }
      }
    }
    return bars;
  }

  /** @param name of the layer's `wrt`. */
  gradient(name: string, input: ActiveRows): number | Values {
    const { neurons } = this.#problem;
    if (name === 'weight') return this.#matrixGradient(input, this.#inputs, 0);
    if (name === 'recurrent') return this.#matrixGradient(this.activeRows(), neurons, 1);
    if (name === 'bias') return this.#biasGradient();
    let gradient: number | Values = 0;
    const { program } = this.#numbers;
    addParameterGradient(this.#problem, program, parameterOf(name)!, (path) => this.#sums.get(path)!, {
      loops: atOnce,
      set: (value) => {
        gradient = value;
      },
    });
    return gradient;
  }

  /** Gradient with respect to a matrix that multiplies what came `delay` steps before, [neurons, width]. */
  #matrixGradient({ starts, inputs, values }: ActiveRows, width: number, delay: 0 | 1): Float64Array {
    const { neurons, steps } = this.#problem;
    const { ops, stop } = this.#arithmetic;
    const gradient = new Float64Array(neurons * width);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let t = delay; t < steps; t++) {
        const row = sample * steps + t - delay;
        for (let i = starts[row]!; i < starts[row + 1]!; i++) {
          for (let n = 0; n < neurons; n++) {
            stop.step();
            const place = n * width + inputs[i]!;
            const bar = this.#currentBar[(sample * neurons + n) * steps + t]!;
            gradient[place] = ops.add(gradient[place]!, ops.mul(bar, values[i]!));
          }
        }
      }
    }
    return gradient;
  }

  #biasGradient(): Float64Array {
    const { neurons, steps } = this.#problem;
    const gradient = new Float64Array(neurons);
    for (const [i, bar] of this.#currentBar.entries()) {
      const n = Math.floor(i / steps) % neurons;
      gradient[n] = this.#arithmetic.ops.add(gradient[n]!, bar);
    }
    return gradient;
  }
}
