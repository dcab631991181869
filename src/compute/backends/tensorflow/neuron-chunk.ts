import { evaluator, type Expression, type SurrogateFunctions } from '../../expressions.ts';
import type { LossRecord } from '../../jobs.ts';
import {
  initialPath,
  isInitial,
  recordBarLeaf,
  stateBarLeaf,
  stateLeaf,
  termLeaf,
  type BackwardStep,
  type NeuronProgram,
} from '../../neurons/program.ts';
import { recordOf, type Tensor, type Tensors } from './graph-function.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';

/**
 * What of a problem shapes its graph. Time is cut into chunks of `chunkSteps` steps, which the graph holds one after the other;
 * loops go over the chunks, so that no graph grows with T.
 */
export interface NeuronGraphSpec {
  readonly program: NeuronProgram;
  readonly chunkSteps: number;
  /** Whether the last chunk extends beyond the last step: neurons do not change there. */
  readonly overhang: boolean;
  readonly current: 'neuron' | 'step';
}

/** The name in graphs of each term, by path. Names of arguments hold neither dots nor capital letters, which models' names may. */
export function termNames({ terms, step }: NeuronProgram): ReadonlyMap<string, string> {
  const initial = step.states.map((state, i) => [initialPath(state), `initial_${i}`] as const);
  const ofStep = terms.filter(({ path }) => !isInitial(path)).map(({ path }, i) => [path, `term_${i}`] as const);
  return new Map([...ofStep, ...initial]);
}

/** The inputs that every graph over neurons has, by name; `lifSimulateGraph` says what they hold. */
export function neuronInputs(graph: TensorAlgebra, { program, overhang }: NeuronGraphSpec): Record<string, Tensor> {
  const integers = ['chunks', 'capacity', ...(overhang ? ['steps'] : [])];
  return {
    ...recordOf(['current', ...termNames(program).values()], (name) => graph.input(name, 'float32')),
    ...recordOf(integers, (name) => graph.input(name, 'int32')),
  };
}

/** One forward step. */
export interface ChunkStep {
  /** What the step reads, by leaf. */
  readonly leaves: Tensors;
  readonly evaluate: (expression: Expression) => Tensor;
  /** `value` within the run, `other` beyond its last step. */
  readonly within: (value: Tensor, other: Tensor) => Tensor;
}

/** Cotangents that the loss gives to the records of each step of a chunk. */
export type RecordCotangents = Readonly<Partial<Record<LossRecord, readonly Tensor[]>>>;

const noSurrogate = (): never => {
  throw new Error('a spike has no derivative here');
};

/** A neuron without derivatives of spikes. */
export const forwardOnly: SurrogateFunctions<Tensor> = { grad: noSurrogate, value: noSurrogate, slope: noSurrogate };

/** The steps of one chunk, written into the body of a loop. */
export class NeuronChunk {
  readonly #graph: TensorAlgebra;
  readonly #spec: NeuronGraphSpec;
  readonly #values: Tensors;
  readonly #terms: Tensors;
  readonly #surrogate: SurrogateFunctions<Tensor>;

  /** @param values the loop's values: the graph's inputs by name, and the index of the `chunk`. */
  constructor(graph: TensorAlgebra, spec: NeuronGraphSpec, values: Tensors, surrogate = forwardOnly) {
    this.#graph = graph;
    this.#spec = spec;
    this.#values = values;
    this.#terms = Object.fromEntries(Array.from(termNames(spec.program), ([path, name]) => [termLeaf(path), values[name]!]));
    this.#surrogate = surrogate;
  }

  /** For each step of the chunk its part of values given per neuron, [B], or per step, [steps, B]. */
  stepsOf(values: Tensor, per: 'neuron' | 'step'): readonly Tensor[] {
    return Array.from({ length: this.#spec.chunkSteps }, (_, t) =>
      per === 'neuron' ? values : this.#graph.sliceAt(values, this.#stepIndex(t)),
    );
  }

  /** A list of one [B] per step of the run, with this chunk's items set. An item may be the same number for all neurons. */
  setSteps(list: Tensor, items: readonly Tensor[]): Tensor {
    const graph = this.#graph;
    return items.reduce(
      (filled, item, t) => graph.setItem(filled, this.#stepIndex(t), graph.broadcastLike(item, this.#values.initial_0!)),
      list,
    );
  }

  /** The index of step t of the chunk among all steps: int32. */
  #stepIndex(t: number): Tensor {
    const graph = this.#graph;
    return graph.add(graph.mul(this.#values.chunk!, graph.literal('int32', this.#spec.chunkSteps)), graph.literal('int32', t));
  }

  /** Runs all steps from the state before the first. States are by their leaves. */
  run(start: Tensors): { readonly steps: readonly ChunkStep[]; readonly end: Tensors } {
    const { graph, states, next } = this.#spec.program.step;
    const after = new Map(states.map((name) => [stateLeaf(name), next[name] ?? graph.constant(0)]));
    let state = start;
    const steps = this.stepsOf(this.#values.current!, this.#spec.current).map((current, t): ChunkStep => {
      const leaves = { ...this.#terms, ...state, current };
      const step = { leaves, evaluate: this.#evaluator(leaves), within: this.#within(t) };
      state = this.#carry(step, state, after);
      return step;
    });
    return { steps, end: state };
  }

  /**
   * Runs back over the steps.
   *
   * @param after the cotangents of the state after the last step, by their leaves.
   * @returns those of the state before the first, and for each step what it adds to the gradients of `backward.wrt`.
   */
  runBack(
    steps: readonly ChunkStep[],
    after: Tensors,
    backward: BackwardStep,
    cotangents: RecordCotangents,
  ): { readonly before: Tensors; readonly wrt: readonly Tensors[] } {
    const graph = this.#graph;
    const next = new Map(Object.entries(backward.state).map(([name, bar]) => [stateBarLeaf(name), bar]));
    const wrt: Tensors[] = [];
    let bars = after;
    for (const [t, { leaves, within }] of Array.from(steps.entries()).reverse()) {
      const recorded = (Object.keys(cotangents) as (keyof RecordCotangents)[]).map(
        (name) => [recordBarLeaf(name), cotangents[name]![t]!] as const,
      );
      const evaluate = this.#evaluator({ ...leaves, ...bars, ...Object.fromEntries(recorded) });
      wrt[t] = recordOf(Object.keys(backward.wrt), (name) =>
        graph.cast(within(evaluate(backward.wrt[name]!), graph.constant(0)), 'float32'),
      );
      bars = this.#carry({ evaluate, within }, bars, next);
    }
    return { before: bars, wrt };
  }

  #evaluator(leaves: Tensors): ChunkStep['evaluate'] {
    return evaluator<Tensor, Tensor>({ ops: this.#graph, leaf: (name) => leaves[name]!, surrogate: this.#surrogate });
  }

  /** What the next step takes over, by leaf. */
  #carry({ evaluate, within }: Omit<ChunkStep, 'leaves'>, before: Tensors, next: ReadonlyMap<string, Expression>): Tensors {
    const graph = this.#graph;
    return Object.fromEntries(
      Array.from(next, ([leaf, expression]) => [leaf, graph.cast(within(evaluate(expression), before[leaf]!), 'float32')]),
    );
  }

  #within(t: number): ChunkStep['within'] {
    const graph = this.#graph;
    // Every chunk begins before the last step.
    if (!this.#spec.overhang || t === 0) return (value) => value;
    const isBeyond = graph.le(this.#values.steps!, this.#stepIndex(t));
    return (value, other) => graph.select(isBeyond, other, value);
  }
}
