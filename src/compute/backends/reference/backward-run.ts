import type { SurrogateFunctions } from '../../expressions.ts';
import type { Values } from '../../numbers.ts';
import { atOnce } from '../../loops.ts';
import type { LossRecord } from '../../jobs.ts';
import { addParameterGradient, pathsOf } from '../../neurons/terms.ts';
import { backwardStep, initialPath, isInitial, recordBarLeaf, stateBarLeaf, termLeaf } from '../../neurons/program.ts';
import { StepEvaluator, type ForwardRun, type Read } from './forward-run.ts';

/** Readers of the cotangents of a step's records. */
export type RecordBars = Readonly<Partial<Record<LossRecord, Read>>>;

interface BackwardOptions {
  readonly surrogate: SurrogateFunctions<number>;
  readonly bars: RecordBars;
  /** Parameters of the neurons, initial states, and `surrogate.<parameter>`. */
  readonly wrt: readonly string[];
  /** States whose cotangent after the last step is given. */
  readonly seeded?: readonly string[];
}

/** Back-propagation through the time of runs whose traces are kept. */
export class BackwardRun {
  readonly #forward: ForwardRun;
  readonly #step: StepEvaluator;
  /** The states that have a cotangent. */
  readonly #states: readonly string[];
  /** Their cotangents, [rows, states]. */
  readonly #stateBars: Float64Array;
  /** Sums over rows and steps of the cotangents of what `wrt` needs, [neurons] each: of terms in a step, of other leaves, and of states before the first. */
  readonly #stepSums: readonly Float64Array[];
  readonly #sums: ReadonlyMap<string, Float64Array>;

  constructor(forward: ForwardRun, { surrogate, bars, wrt, seeded = [] }: BackwardOptions) {
    const { program, problem, arithmetic, spikeCounts } = forward;
    const { step } = program;
    const paths = pathsOf(program, wrt);
    const names = [...wrt.filter((name) => name.startsWith('surrogate.')), ...paths.filter((path) => !isInitial(path))];
    const readers = new Map(Object.entries(bars).map(([name, read]) => [recordBarLeaf(name as LossRecord), read]));
    const leaves = Object.fromEntries(Object.keys(bars).map((name) => [name, step.graph.leaf(recordBarLeaf(name as LossRecord))]));
    const leafOf = (name: string) => (paths.includes(name) ? termLeaf(name) : name);
    const derived = backwardStep(step, leaves, new Set(seeded), ['current', ...names.map(leafOf)]);
    this.#forward = forward;
    this.#states = Object.keys(derived.state);
    this.#stateBars = new Float64Array(spikeCounts.length * this.#states.length);
    this.#sums = new Map([...names, ...paths].map((name) => [name, new Float64Array(problem.neurons)]));
    this.#stepSums = names.map((name) => this.#sums.get(name)!);
    for (const [i, state] of this.#states.entries())
      readers.set(stateBarLeaf(state), (_, _t, row) => this.#stateBars[row * this.#states.length + i]!);
    this.#step = new StepEvaluator(
      [...Object.values(derived.state), ...Object.values(derived.wrt)],
      (leaf) => readers.get(leaf) ?? forward.reader(leaf),
      arithmetic,
      surrogate,
    );
  }

  /** Sets the cotangents of a row's states after the last step. */
  start(barOf: (state: string) => number, row = 0): void {
    this.#stateBars.set(this.#states.map(barOf), row * this.#states.length);
  }

  /** Runs a step backward. @returns the cotangent of its current. */
  step(neuron: number, t: number, row = 0): number {
    const results = this.#step.at(neuron, t, row);
    const states = this.#states.length;
    this.#stateBars.set(results.subarray(0, states), row * states);
    for (const [i, sums] of this.#stepSums.entries()) this.#add(sums, neuron, results[states + 1 + i]!);
    return results[states]!;
  }

  /** Takes in the cotangents of a row's states before its first step. */
  end(neuron: number, row = 0): void {
    for (const [i, state] of this.#states.entries()) {
      const sums = this.#sums.get(initialPath(state));
      if (sums !== undefined) this.#add(sums, neuron, this.#stateBars[row * this.#states.length + i]!);
    }
  }

  #add(sums: Float64Array, neuron: number, term: number): void {
    sums[neuron] = this.#forward.arithmetic.ops.add(sums[neuron]!, term);
  }

  /** The gradient with respect to a name of `wrt`. */
  gradient(name: string): number | Values {
    const { problem, program, arithmetic } = this.#forward;
    if (name.startsWith('surrogate.')) return total(arithmetic.ops, this.#sums.get(name)!);
    let gradient: number | Values = 0;
    addParameterGradient(problem, program, name, (path) => this.#sums.get(path)!, {
      loops: atOnce,
      set: (value) => {
        gradient = value;
      },
    });
    return gradient;
  }
}

export function total(ops: { add(a: number, b: number): number }, sums: Float64Array): number {
  return sums.reduce((sum, one) => ops.add(sum, one), 0);
}
