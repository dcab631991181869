import { adjointPart, firingRateLoss } from '../../lif.ts';
import type { Differentiable, Loss } from '../../jobs.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import type { FunctionDef } from './graph-def.ts';
import type { GraphFunction, Tensor } from './graph-function.ts';
import { chunksLeft, neuronState, spikeCount, sumOf } from './lif-simulate-graph.ts';
import { whileLoop, type Tensors } from './loop.ts';
import { NeuronChunk, neuronInputs, neuronShape, neuronZeros, type Cotangents, type LifGraphSpec, type Step } from './neuron-chunk.ts';
import { PackedState } from './packed-state.ts';
import { defineProgram, type Program } from './program.ts';
import { listByNeurons, setSteps, swapAxes } from './series.ts';
import { parameterInputs } from './surrogate-parameters.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import { emptyList, getItem, setItem } from './tensor-list.ts';
import { convert, integer, integers } from './tensor-ops.ts';

/** What of a gradient job shapes its graph. */
export interface LifGradGraphSpec extends LifGraphSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  readonly cotangents: Readonly<Record<'spikes' | 'v', 'none' | 'neuron' | 'step'>>;
  readonly wrt: readonly Differentiable[];
}

type Summed = keyof typeof adjointPart;

/**
 * Gradients through neurons. Inputs: those of `lifSimulateGraph` and of the surrogate's parameters; for a firing rate `target` and
 * `hz_per_spike`, [B] or [1]; `cotangent_spikes` and `cotangent_v`, each [B] or [B, capacity], as the spec has them; an int32 number
 * `checkpoints`, how many chunks there is room for.
 *
 * Outputs: `spike_counts` int32 [B], `loss` [B], and for each quantity of `wrt` its gradient `grad_...`: [B], or [B, capacity] for a
 * current per step.
 *
 * The forward pass keeps the state before each chunk. The backward pass takes the chunks from the last to the first, runs each
 * again from there, and goes back over it.
 */
export function lifGradGraph(spec: LifGradGraphSpec): Program {
  return defineProgram((graph, library) => new GradWriter(graph, library, spec).write());
}

class GradWriter {
  readonly #graph: GraphFunction;
  readonly #library: FunctionDef[];
  readonly #spec: LifGradGraphSpec;
  readonly #currentPerStep: boolean;
  /** Quantities whose gradient is a sum over steps. */
  readonly #summed: readonly Summed[];

  constructor(graph: GraphFunction, library: FunctionDef[], spec: LifGradGraphSpec) {
    this.#graph = graph;
    this.#library = library;
    this.#spec = spec;
    this.#currentPerStep = spec.current === 'step' && spec.wrt.includes('current');
    this.#summed = spec.wrt.filter((name): name is Summed => name !== 'v_init' && !(name === 'current' && this.#currentPerStep));
  }

  write(): Tensors {
    const graph = this.#graph;
    const inputs = this.#inputs();
    const forward = this.#forward(inputs);
    const { loss, spikeBar } = this.#loss(inputs, forward);
    const backward = this.#backward({ ...inputs, ...spikeBar }, forward);
    return {
      spike_counts: convert(graph, forward.spike_counts!, 'int32'),
      loss,
      ...Object.fromEntries(this.#spec.wrt.map((name) => [`grad_${name}`, this.#gradient(inputs, backward, name)])),
    };
  }

  #inputs(): Tensors {
    const graph = this.#graph;
    const spec = this.#spec;
    const cotangents = (['spikes', 'v'] as const).filter((of) => spec.cotangents[of] !== 'none');
    const floats = [...(spec.loss === 'firing_rate_mse' ? ['target', 'hz_per_spike'] : []), ...cotangents.map((of) => `cotangent_${of}`)];
    const given: Record<string, Tensor> = {
      ...neuronInputs(graph, spec),
      checkpoints: graph.input('checkpoints', 'int32'),
      ...Object.fromEntries(floats.map((name) => [name, graph.input(name, 'float32')])),
      ...parameterInputs(graph, spec.surrogate),
    };
    const perStep = [
      ...(spec.current === 'step' ? ['current'] : []),
      ...cotangents.filter((of) => spec.cotangents[of] === 'step').map((of) => `cotangent_${of}`),
    ];
    return { ...given, ...Object.fromEntries(perStep.map((name) => [name, swapAxes(graph, given[name]!)])) };
  }

  /** Spike counts and loss sums in float64, and the list of states before each chunk. */
  #forward(inputs: Tensors): Tensors {
    const graph = this.#graph;
    const spec = this.#spec;
    const hasSum = spec.loss === 'cotangent';
    const carried = neuronState(spec, ['spike_counts', ...(hasSum ? ['loss_sum'] : [])]);
    const zeros = neuronZeros(graph, inputs);
    const checkpoints = () => emptyList(graph, 'float32', neuronShape(graph, inputs), inputs.checkpoints!);
    const state: Tensors = {
      ...inputs,
      chunk: integer(graph, 0),
      ...carried.start(graph, { v: inputs.v_init!, held_steps: zeros }, zeros),
      v_list: checkpoints(),
      ...(spec.refractory && { held_list: checkpoints() }),
    };
    const done = whileLoop(graph, this.#library, 'forward', state, chunksLeft, (inner, now) => {
      const { v, held_steps } = carried.values(inner, now);
      const start = { v: v!, heldSteps: held_steps };
      const chunk = new NeuronChunk(inner, spec, now, now.chunk!);
      const { steps, end } = chunk.run(start);
      return {
        chunk: integers(inner, 'AddV2', now.chunk!, integer(inner, 1)),
        ...carried.next(inner, now, {
          v: end.v,
          ...(end.heldSteps && { held_steps: end.heldSteps }),
          spike_counts: spikeCount(inner, steps),
          ...(hasSum && { loss_sum: sumOf(inner, this.#lossTerms(inner, this.#cotangents(chunk, now), steps)) }),
        }),
        v_list: setItem(inner, now.v_list!, now.chunk!, start.v),
        ...(start.heldSteps && { held_list: setItem(inner, now.held_list!, now.chunk!, start.heldSteps) }),
      };
    });
    return { ...carried.finish(graph, done), v_list: done.v_list!, ...(spec.refractory && { held_list: done.held_list! }) };
  }

  /** The cotangent of v before the first step and the sums, in float64, and the list of the current's gradients. */
  #backward(inputs: Tensors, forward: Tensors): Tensors {
    const graph = this.#graph;
    const spec = this.#spec;
    const carried = new PackedState(['v_bar'], this.#summed);
    const zeros = neuronZeros(graph, inputs);
    const state: Tensors = {
      ...inputs,
      chunk: integers(graph, 'Sub', inputs.chunks!, integer(graph, 1)),
      v_list: forward.v_list!,
      ...(spec.refractory && { held_list: forward.held_list! }),
      ...carried.start(graph, { v_bar: zeros }, zeros),
      ...(this.#currentPerStep && { current_list: emptyList(graph, 'float32', neuronShape(graph, inputs), inputs.capacity!) }),
    };
    const isLeft = (inner: GraphFunction, { chunk }: Tensors) => new TensorAlgebra(inner).le(integer(inner, 0), chunk!);
    const done = whileLoop(graph, this.#library, 'backward', state, isLeft, (inner, now) => {
      const { v_bar } = carried.values(inner, now);
      const checkpoint = (list: Tensor) => getItem(inner, list, now.chunk!, 'float32', neuronShape(inner, now));
      const chunk = new NeuronChunk(inner, spec, now, now.chunk!);
      const { steps } = chunk.run({ v: checkpoint(now.v_list!), heldSteps: now.held_list && checkpoint(now.held_list) });
      const { adjoints, vBar } = chunk.runBack(steps, v_bar!, spec.surrogate, this.#cotangents(chunk, now));
      const terms = this.#summed.map(
        (name) =>
          [
            name,
            sumOf(
              inner,
              adjoints.map((adjoint) => adjoint[adjointPart[name]]),
            ),
          ] as const,
      );
      return {
        chunk: integers(inner, 'Sub', now.chunk!, integer(inner, 1)),
        ...carried.next(inner, now, { v_bar: vBar, ...Object.fromEntries(terms) }),
        ...(now.current_list && { current_list: setSteps(inner, spec, now.current_list, now.chunk!, adjoints, ({ current }) => current) }),
      };
    });
    return { ...carried.finish(graph, done), ...(this.#currentPerStep && { current_list: done.current_list! }) };
  }

  #gradient(inputs: Tensors, backward: Tensors, name: Differentiable): Tensor {
    if (name === 'current' && this.#currentPerStep) return listByNeurons(this.#graph, backward.current_list!, 'float32', inputs);
    return new TensorAlgebra(this.#graph).cast(backward[name === 'v_init' ? 'v_bar' : name]!, 'float32');
  }

  /** What the loss adds to the cotangents of a chunk's steps. */
  #cotangents(chunk: NeuronChunk, now: Tensors): Cotangents {
    const { cotangents, chunkSteps } = this.#spec;
    const given = (of: 'spikes' | 'v') => (cotangents[of] === 'none' ? [] : chunk.stepsOf(now[`cotangent_${of}`]!, cotangents[of]));
    return { spikes: now.spike_bar ? Array.from({ length: chunkSteps }, () => now.spike_bar) : given('spikes'), v: given('v') };
  }

  /** What a chunk's steps add to the loss that is a sum of cotangents times values. */
  #lossTerms(graph: GraphFunction, { spikes, v }: Cotangents, steps: readonly Step[]): Tensor[] {
    const ops = new TensorAlgebra(graph);
    return steps.flatMap((step, t) => [
      ...(spikes[t] ? [ops.select(step.spike, spikes[t], ops.constant(0))] : []),
      ...(v[t] ? [ops.mul(v[t], step.v)] : []),
    ]);
  }

  /** The loss, and its derivative with respect to every spike where that is the same at all steps. */
  #loss(inputs: Tensors, { spike_counts, loss_sum }: Tensors): { readonly loss: Tensor; readonly spikeBar: Tensors } {
    const graph = this.#graph;
    const ops = new TensorAlgebra(graph);
    switch (this.#spec.loss) {
      case 'spike_count':
        return { loss: ops.cast(spike_counts!, 'float32'), spikeBar: { spike_bar: graph.constant('float32', 1) } };
      case 'firing_rate_mse': {
        const { loss, spikeBar } = firingRateLoss(ops, ops.cast(spike_counts!, 'float32'), inputs.hz_per_spike!, inputs.target!);
        return { loss, spikeBar: { spike_bar: spikeBar } };
      }
      case 'cotangent':
        return { loss: ops.cast(loss_sum!, 'float32'), spikeBar: {} };
    }
  }
}
