import { materialize, type Numbers, type Values } from '../../numbers.ts';
import { quantityAt, type LifSimulateResult, type LossRecord, type Network, type NetworkLayer } from '../../jobs.ts';
import { layerInputs, layerProblem, layerWrt, parameterOf, parseLayerPath } from '../../networks/layers.ts';
import type { NetworkRun } from '../../networks/network-loop.ts';
import type { LayerCotangents } from '../../networks/network-loss.ts';
import type { Arithmetic } from './arithmetic.ts';
import { BackwardRun, type RecordBars } from './backward-run.ts';
import { ForwardRun, RunRecords, type Read } from './forward-run.ts';
import { surrogateFunctions } from './surrogates.ts';

/** Runs a network number by number; arrays over a layer's neurons are those of all samples, [samples, neurons, steps] row-major. */
export class ReferenceNetwork implements NetworkRun<never, unknown> {
  readonly #network: Network;
  readonly #wrt: readonly string[];
  readonly #layers: ReferenceLayer[] = [];
  readonly #input: ActiveRows;
  readonly #arithmetic: Arithmetic;

  /** @param wrt the paths of which gradients are asked for. */
  constructor(network: Network, wrt: readonly string[], arithmetic: Arithmetic) {
    this.#network = network;
    this.#wrt = wrt;
    this.#arithmetic = arithmetic;
    this.#input = activeInputs(network, arithmetic);
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

/**
 * What is not 0 among what comes in: entries [starts[row], starts[row + 1]) are those of a sample and step, each the number of one input. An object
 * for each would take several times the memory that is reserved.
 */
interface ActiveRows {
  readonly starts: Int32Array;
  readonly inputs: Int32Array;
  readonly values: Float64Array;
}

type AddEntry = (row: number, input: number, value: number) => void;

/** @param visit adds all entries; called once to count them and once to keep them. Those of a row stay in their order. */
function activeRows(rows: number, visit: (add: AddEntry) => void): ActiveRows {
  const starts = new Int32Array(rows + 1);
  visit((row) => {
    starts[row + 1]!++;
  });
  for (let row = 0; row < rows; row++) starts[row + 1]! += starts[row]!;
  const next = starts.slice();
  const inputs = new Int32Array(starts[rows]!);
  const values = new Float64Array(starts[rows]!);
  visit((row, input, value) => {
    const at = next[row]!++;
    inputs[at] = input;
    values[at] = value;
  });
  return { starts, inputs, values };
}

function activeInputs({ input, samples, inputs, steps }: Network, arithmetic: Arithmetic): ActiveRows {
  if (input.form === 'dense') return activeOf(constants(input.values, arithmetic), inputs, steps, arithmetic);
  const [sample, neuron, step] = [input.sample, input.neuron, input.step].map(materialize) as [Values, Values, Values];
  return activeRows(samples * steps, (add) => {
    for (let event = 0; event < sample.length; event++) {
      arithmetic.step();
      add(sample[event]! * steps + step[event]!, neuron[event]!, 1);
    }
  });
}

/** What is not 0 of numbers [samples, width, steps]. */
function activeOf(numbers: Values | Uint8Array, width: number, steps: number, arithmetic: Arithmetic): ActiveRows {
  return activeRows(numbers.length / width, (add) => {
    for (let i = 0; i < numbers.length; i++) {
      arithmetic.step();
      const sample = Math.floor(i / (width * steps));
      if (numbers[i] !== 0) add(sample * steps + (i % steps), Math.floor(i / steps) % width, numbers[i]!);
    }
  });
}

function constants(numbers: Numbers, { ops }: Arithmetic): Float64Array {
  // Float64Array.from with a function would list all numbers first.
  const values = new Float64Array(materialize(numbers));
  for (let i = 0; i < values.length; i++) values[i] = ops.constant(values[i]!);
  return values;
}

interface BackwardOptions {
  /** Multiplies the cotangents. */
  readonly scale: number;
  /** The layer above, which has run backward. */
  readonly above: ReferenceLayer | undefined;
  /** The parameters of the neurons that gradients are asked for of. */
  readonly parameters: readonly string[];
}

/** One layer's weights and its neurons' run, whose rows are the neurons of sample 0, then those of sample 1, and so on. */
class ReferenceLayer {
  readonly #samples: number;
  readonly #inputs: number;
  readonly #layer: NetworkLayer;
  readonly #steps: number;
  readonly #arithmetic: Arithmetic;
  readonly #weight: Float64Array;
  readonly #recurrent: Float64Array | undefined;
  readonly #run: ForwardRun;
  readonly #current: Float64Array;
  #returned: ActiveRows | undefined;
  #backward: BackwardRun | undefined;
  /** Gradient with respect to the current. */
  readonly #currentBar: Float64Array;

  constructor(network: Network, index: number, arithmetic: Arithmetic) {
    const { samples, steps } = network;
    this.#samples = samples;
    this.#inputs = layerInputs(network, index);
    this.#layer = network.layers[index]!;
    this.#steps = steps;
    this.#arithmetic = arithmetic;
    const { neurons, weight, recurrent, surrogate } = this.#layer;
    this.#weight = constants(weight, arithmetic);
    this.#recurrent = recurrent && constants(recurrent, arithmetic);
    const rows = samples * neurons;
    const current = new Float64Array(rows * steps);
    this.#current = current;
    this.#currentBar = new Float64Array(rows * steps);
    this.#run = new ForwardRun(layerProblem(network, index), arithmetic, {
      surrogate: surrogateFunctions(surrogate, arithmetic.ops),
      rows,
      current: (_, t, row) => current[row * steps + t]!,
    });
  }

  forward(input: ActiveRows): void {
    const { neurons, bias } = this.#layer;
    const biases = bias && constants(bias, this.#arithmetic);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let n = 0; n < neurons; n++) this.#run.start(n, sample * neurons + n);
      for (let t = 0; t < this.#steps; t++) {
        for (let n = 0; n < neurons; n++) {
          const row = sample * neurons + n;
          const weighted = this.#addWeighted(biases?.[n] ?? 0, n, input, sample * this.#steps + t);
          this.#current[row * this.#steps + t] = t > 0 ? this.#addRecurrent(weighted, n, sample, t - 1) : weighted;
          this.#run.step(n, t, row);
        }
      }
    }
  }

  /** Adds row n of the weights times what comes in. */
  #addWeighted(start: number, n: number, { starts, inputs, values }: ActiveRows, row: number): number {
    const { ops } = this.#arithmetic;
    let sum = start;
    for (let i = starts[row]!; i < starts[row + 1]!; i++) {
      this.#arithmetic.step();
      sum = ops.add(sum, ops.mul(this.#weight[n * this.#inputs + inputs[i]!]!, values[i]!));
    }
    return sum;
  }

  /** Adds row n of the recurrent weights, if there are any, times what the layer has returned in step t. */
  #addRecurrent(start: number, n: number, sample: number, t: number): number {
    const { ops } = this.#arithmetic;
    const { neurons } = this.#layer;
    let sum = start;
    for (let k = 0; this.#recurrent !== undefined && k < neurons; k++) {
      this.#arithmetic.step();
      const value = this.#run.returnedAt(t, sample * neurons + k);
      if (value !== 0) sum = ops.add(sum, ops.mul(this.#recurrent[n * neurons + k]!, value));
    }
    return sum;
  }

  /** What its neurons have returned. */
  activeRows(): ActiveRows {
    const { neurons } = this.#layer;
    return (this.#returned ??= activeOf(this.#recorded(['spikes']).series.spikes!, neurons, this.#steps, this.#arithmetic));
  }

  records(names: readonly string[]): LifSimulateResult {
    return this.#recorded(['spike_counts', ...names]);
  }

  #recorded(names: readonly string[]): LifSimulateResult {
    const rows = this.#samples * this.#layer.neurons;
    const records = new RunRecords(this.#run.problem, new Set(names), rows);
    for (let row = 0; row < rows; row++) records.add(this.#run, row, row);
    return records.result();
  }

  backward(cotangents: LayerCotangents, { scale, above, parameters }: BackwardOptions): void {
    const { neurons, surrogate } = this.#layer;
    const { ops } = this.#arithmetic;
    const steps = this.#steps;
    const rows = this.#samples * neurons;
    const given = (record: LossRecord): Read | undefined => {
      const quantity = cotangents[record];
      return quantity && ((_, t, row) => ops.mul(ops.constant(scale), ops.constant(quantityAt(quantity, row, t, steps))));
    };
    const [spikes, v, vPre] = [given('spikes'), given('v'), given('v_pre')];
    const fromAbove = above?.inputBars();
    const spikeBar: Read = (n, t, row) => {
      let bar = spikes?.(n, t, row) ?? 0;
      if (fromAbove !== undefined) bar = ops.add(bar, fromAbove[row * steps + t]!);
      if (this.#recurrent === undefined || t === steps - 1) return bar;
      for (let m = 0; m < neurons; m++)
        bar = ops.add(bar, ops.mul(this.#currentBar[(row - n + m) * steps + t + 1]!, this.#recurrent[m * neurons + n]!));
      return bar;
    };
    const hasSpikeBars = spikes !== undefined || above !== undefined || this.#recurrent !== undefined;
    const bars: RecordBars = { ...(hasSpikeBars && { spikes: spikeBar }), ...(v && { v }), ...(vPre && { v_pre: vPre }) };
    const backward = new BackwardRun(this.#run, { surrogate: surrogateFunctions(surrogate, ops), bars, wrt: parameters });
    for (let t = steps - 1; t >= 0; t--)
      for (let row = 0; row < rows; row++) this.#currentBar[row * steps + t] = backward.step(row % neurons, t, row);
    for (let row = 0; row < rows; row++) backward.end(row % neurons, row);
    this.#backward = backward;
  }

  /** Gradient with respect to what comes in, [samples, inputs, steps]. */
  inputBars(): Float64Array {
    const { neurons } = this.#layer;
    const { ops } = this.#arithmetic;
    const steps = this.#steps;
    const inputs = this.#inputs;
    const bars = new Float64Array(this.#samples * inputs * steps);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let n = 0; n < neurons; n++) {
        for (let k = 0; k < inputs; k++) {
          const weight = this.#weight[n * inputs + k]!;
          for (let t = 0; t < steps; t++) {
            this.#arithmetic.step();
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
    if (name === 'weight') return this.#matrixGradient(input, this.#inputs, 0);
    if (name === 'recurrent') return this.#matrixGradient(this.activeRows(), this.#layer.neurons, 1);
    return name === 'bias' ? this.#biasGradient() : this.#backward!.gradient(parameterOf(name)!);
  }

  /** Gradient with respect to a matrix that multiplies what came `delay` steps before, [neurons, width]. */
  #matrixGradient({ starts, inputs, values }: ActiveRows, width: number, delay: 0 | 1): Float64Array {
    const { neurons } = this.#layer;
    const { ops } = this.#arithmetic;
    const steps = this.#steps;
    const gradient = new Float64Array(neurons * width);
    for (let sample = 0; sample < this.#samples; sample++) {
      for (let t = delay; t < steps; t++) {
        const row = sample * steps + t - delay;
        for (let i = starts[row]!; i < starts[row + 1]!; i++) {
          for (let n = 0; n < neurons; n++) {
            this.#arithmetic.step();
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
    const { neurons } = this.#layer;
    const gradient = new Float64Array(neurons);
    for (const [i, bar] of this.#currentBar.entries()) {
      const n = Math.floor(i / this.#steps) % neurons;
      gradient[n] = this.#arithmetic.ops.add(gradient[n]!, bar);
    }
    return gradient;
  }
}
