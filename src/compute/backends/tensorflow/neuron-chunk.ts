import { lifAdjoint, lifStep, type LifAdjoint, type LifStructure, type LifTerms } from '../../lif.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import type { GraphFunction, Tensor } from './graph-function.ts';
import type { Tensors } from './loop.ts';
import { surrogateGradient } from './surrogate-parameters.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import { at, integer, integers, shapeOf, zerosLike } from './tensor-ops.ts';

/**
 * What of a problem shapes its graph. Time is cut into chunks of `chunkSteps` steps, which the graph holds one after the other;
 * loops go over the chunks, so that no graph grows with T.
 */
export interface LifGraphSpec {
  readonly structure: LifStructure;
  readonly refractory: boolean;
  readonly chunkSteps: number;
  /** Whether the last chunk goes on after the last step: neurons are held there. */
  readonly overhang: boolean;
  readonly current: 'neuron' | 'step';
}

/** The neuron's numbers among a graph's inputs: float32, [B] or [1]. */
export const termInputs = {
  leak: 'leak',
  threshold: 'v_threshold',
  vReset: 'v_reset',
  vRest: 'v_rest',
  resistance: 'resistance',
} as const satisfies Record<keyof LifTerms<unknown>, string>;

/** State between steps, each [B]. */
export interface NeuronState {
  readonly v: Tensor;
  /** How many steps each neuron is still refractory; only where neurons can be. */
  readonly heldSteps: Tensor | undefined;
}

/** One step as it was run. */
export interface Step {
  readonly before: NeuronState;
  readonly vPre: Tensor;
  readonly spike: Tensor;
  readonly v: Tensor;
  readonly current: Tensor;
  readonly refractory: Tensor | undefined;
}

/** Cotangents of s and v that the loss adds at each step of a chunk; none where it adds none. */
export interface Cotangents {
  readonly spikes: readonly (Tensor | undefined)[];
  readonly v: readonly (Tensor | undefined)[];
}

/** The steps of one chunk, written into a function of the graph whose values hold the inputs by name. */
export class NeuronChunk {
  readonly #graph: GraphFunction;
  readonly #ops: TensorAlgebra;
  readonly #spec: LifGraphSpec;
  readonly #inputs: Tensors;
  readonly #chunk: Tensor;
  readonly #currents: readonly Tensor[];

  /** @param chunk which chunk of the run it is, an int32 number. */
  constructor(graph: GraphFunction, spec: LifGraphSpec, inputs: Tensors, chunk: Tensor) {
    this.#graph = graph;
    this.#ops = new TensorAlgebra(graph);
    this.#spec = spec;
    this.#inputs = inputs;
    this.#chunk = chunk;
    this.#currents = this.stepsOf(inputs.current!, spec.current);
  }

  get #terms(): LifTerms<Tensor> {
    const terms = Object.entries(termInputs).map(([term, name]) => [term, this.#inputs[name]!] as const);
    return Object.fromEntries(terms) as unknown as LifTerms<Tensor>;
  }

  /** What each step of the chunk has of values given per neuron, [B], or per step, [steps, B]. */
  stepsOf(values: Tensor, per: 'neuron' | 'step'): readonly Tensor[] {
    return Array.from({ length: this.#spec.chunkSteps }, (_, t) => (per === 'neuron' ? values : at(this.#graph, values, this.#index(t))));
  }

  /** The index of step t of the chunk among all steps: an int32 number. */
  #index(t: number): Tensor {
    return stepIndex(this.#graph, this.#spec.chunkSteps, this.#chunk, t);
  }

  /** Runs all steps from the state before the first. */
  run(start: NeuronState): { readonly steps: readonly Step[]; readonly end: NeuronState } {
    const steps: Step[] = [];
    let state = start;
    for (let t = 0; t < this.#spec.chunkSteps; t++) {
      const step = this.step(t, state);
      steps.push(step);
      state = { v: step.v, heldSteps: this.#heldStepsAfter(step) };
    }
    return { steps, end: state };
  }

  /** Runs step t of the chunk alone. */
  step(t: number, before: NeuronState): Step {
    const current = this.#currents[t]!;
    const refractory = this.#heldAt(t, before);
    const { vPre, spike, v } = lifStep(this.#ops, this.#spec.structure, this.#terms, before.v, current, refractory);
    return { before, vPre, spike, v, current, refractory };
  }

  #heldAt(t: number, { heldSteps }: NeuronState): Tensor | undefined {
    const ops = this.#ops;
    const refractory = heldSteps && ops.lt(ops.constant(0), heldSteps);
    if (!this.#spec.overhang) return refractory;
    const over = ops.le(this.#inputs.steps!, this.#index(t));
    return refractory === undefined ? over : ops.or(refractory, over);
  }

  #heldStepsAfter({ before: { heldSteps }, spike }: Step): Tensor | undefined {
    const ops = this.#ops;
    return heldSteps && ops.select(spike, this.#inputs.refractory_steps!, ops.max(ops.sub(heldSteps, ops.constant(1)), ops.constant(0)));
  }

  /** Goes back over steps that were run, from the cotangent of the potential after the last. */
  runBack(
    steps: readonly Step[],
    vBarAfter: Tensor,
    surrogate: SurrogateShape,
    cotangents: Cotangents,
  ): { readonly adjoints: readonly LifAdjoint<Tensor>[]; readonly vBar: Tensor } {
    const ops = this.#ops;
    const terms = this.#terms;
    const adjoints: LifAdjoint<Tensor>[] = [];
    let vBar = vBarAfter;
    for (let t = steps.length - 1; t >= 0; t--) {
      const { before, vPre, spike, current, refractory } = steps[t]!;
      const adjoint = lifAdjoint(ops, this.#spec.structure, terms, {
        vBar: ops.add(vBar, cotangents.v[t] ?? ops.constant(0)),
        spikeBar: cotangents.spikes[t] ?? ops.constant(0),
        v: before.v,
        vPre,
        spike,
        current,
        surrogateGrad: surrogateGradient(ops, surrogate, ops.sub(vPre, terms.threshold), this.#inputs),
        ...(refractory && { refractory }),
      });
      adjoints[t] = adjoint;
      vBar = adjoint.v;
    }
    return { adjoints, vBar };
  }
}

/** The inputs that every graph over neurons has. */
export function neuronInputs(graph: GraphFunction, spec: LifGraphSpec): Record<string, Tensor> {
  const floats = ['current', ...Object.values(termInputs), 'v_init', ...(spec.refractory ? ['refractory_steps'] : [])];
  const numbers = ['chunks', 'capacity', ...(spec.overhang ? ['steps'] : [])];
  return Object.fromEntries([
    ...floats.map((name) => [name, graph.input(name, 'float32')] as const),
    ...numbers.map((name) => [name, graph.input(name, 'int32')] as const),
  ]);
}

/** Zeros, one per neuron. */
export function neuronZeros(graph: GraphFunction, inputs: Tensors): Tensor {
  return zerosLike(graph, inputs.v_init!);
}

/** [B], as an int32 tensor. */
export function neuronShape(graph: GraphFunction, inputs: Tensors): Tensor {
  return shapeOf(graph, inputs.v_init!);
}

/** The index of step t of a chunk among all steps: an int32 number. */
export function stepIndex(graph: GraphFunction, chunkSteps: number, chunk: Tensor, t: number): Tensor {
  return integers(graph, 'AddV2', integers(graph, 'Mul', chunk, integer(graph, chunkSteps)), integer(graph, t));
}
