import { adjointPart, firingRateLoss } from '../../neurons/lif.ts';
import type { Differentiable, Loss } from '../../jobs.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import { recordOf, type Tensor, type Tensors } from './graph-function.ts';
import { NeuronChunk, neuronInputs, stateNames, type Cotangents, type LifGraphSpec, type Step } from './neuron-chunk.ts';
import { PackedState } from './packed-state.ts';
import { defineProgram, whileLoop, type Program } from './program.ts';
import { parameterInputs } from './surrogate-graphs.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';
import { emptyList, getItem, setItem, shapeOf, stackItems, transpose, type ItemType } from './tensor-ops.ts';

/** Outputs per step of a forward graph, and the part of a step that they hold. */
const seriesParts = { spikes: 'spike', v: 'v', v_pre: 'vPre' } as const satisfies Record<string, keyof Step>;
export type SeriesOutput = keyof typeof seriesParts;

/**
 * Runs neurons forward. Inputs, float32 unless said otherwise:
 *
 * - `current` [B], or [B, capacity]; `v_init` [B]
 * - `leak`, `v_threshold`, `v_reset`, `v_rest`, `resistance`: each [B] or [1]
 * - `refractory_steps`, a scalar, where neurons can be refractory
 * - int32 scalars: `chunks`, the number of chunks; `capacity`, the number of steps that series have room for; `steps`, where the last chunk
 *   extends beyond the last step
 *
 * Outputs: `spike_counts` int32 [B], `v_final` [B], and the requested series, [B, capacity], spikes as bool.
 */
export function lifSimulateGraph(spec: LifGraphSpec, series: readonly SeriesOutput[]): Program {
  return defineProgram((graph) => {
    const inputs = withStepsFirst(graph, neuronInputs(graph, spec), spec.current === 'step' ? ['current'] : []);
    const listName = (name: SeriesOutput): string => `${name}_list`;
    const itemType = (name: SeriesOutput): ItemType => (name === 'spikes' ? 'bool' : 'float32');
    const shape = shapeOf(graph, inputs.v_init!);
    const lists = Object.fromEntries(series.map((name) => [listName(name), emptyList(graph, itemType(name), shape, inputs.capacity!)]));
    const { v, spike_counts, ...filled } = forwardLoop(graph, spec, inputs, {
      lists,
      sums: [],
      body: (_inner, now, { chunk, steps }) => ({
        terms: {},
        lists: Object.fromEntries(
          series.map((name) => {
            const list = listName(name);
            const items = steps.map((step) => step[seriesParts[name]]);
            return [list, chunk.setSteps(now[list]!, items)];
          }),
        ),
      }),
    });
    return {
      spike_counts: graph.cast(spike_counts!, 'int32'),
      v_final: v!,
      ...recordOf(series, (name) => transpose(graph, stackItems(graph, filled[listName(name)]!, itemType(name), shape))),
    };
  });
}

/** What of a gradient job shapes its graph. */
export interface LifGradGraphSpec extends LifGraphSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  readonly cotangents: Readonly<Record<'spikes' | 'v', 'none' | 'neuron' | 'step'>>;
  readonly wrt: readonly Differentiable[];
}

/**
 * Gradients through neurons. Inputs: those of `lifSimulateGraph` and the surrogate's parameters; for a firing rate `target` and
 * `hz_per_spike`, [B] or [1]; `cotangent_spikes` and `cotangent_v`, each [B] or [B, capacity], according to the spec; an int32 scalar
 * `checkpoints`, the number of chunks that there is room for.
 *
 * Outputs: `spike_counts` int32 [B], `loss` [B], and for each quantity of `wrt` its gradient `grad_...`: [B], or [B, capacity] for a
 * current per step.
 *
 * The forward pass keeps the state before each chunk as a checkpoint. The backward pass takes the chunks from the last to the first, runs each
 * forward again from its checkpoint, and then backward.
 */
export function lifGradGraph(spec: LifGradGraphSpec): Program {
  return defineProgram((graph) => {
    const inputs = gradInputs(graph, spec);
    const forward = checkpointedForward(graph, spec, inputs);
    const { loss, spikeBar } = lossOf(graph, spec, inputs, forward);
    const gradients = backwardLoop(graph, spec, { ...inputs, ...spikeBar }, forward);
    return {
      spike_counts: graph.cast(forward.spike_counts!, 'int32'),
      loss,
      ...Object.fromEntries(spec.wrt.map((name) => [`grad_${name}`, gradients[name]!])),
    };
  });
}

function gradInputs(graph: TensorAlgebra, spec: LifGradGraphSpec): Tensors {
  const cotangents = (['spikes', 'v'] as const).filter((name) => spec.cotangents[name] !== 'none');
  const floats = [...(spec.loss === 'firing_rate_mse' ? ['target', 'hz_per_spike'] : []), ...cotangents.map((name) => `cotangent_${name}`)];
  const inputs = {
    ...neuronInputs(graph, spec),
    checkpoints: graph.input('checkpoints', 'int32'),
    ...recordOf(floats, (name) => graph.input(name, 'float32')),
    ...parameterInputs(graph, spec.surrogate),
  };
  return withStepsFirst(graph, inputs, [
    ...(spec.current === 'step' ? ['current'] : []),
    ...cotangents.filter((name) => spec.cotangents[name] === 'step').map((name) => `cotangent_${name}`),
  ]);
}

/** The named [B, steps] as [steps, B], the order in which loops read them. */
function withStepsFirst(graph: TensorAlgebra, inputs: Tensors, names: readonly string[]): Tensors {
  return { ...inputs, ...recordOf(names, (name) => transpose(graph, inputs[name]!)) };
}

interface ForwardLoop {
  /** Lists that the loop fills. */
  readonly lists: Tensors;
  /** Names of sums over chunks, beside the spike counts. */
  readonly sums: readonly string[];
  /** The lists after a chunk, and its terms of the sums. */
  readonly body: (
    graph: TensorAlgebra,
    now: Tensors,
    run: { readonly chunk: NeuronChunk; readonly start: Tensors; readonly steps: readonly Step[] },
  ) => { readonly lists: Tensors; readonly terms: Tensors };
}

/** Runs all chunks forward; gives the lists, the state after the last chunk, and the spike counts and sums in float64. */
function forwardLoop(graph: TensorAlgebra, spec: LifGraphSpec, inputs: Tensors, { lists, sums, body }: ForwardLoop): Tensors {
  const packed = new PackedState(stateNames(spec), ['spike_counts', ...sums]);
  const zeros = graph.unary('ZerosLike', inputs.v_init!);
  const state: Tensors = {
    ...inputs,
    ...lists,
    chunk: graph.literal('int32', 0),
    ...packed.start(graph, { v: inputs.v_init!, refractory_left: zeros }, zeros),
  };
  const isLeft = (inner: TensorAlgebra, { chunk, chunks }: Tensors) => inner.lt(chunk!, chunks!);
  const done = whileLoop(graph, 'forward', state, isLeft, (inner, now) => {
    const start = packed.values(inner, now);
    const chunk = new NeuronChunk(inner, spec, now);
    const { steps, end } = chunk.run(start);
    const next = body(inner, now, { chunk, start, steps });
    const spike_counts = inner.sum(steps.map(({ spike }) => inner.cast(spike, 'float32')));
    return {
      chunk: inner.add(now.chunk!, inner.literal('int32', 1)),
      ...packed.next(inner, now, { ...end, spike_counts, ...next.terms }),
      ...next.lists,
    };
  });
  return { ...recordOf(Object.keys(lists), (name) => done[name]!), ...packed.finish(graph, done) };
}

const checkpointList = (name: string): string => `${name}_checkpoints`;

/** The forward pass, with lists of the states before each chunk. */
function checkpointedForward(graph: TensorAlgebra, spec: LifGradGraphSpec, inputs: Tensors): Tensors {
  const names = stateNames(spec);
  const hasSum = spec.loss === 'cotangent';
  const emptyCheckpoints = emptyList(graph, 'float32', shapeOf(graph, inputs.v_init!), inputs.checkpoints!);
  return forwardLoop(graph, spec, inputs, {
    lists: Object.fromEntries(names.map((name) => [checkpointList(name), emptyCheckpoints])),
    sums: hasSum ? ['loss_sum'] : [],
    body: (inner, now, { chunk, start, steps }) => ({
      lists: Object.fromEntries(
        names.map((name) => [checkpointList(name), setItem(inner, now[checkpointList(name)]!, now.chunk!, start[name]!)]),
      ),
      terms: hasSum ? { loss_sum: lossTerm(inner, cotangentsOf(spec, chunk, now), steps) } : {},
    }),
  });
}

/** The loss, and its derivative with respect to every spike where that is the same at all steps. */
function lossOf(
  graph: TensorAlgebra,
  spec: LifGradGraphSpec,
  inputs: Tensors,
  { spike_counts, loss_sum }: Tensors,
): { readonly loss: Tensor; readonly spikeBar: Tensors } {
  switch (spec.loss) {
    case 'spike_count':
      return { loss: graph.cast(spike_counts!, 'float32'), spikeBar: { spike_bar: graph.literal('float32', 1) } };
    case 'firing_rate_mse': {
      const { loss, spikeBar } = firingRateLoss(graph, graph.cast(spike_counts!, 'float32'), inputs.hz_per_spike!, inputs.target!);
      return { loss, spikeBar: { spike_bar: spikeBar } };
    }
    case 'cotangent':
      return { loss: graph.cast(loss_sum!, 'float32'), spikeBar: {} };
  }
}

/** What the loss adds to the cotangents of a chunk's steps. */
function cotangentsOf({ cotangents }: LifGradGraphSpec, chunk: NeuronChunk, now: Tensors): Cotangents {
  const given = (name: 'spikes' | 'v') => (cotangents[name] === 'none' ? [] : chunk.stepsOf(now[`cotangent_${name}`]!, cotangents[name]));
  return { spikes: now.spike_bar ? chunk.stepsOf(now.spike_bar, 'neuron') : given('spikes'), v: given('v') };
}

/** What a chunk's steps add to a loss that is a sum of cotangents times values. */
function lossTerm(graph: TensorAlgebra, { spikes, v }: Cotangents, steps: readonly Step[]): Tensor {
  return graph.sum(
    steps.flatMap((step, t) => [
      ...(spikes[t] ? [graph.select(step.spike, spikes[t], graph.constant(0))] : []),
      ...(v[t] ? [graph.mul(v[t], step.v)] : []),
    ]),
  );
}

/** The gradients of all quantities of `wrt`, by name. */
function backwardLoop(graph: TensorAlgebra, spec: LifGradGraphSpec, inputs: Tensors, forward: Tensors): Tensors {
  const states = stateNames(spec);
  const shape = shapeOf(graph, inputs.v_init!);
  const isCurrentPerStep = spec.current === 'step' && spec.wrt.includes('current');
  const summed = spec.wrt.filter(
    (name): name is keyof typeof adjointPart => name !== 'v_init' && !(name === 'current' && isCurrentPerStep),
  );
  const packed = new PackedState(['v_bar'], summed);
  const zeros = graph.unary('ZerosLike', inputs.v_init!);
  const state: Tensors = {
    ...inputs,
    chunk: graph.sub(inputs.chunks!, graph.literal('int32', 1)),
    ...Object.fromEntries(states.map((name) => [checkpointList(name), forward[checkpointList(name)]!])),
    ...packed.start(graph, { v_bar: zeros }, zeros),
    ...(isCurrentPerStep && { current_list: emptyList(graph, 'float32', shape, inputs.capacity!) }),
  };
  const isLeft = (inner: TensorAlgebra, { chunk }: Tensors) => inner.le(inner.literal('int32', 0), chunk!);
  const done = whileLoop(graph, 'backward', state, isLeft, (inner, now) => {
    const { v_bar } = packed.values(inner, now);
    const chunk = new NeuronChunk(inner, spec, now);
    const innerShape = shapeOf(inner, now.v_init!);
    const { steps } = chunk.run(recordOf(states, (name) => getItem(inner, now[checkpointList(name)]!, now.chunk!, innerShape)));
    const { adjoints, vBar } = chunk.runBack(steps, v_bar!, spec.surrogate, cotangentsOf(spec, chunk, now));
    const terms = recordOf(summed, (name) => inner.sum(adjoints.map((adjoint) => adjoint[adjointPart[name]])));
    const currents = adjoints.map(({ current }) => current);
    return {
      chunk: inner.sub(now.chunk!, inner.literal('int32', 1)),
      ...packed.next(inner, now, { v_bar: vBar, ...terms }),
      ...(now.current_list && { current_list: chunk.setSteps(now.current_list, currents) }),
    };
  });
  const { v_bar, ...sums } = packed.finish(graph, done);
  return {
    v_init: graph.cast(v_bar!, 'float32'),
    ...recordOf(summed, (name) => graph.cast(sums[name]!, 'float32')),
    ...(isCurrentPerStep && { current: transpose(graph, stackItems(graph, done.current_list!, 'float32', shape)) }),
  };
}
