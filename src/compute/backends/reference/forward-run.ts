import type { Expression, SurrogateFunctions } from '../../expressions.ts';
import { recordedValues } from '../../job-size.ts';
import { maxSpikeCount, quantityAt, recordPer, type LifSimulateResult, type NeuronProblem } from '../../jobs.ts';
import { programOf, termValuesByPath, type TermNumbers } from '../../neurons/terms.ts';
import { initialPath, returnedSpikes, stateLeaf, termLeaf, type NeuronProgram, type RecordedStep } from '../../neurons/program.ts';
import { NumberProgram } from '../../number-program.ts';
import type { Arithmetic } from './arithmetic.ts';

/** Reads a number of a neuron and step; a row is one neuron's run among those whose traces are kept. */
export type Read = (neuron: number, t: number, row: number) => number;

/** A term's numbers, one a neuron, rounded to the arithmetic. */
export function perNeuron(term: TermNumbers, neurons: number, { ops }: Arithmetic): Float64Array {
  const values = new Float64Array(neurons);
  if ('fill' in term) term.fill(values, 0, neurons);
  else for (let b = 0; b < neurons; b++) values[b] = quantityAt(term, b, 0, 1);
  return values.map((value) => ops.constant(value));
}

/** Expressions over a step's leaves, evaluated for one neuron and step at a time. */
export class StepEvaluator {
  readonly #program: NumberProgram;
  readonly #readers: readonly Read[];
  readonly #inputs: Float64Array;
  readonly #results: Float64Array;
  readonly #arithmetic: Arithmetic;

  constructor(
    expressions: readonly Expression[],
    readerOf: (leaf: string) => Read,
    arithmetic: Arithmetic,
    surrogate?: SurrogateFunctions<number>,
  ) {
    this.#program = new NumberProgram(expressions, arithmetic.ops, surrogate);
    this.#readers = this.#program.leaves.map(readerOf);
    this.#inputs = new Float64Array(this.#readers.length);
    this.#results = new Float64Array(expressions.length);
    this.#arithmetic = arithmetic;
  }

  /** The expressions' numbers, which stay until the next call. */
  at(neuron: number, t: number, row: number): Float64Array {
    this.#arithmetic.step();
    for (let i = 0; i < this.#readers.length; i++) this.#inputs[i] = this.#readers[i]!(neuron, t, row);
    this.#program.run(this.#inputs, this.#results);
    return this.#results;
  }
}

/** What a step gives, by name: first the states after it, by their leaves. */
function stepOutputs(step: RecordedStep): ReadonlyMap<string, Expression> {
  const { graph, states, next, vPre, vPost, spike, count } = step;
  const zero = graph.constant(0);
  return new Map([
    ...states.map((state) => [stateLeaf(state), next[state] ?? zero] as const),
    ['v_pre', vPre],
    ['v_post', vPost],
    ['fired', count ?? (spike ? graph.select(spike, graph.constant(1), zero) : zero)],
    ['spikes', returnedSpikes(step) ?? zero],
  ]);
}

interface ForwardOptions {
  /** Where a spike's derivative, or the value in its place, is read. */
  readonly surrogate?: SurrogateFunctions<number> | undefined;
  /** How many runs are kept. */
  readonly rows?: number;
  /** Reads the current; that of the problem unless given. */
  readonly current?: Read;
}

/** Runs neurons forward, and keeps every state before each step and after the last, and what each step gives. */
export class ForwardRun {
  readonly problem: NeuronProblem;
  readonly program: NeuronProgram;
  readonly arithmetic: Arithmetic;
  /** By row, at most `maxSpikeCount`. */
  readonly spikeCounts: Int32Array;
  /** By row the sum of what the neuron returns. */
  readonly returned: Float64Array;
  readonly #terms: ReadonlyMap<string, Float64Array>;
  readonly #current: Read;
  /** [rows, steps + 1] each. */
  readonly #traces: ReadonlyMap<string, Float64Array>;
  readonly #step: StepEvaluator;

  constructor(problem: NeuronProblem, arithmetic: Arithmetic, { surrogate, rows = 1, current }: ForwardOptions = {}) {
    const { neurons, steps } = problem;
    this.problem = problem;
    this.program = programOf(problem);
    this.arithmetic = arithmetic;
    this.spikeCounts = new Int32Array(rows);
    this.returned = new Float64Array(rows);
    const terms = termValuesByPath(problem, this.program);
    this.#terms = new Map(Array.from(terms, ([path, term]) => [termLeaf(path), perNeuron(term, neurons, arithmetic)]));
    this.#current = current ?? ((neuron, t) => arithmetic.ops.constant(quantityAt(problem.current, neuron, t, steps)));
    const outputs = stepOutputs(this.program.step);
    this.#traces = new Map(Array.from(outputs.keys(), (name) => [name, new Float64Array(rows * (steps + 1))]));
    this.#step = new StepEvaluator([...outputs.values()], (leaf) => this.reader(leaf), arithmetic, surrogate);
  }

  /** The reader of a leaf of the step: a term, the current, or a state before the step. */
  reader(leaf: string): Read {
    if (leaf === 'current') return this.#current;
    const values = this.#terms.get(leaf);
    if (values !== undefined) return (neuron) => values[neuron]!;
    const trace = this.#trace(leaf);
    const width = this.problem.steps + 1;
    return (_, t, row) => trace[row * width + t]!;
  }

  #trace(name: string): Float64Array {
    const trace = this.#traces.get(name);
    if (trace === undefined) throw new Error(`a run has no ${name}`);
    return trace;
  }

  /** Runs a neuron from its first step to its last. */
  run(neuron: number): void {
    this.start(neuron, 0);
    for (let t = 0; t < this.problem.steps; t++) this.step(neuron, t, 0);
  }

  /** Sets the states before the first step. */
  start(neuron: number, row: number): void {
    const width = this.problem.steps + 1;
    this.spikeCounts[row] = 0;
    this.returned[row] = 0;
    for (const state of this.program.step.states)
      this.#trace(stateLeaf(state))[row * width] = this.#terms.get(termLeaf(initialPath(state)))![neuron]!;
  }

  step(neuron: number, t: number, row: number): void {
    const { states } = this.program.step;
    const at = row * (this.problem.steps + 1) + t;
    const results = this.#step.at(neuron, t, row);
    let i = 0;
    // A state is written to the place from which the next step reads it.
    for (const trace of this.#traces.values()) trace[i < states.length ? at + 1 : at] = results[i++]!;
    this.spikeCounts[row] = Math.min(this.spikeCounts[row]! + this.#trace('fired')[at]!, maxSpikeCount);
    this.returned[row] = this.arithmetic.ops.add(this.returned[row]!, this.#trace('spikes')[at]!);
  }

  /** What a row's steps give for a record, or how often it `fired`: [T]. States are those after the step. */
  series(record: string, row = 0): Float64Array {
    const { steps } = this.problem;
    const name = record === 'v' ? `v_${this.program.step.records}` : record;
    const isState = !this.#traces.has(name);
    const from = row * (steps + 1) + (isState ? 1 : 0);
    return this.#trace(isState ? stateLeaf(name) : name).subarray(from, from + steps);
  }

  /** What a row's neuron returns in a step. */
  returnedAt(t: number, row: number): number {
    return this.#trace('spikes')[row * (this.problem.steps + 1) + t]!;
  }

  /** A state after the last step. */
  last(state: string, row = 0): number {
    const { steps } = this.problem;
    return this.#trace(stateLeaf(state))[row * (steps + 1) + steps]!;
  }
}

/** What a job records of its runs, `rows` of them. */
export class RunRecords {
  readonly #problem: NeuronProblem;
  readonly #record: ReadonlySet<string>;
  readonly #counts: Int32Array;
  readonly #rates: Float64Array;
  readonly #spikeSteps: number[] = [];
  readonly #offsets: Int32Array;
  readonly #states: Readonly<Record<string, Float64Array>>;
  readonly #series: Readonly<Record<string, Float64Array | Uint8Array>>;

  constructor(problem: NeuronProblem, record: ReadonlySet<string>, rows = problem.neurons) {
    const { states, spikes } = programOf(problem).step;
    this.#problem = problem;
    this.#record = record;
    this.#counts = new Int32Array(rows);
    this.#rates = new Float64Array(rows);
    this.#offsets = new Int32Array(rows + 1);
    const kept = record.has('state') ? states : record.has('v_final') ? ['v'] : [];
    this.#states = Object.fromEntries(kept.map((state) => [state, new Float64Array(rows)]));
    const series = [...record].filter((name) => recordPer(name) === 'step');
    const arrayOf = (name: string) => (name === 'spikes' && spikes === undefined ? Uint8Array : Float64Array);
    this.#series = Object.fromEntries(series.map((name) => [name, new (arrayOf(name))(rows * problem.steps)]));
  }

  /** Records a row of a run as row b. */
  add(run: ForwardRun, b: number, row = 0): void {
    const { steps, dt } = this.#problem;
    const count = run.spikeCounts[row]!;
    this.#counts[b] = count;
    this.#rates[b] = (run.returned[row]! / (steps * dt)) * 1000;
    for (const [state, values] of Object.entries(this.#states)) values[b] = run.last(state, row);
    for (const [name, values] of Object.entries(this.#series)) values.set(run.series(name, row), b * steps);
    this.#offsets[b + 1] = Math.min(this.#offsets[b]! + count, maxSpikeCount);
    if (!this.#record.has('spike_times')) return;
    const maxTimes = recordedValues('spike_times', this.#problem);
    for (const [t, fired] of run.series('fired', row).entries())
      for (let n = fired; n > 0 && this.#spikeSteps.length < maxTimes; n--) this.#spikeSteps.push(t);
  }

  result(): LifSimulateResult {
    const record = this.#record;
    return {
      ...(record.has('spike_counts') && { spike_counts: this.#counts }),
      ...(record.has('firing_rates') && { firing_rates: this.#rates }),
      ...(record.has('spike_times') && { spike_steps: { steps: Int32Array.from(this.#spikeSteps), offsets: this.#offsets } }),
      ...(record.has('v_final') && { v_final: this.#states.v! }),
      ...(record.has('state') && { state: this.#states }),
      series: this.#series,
    };
  }
}
