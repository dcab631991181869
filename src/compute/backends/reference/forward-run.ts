import type { NumberAlgebra } from '../../float64-algebra.ts';
import type { Expression, SurrogateFunctions } from '../../expressions.ts';
import type { Values } from '../../generated-numbers.ts';
import { maxSpikeCount, quantityAt, type NeuronProblem } from '../../jobs.ts';
import { programOf, termValuesByPath, type TermNumbers } from '../../neuron-problem.ts';
import { initialPath, returnedSpikes, stateLeaf, termLeaf, type NeuronProgram } from '../../neurons/program.ts';
import { NumberProgram } from '../../number-program.ts';
import type { StopCheck } from './stop-check.ts';

/** A reader of values, by leaf, neuron and step. */
export type Read = (b: number, t: number) => number;

/** A term's numbers, one a neuron, rounded to the arithmetic. */
export function perNeuron(term: TermNumbers, neurons: number, ops: NumberAlgebra): Float64Array {
  const values = new Float64Array(neurons);
  if ('fill' in term) term.fill(values, 0, neurons);
  else for (let b = 0; b < neurons; b++) values[b] = quantityAt(term, b, 0, 1);
  return values.map((value) => ops.constant(value));
}

/** The numbers of a problem that a step reads. */
export class ProblemNumbers {
  readonly program: NeuronProgram;
  readonly #problem: NeuronProblem;
  readonly #ops: NumberAlgebra;
  readonly #terms: ReadonlyMap<string, Values>;

  constructor(problem: NeuronProblem, ops: NumberAlgebra) {
    this.#problem = problem;
    this.#ops = ops;
    this.program = programOf(problem);
    const { neurons } = problem;
    this.#terms = new Map(Array.from(termValuesByPath(problem, this.program), ([path, term]) => [path, perNeuron(term, neurons, ops)]));
  }

  /** The value of a state before the first step. */
  initial(state: string, b: number): number {
    return this.#terms.get(initialPath(state))![b]!;
  }

  /** The reader of a term or the input; undefined for other leaves. */
  reader(leaf: string): Read | undefined {
    const { steps, current } = this.#problem;
    if (leaf === 'current') return (b, t) => this.#ops.constant(quantityAt(current, b, t, steps));
    for (const [path, values] of this.#terms) if (leaf === termLeaf(path)) return (b) => values[b]!;
    return undefined;
  }
}

/** One neuron's run of T steps: every state before each step and after the last, and what each step gives. */
export class Trace {
  readonly series: Readonly<Record<string, Float64Array>>;
  /** At most `maxSpikeCount`. */
  spikeCount = 0;
  /** Sum of what the neuron returns. */
  returned = 0;

  constructor(names: readonly string[], steps: number) {
    this.series = Object.fromEntries(names.map((name) => [name, new Float64Array(steps + 1)]));
  }

  of(name: string): Float64Array {
    const series = this.series[name];
    if (series === undefined) throw new Error(`a run has no ${name}`);
    return series;
  }
}

/** What a step gives, by name: first the states after it, by their leaves. */
export function stepOutputs({ step }: NeuronProgram): readonly (readonly [name: string, expression: Expression])[] {
  const zero = step.graph.constant(0);
  return [
    ...step.states.map((state) => [stateLeaf(state), step.next[state] ?? zero] as const),
    ['v_pre', step.vPre],
    ['v_post', step.vPost],
    ['fired', step.spike ? step.graph.select(step.spike, step.graph.constant(1), zero) : zero],
    ['count', step.count ?? zero],
    ['spikes', returnedSpikes(step) ?? zero],
  ];
}

/** Runs neurons forward one at a time. */
export class ForwardRun {
  readonly #numbers: ProblemNumbers;
  readonly #steps: number;
  readonly #outputs: readonly (readonly [name: string, expression: Expression])[];
  readonly #program: NumberProgram;
  readonly #ops: NumberAlgebra;
  readonly trace: Trace;

  constructor(problem: NeuronProblem, numbers: ProblemNumbers, ops: NumberAlgebra, surrogate?: SurrogateFunctions<number>) {
    this.#numbers = numbers;
    this.#steps = problem.steps;
    this.#ops = ops;
    this.#outputs = stepOutputs(numbers.program);
    this.#program = new NumberProgram(
      this.#outputs.map(([, expression]) => expression),
      ops,
      surrogate,
    );
    this.trace = new Trace(
      this.#outputs.map(([name]) => name),
      problem.steps,
    );
  }

  /** Fills the trace with neuron b's run. */
  run(b: number, stop: StopCheck): void {
    const { step } = this.#numbers.program;
    const { trace } = this;
    trace.spikeCount = 0;
    trace.returned = 0;
    for (const state of step.states) trace.of(stateLeaf(state))[0] = this.#numbers.initial(state, b);
    const readers = this.#program.leaves.map((leaf): Read => {
      const read = this.#numbers.reader(leaf);
      if (read !== undefined) return read;
      const series = trace.of(leaf);
      return (_, t) => series[t]!;
    });
    // A state is written to the place from which the next step reads it.
    const targets = this.#outputs.map(([name], i) => ({ series: trace.of(name), shift: i < step.states.length ? 1 : 0 }));
    const inputs = new Float64Array(readers.length);
    const results = new Float64Array(targets.length);
    const [fired, count, spikes] = ['fired', 'count', 'spikes'].map((name) => trace.of(name)) as [Float64Array, Float64Array, Float64Array];
    for (let t = 0; t < this.#steps; t++) {
      stop.step();
      for (let i = 0; i < readers.length; i++) inputs[i] = readers[i]!(b, t);
      this.#program.run(inputs, results);
      for (let i = 0; i < targets.length; i++) targets[i]!.series[t + targets[i]!.shift] = results[i]!;
      trace.spikeCount = Math.min(trace.spikeCount + (step.count === undefined ? fired[t]! : count[t]!), maxSpikeCount);
      trace.returned = this.#ops.add(trace.returned, spikes[t]!);
    }
  }
}

/** The series of a run that a record takes, and how far it is shifted: states are those after the step. */
export function seriesOf(program: NeuronProgram, record: string): { readonly name: string; readonly shift: 0 | 1 } {
  if (record === 'v') return { name: program.step.records === 'pre' ? 'v_pre' : 'v_post', shift: 0 };
  if (record === 'v_pre' || record === 'v_post' || record === 'spikes') return { name: record, shift: 0 };
  return { name: stateLeaf(record), shift: 1 };
}
