import { lifAdjoint, lifStep, type LifAdjoint, type LifStructure, type LifTerms } from '../../neurons/lif.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import { recordOf, type Tensor, type Tensors } from './graph-function.ts';
import { surrogateGradient, surrogateParameters } from './surrogate-graphs.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';
import { setItem, sliceAt } from './tensor-ops.ts';

/**
 * What of a problem shapes its graph. Time is cut into chunks of `chunkSteps` steps, which the graph holds one after the other;
 * loops go over the chunks, so that no graph grows with T.
 */
export interface LifGraphSpec {
  readonly structure: LifStructure;
  readonly refractory: boolean;
  readonly chunkSteps: number;
  /** Whether the last chunk extends beyond the last step: neurons do not change there. */
  readonly overhang: boolean;
  readonly current: 'neuron' | 'step';
}

/** The names of the neuron's terms among a graph's inputs: float32, [B] or [1]. */
const termInputs = {
  leak: 'leak',
  threshold: 'v_threshold',
  vReset: 'v_reset',
  vRest: 'v_rest',
  resistance: 'resistance',
} as const satisfies Record<keyof LifTerms<unknown>, string>;

/** The inputs that every graph over neurons has, by name; `lifSimulateGraph` says what they hold. */
export function neuronInputs(graph: TensorAlgebra, spec: LifGraphSpec): Record<string, Tensor> {
  const floats = ['current', ...Object.values(termInputs), 'v_init', ...(spec.refractory ? ['refractory_steps'] : [])];
  const integers = ['chunks', 'capacity', ...(spec.overhang ? ['steps'] : [])];
  return Object.fromEntries([
    ...floats.map((name) => [name, graph.input(name, 'float32')] as const),
    ...integers.map((name) => [name, graph.input(name, 'int32')] as const),
  ]);
}

/** The names of the state between steps, each [B]: `refractory_left` counts the steps for which a neuron is still refractory. */
export function stateNames({ refractory }: LifGraphSpec): readonly ('v' | 'refractory_left')[] {
  return refractory ? ['v', 'refractory_left'] : ['v'];
}

/** One forward step: the state before it and its results. */
export interface Step {
  readonly before: Tensors;
  readonly vPre: Tensor;
  readonly spike: Tensor;
  readonly v: Tensor;
  readonly current: Tensor;
  readonly refractory: Tensor | undefined;
}

/** Cotangents of s and v that the loss adds at each step of a chunk; undefined where it adds none. */
export interface Cotangents {
  readonly spikes: readonly (Tensor | undefined)[];
  readonly v: readonly (Tensor | undefined)[];
}

/** The steps of one chunk, written into the body of a loop. */
export class NeuronChunk {
  readonly #graph: TensorAlgebra;
  readonly #spec: LifGraphSpec;
  readonly #values: Tensors;
  readonly #terms: LifTerms<Tensor>;

  /** @param values the loop's values: the graph's inputs by name, and the index of the `chunk`. */
  constructor(graph: TensorAlgebra, spec: LifGraphSpec, values: Tensors) {
    this.#graph = graph;
    this.#spec = spec;
    this.#values = values;
    this.#terms = recordOf(Object.keys(termInputs) as (keyof typeof termInputs)[], (term) => values[termInputs[term]]!);
  }

  /** For each step of the chunk its part of values given per neuron, [B], or per step, [steps, B]. */
  stepsOf(values: Tensor, per: 'neuron' | 'step'): readonly Tensor[] {
    return Array.from({ length: this.#spec.chunkSteps }, (_, t) =>
      per === 'neuron' ? values : sliceAt(this.#graph, values, this.#stepIndex(t)),
    );
  }

  /** A list of one [B] per step of the run, with this chunk's items set. */
  setSteps(list: Tensor, items: readonly Tensor[]): Tensor {
    return items.reduce((filled, item, t) => setItem(this.#graph, filled, this.#stepIndex(t), item), list);
  }

  /** The index of step t of the chunk among all steps: int32. */
  #stepIndex(t: number): Tensor {
    const graph = this.#graph;
    return graph.add(graph.mul(this.#values.chunk!, graph.literal('int32', this.#spec.chunkSteps)), graph.literal('int32', t));
  }

  /** Runs all steps from the state before the first. */
  run(start: Tensors): { readonly steps: readonly Step[]; readonly end: Tensors } {
    const graph = this.#graph;
    const currents = this.stepsOf(this.#values.current!, this.#spec.current);
    const steps: Step[] = [];
    let state = start;
    for (const [t, current] of currents.entries()) {
      const refractory = this.#refractoryAt(t, state);
      const { vPre, spike, v } = lifStep(graph, this.#spec.structure, this.#terms, { v: state.v!, current, refractory });
      steps.push({ before: state, vPre, spike, v, current, refractory });
      const left = state.refractory_left;
      state = {
        v,
        ...(left && {
          refractory_left: graph.select(
            spike,
            this.#values.refractory_steps!,
            graph.max(graph.sub(left, graph.constant(1)), graph.constant(0)),
          ),
        }),
      };
    }
    return { steps, end: state };
  }

  #refractoryAt(t: number, { refractory_left }: Tensors): Tensor | undefined {
    const graph = this.#graph;
    const refractory = refractory_left && graph.lt(graph.constant(0), refractory_left);
    if (!this.#spec.overhang) return refractory;
    const isBeyond = graph.le(this.#values.steps!, this.#stepIndex(t));
    return refractory === undefined ? isBeyond : graph.or(refractory, isBeyond);
  }

  /** Runs back over the steps, from the cotangent of the potential after the last. */
  runBack(
    steps: readonly Step[],
    vBarAfter: Tensor,
    surrogate: SurrogateShape,
    cotangents: Cotangents,
  ): { readonly adjoints: readonly LifAdjoint<Tensor>[]; readonly vBar: Tensor } {
    const graph = this.#graph;
    const { threshold } = this.#terms;
    const parameters = surrogateParameters(surrogate, this.#values, threshold);
    const adjoints: LifAdjoint<Tensor>[] = [];
    let vBar = vBarAfter;
    for (let t = steps.length - 1; t >= 0; t--) {
      const { before, vPre, spike, current, refractory } = steps[t]!;
      const adjoint = lifAdjoint(graph, this.#spec.structure, this.#terms, {
        vBar: graph.add(vBar, cotangents.v[t] ?? graph.constant(0)),
        spikeBar: cotangents.spikes[t] ?? graph.constant(0),
        v: before.v!,
        vPre,
        spike,
        current,
        surrogateGrad: surrogateGradient(graph, surrogate, graph.sub(vPre, threshold), parameters),
        ...(refractory && { refractory }),
      });
      adjoints[t] = adjoint;
      vBar = adjoint.v;
    }
    return { adjoints, vBar };
  }
}
