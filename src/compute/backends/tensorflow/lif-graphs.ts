import type { Expression } from '../../expressions.ts';
import { lossRecords, maxSpikeCount, type Loss, type LossRecord } from '../../jobs.ts';
import { firingRateLoss } from '../../losses/backend-losses.ts';
import {
  backwardStep,
  initialPath,
  isInitial,
  recordBarLeaf,
  returnedSpikes,
  stateBarLeaf,
  stateLeaf,
  stepRecord,
  termLeaf,
  type BackwardStep,
  type NeuronProgram,
} from '../../neurons/program.ts';
import type { SurrogateShape } from '../../surrogates/shape.ts';
import { recordOf, type ItemType, type Tensor, type Tensors } from './graph-function.ts';
import {
  forwardOnly,
  NeuronChunk,
  neuronInputs,
  termNames,
  type ChunkStep,
  type NeuronGraphSpec,
  type RecordCotangents,
} from './neuron-chunk.ts';
import { PackedState } from './packed-state.ts';
import { defineProgram, whileLoop, type Program } from './program.ts';
import { parameterInputs, surrogateGradient, surrogateParameters } from './surrogate-graphs.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';

/** What of a run forward shapes its graph. */
export interface LifSimulateGraphSpec extends NeuronGraphSpec {
  /** Names of records per step, or `fired`: how often a neuron fires, also where it returns scaled numbers. */
  readonly series: readonly string[];
  /** States whose last value is given back. */
  readonly finals: readonly string[];
  /** Whether the sum of what a neuron returns is given back. */
  readonly returned: boolean;
}

/** Whether a step fires. */
function firesAt({ step: { graph, spike } }: NeuronProgram): Expression {
  return spike ?? graph.lt(graph.constant(0), graph.constant(0));
}

/** What a series holds at each step. */
function seriesPart(program: NeuronProgram, name: string): { readonly type: ItemType; readonly part: Expression } {
  const { step } = program;
  const numbers = name === 'fired' ? step.count : name === 'spikes' ? step.spikes : stepRecord(step, name);
  return numbers === undefined ? { type: 'bool', part: firesAt(program) } : { type: 'float32', part: numbers };
}

/**
 * Runs neurons forward. Inputs, float32 unless said otherwise:
 *
 * - `current` [B], or [B, capacity]
 * - by `termNames` each term, [B] or [1]; the states before the first step are always [B]
 * - int32 scalars: `chunks`, the number of chunks; `capacity`, the number of steps that series have room for; `steps`, where the last chunk
 *   extends beyond the last step
 *
 * Outputs: `spike_counts` int32 [B], `returned` [B], and by their place in the spec's lists `final_0`, ... [B] and `series_0`, ...
 * [B, capacity], whether a neuron fires as bool.
 */
export function lifSimulateGraph(spec: LifSimulateGraphSpec): Program {
  const { program, returned } = spec;
  const series = spec.series.map((name, i) => ({ list: `series_${i}`, ...seriesPart(program, name) }));
  return defineProgram((graph) => {
    const inputs = withStepsFirst(graph, neuronInputs(graph, spec), spec.current === 'step' ? ['current'] : []);
    const shape = graph.shapeOf(inputs.initial_0!);
    const done = forwardLoop(graph, spec, inputs, {
      lists: Object.fromEntries(series.map(({ list, type }) => [list, graph.emptyList(type, shape, inputs.capacity!)])),
      sums: returned ? ['returned'] : [],
      body: (inner, now, { chunk, steps }) => ({
        terms: returned ? { returned: sumOverSteps(inner, steps, returnedSpikes(program.step)) } : {},
        lists: Object.fromEntries(
          series.map(({ list, type, part }) => {
            const items = steps.map(({ evaluate }) => (type === 'bool' ? evaluate(part) : inner.cast(evaluate(part), type)));
            return [list, chunk.setSteps(now[list]!, items)];
          }),
        ),
      }),
    });
    return {
      spike_counts: countsOf(graph, done.spike_counts!),
      ...(returned && { returned: graph.cast(done.returned!, 'float32') }),
      ...Object.fromEntries(spec.finals.map((state, i) => [`final_${i}`, done[stateLeaf(state)]!])),
      ...Object.fromEntries(series.map(({ list, type }) => [list, graph.transpose(graph.stackItems(done[list]!, type, shape))])),
    };
  });
}

/** Spike counts, in float64, as int32. */
function countsOf(graph: TensorAlgebra, sums: Tensor): Tensor {
  return graph.cast(graph.min(sums, graph.literal('float64', maxSpikeCount)), 'int32');
}

/** The sum over a chunk's steps within the run. */
function sumOverSteps(graph: TensorAlgebra, steps: readonly ChunkStep[], part: Expression | undefined): Tensor {
  if (part === undefined) return graph.constant(0);
  return graph.sum(steps.map(({ evaluate, within }) => within(graph.cast(evaluate(part), 'float32'), graph.constant(0))));
}

/** What of a gradient job shapes its graph. */
export interface LifGradGraphSpec extends NeuronGraphSpec {
  readonly surrogate: SurrogateShape;
  readonly loss: Loss['type'];
  readonly cotangents: Readonly<Partial<Record<LossRecord, 'neuron' | 'step'>>>;
  /** States whose last value has a cotangent. */
  readonly seeded: readonly string[];
  readonly wrt: {
    readonly current: boolean;
    /** Paths of terms. */
    readonly terms: readonly string[];
  };
}

/**
 * Gradients through neurons. Inputs: those of `lifSimulateGraph` and the surrogate's parameters; for a firing rate `target` and
 * `hz_per_spike`, [B] or [1]; `cotangent_spikes`, `cotangent_v` and `cotangent_v_pre`, each [B] or [B, capacity], according to the spec;
 * `cotangent_state_0`, ... [B], by place in `seeded`; an int32 scalar `checkpoints`, the number of chunks that there is room for.
 *
 * Outputs: `spike_counts` int32 [B], `loss` [B], and the gradients by the current and by terms, `grad_` and the input's name: [B], or
 * [B, capacity] for a current per step.
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
    return { spike_counts: countsOf(graph, forward.spike_counts!), loss, ...gradients };
  });
}

function gradInputs(graph: TensorAlgebra, spec: LifGradGraphSpec): Tensors {
  const cotangents = Object.entries(spec.cotangents).map(([name, per]) => ({ name: `cotangent_${name}`, per }));
  const floats = [
    ...(spec.loss === 'firing_rate_mse' ? ['target', 'hz_per_spike'] : []),
    ...cotangents.map(({ name }) => name),
    ...spec.seeded.map((_, i) => `cotangent_state_${i}`),
  ];
  const inputs = {
    ...neuronInputs(graph, spec),
    checkpoints: graph.input('checkpoints', 'int32'),
    ...recordOf(floats, (name) => graph.input(name, 'float32')),
    ...parameterInputs(graph, spec.surrogate),
  };
  return withStepsFirst(graph, inputs, [
    ...(spec.current === 'step' ? ['current'] : []),
    ...cotangents.filter(({ per }) => per === 'step').map(({ name }) => name),
  ]);
}

/** The named [B, steps] as [steps, B], the order in which loops read them. */
function withStepsFirst(graph: TensorAlgebra, inputs: Tensors, names: readonly string[]): Tensors {
  return { ...inputs, ...recordOf(names, (name) => graph.transpose(inputs[name]!)) };
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
    run: { readonly chunk: NeuronChunk; readonly start: Tensors; readonly steps: readonly ChunkStep[] },
  ) => { readonly lists: Tensors; readonly terms: Tensors };
}

/** Runs all chunks forward; gives the lists, the state after the last chunk by its leaves, and the spike counts and sums in float64. */
function forwardLoop(graph: TensorAlgebra, spec: NeuronGraphSpec, inputs: Tensors, { lists, sums, body }: ForwardLoop): Tensors {
  const { program } = spec;
  const { states, count } = program.step;
  const packed = new PackedState(states.map(stateLeaf), ['spike_counts', ...sums]);
  const names = termNames(program);
  const initial = Object.fromEntries(states.map((state) => [stateLeaf(state), inputs[names.get(initialPath(state))!]!]));
  const state: Tensors = {
    ...inputs,
    ...lists,
    chunk: graph.literal('int32', 0),
    ...packed.start(graph, initial, graph.unary('ZerosLike', inputs.initial_0!)),
  };
  const isLeft = (inner: TensorAlgebra, { chunk, chunks }: Tensors) => inner.lt(chunk!, chunks!);
  const done = whileLoop(graph, 'forward', state, isLeft, (inner, now) => {
    const start = packed.values(inner, now);
    const chunk = new NeuronChunk(inner, spec, now);
    const { steps, end } = chunk.run(start);
    const next = body(inner, now, { chunk, start, steps });
    return {
      chunk: inner.add(now.chunk!, inner.literal('int32', 1)),
      ...packed.next(inner, now, { ...end, spike_counts: sumOverSteps(inner, steps, count ?? firesAt(program)), ...next.terms }),
      ...next.lists,
    };
  });
  return { ...recordOf(Object.keys(lists), (name) => done[name]!), ...packed.finish(graph, done) };
}

const checkpointList = (index: number): string => `checkpoints_${index}`;

/** The forward pass, with lists of the states before each chunk. */
function checkpointedForward(graph: TensorAlgebra, spec: LifGradGraphSpec, inputs: Tensors): Tensors {
  const { step } = spec.program;
  const leaves = step.states.map(stateLeaf);
  const emptyCheckpoints = graph.emptyList('float32', graph.shapeOf(inputs.initial_0!), inputs.checkpoints!);
  const sums = [...(spec.loss === 'cotangent' ? ['loss_sum'] : []), ...(step.spikes === undefined ? [] : ['returned'])];
  return forwardLoop(graph, spec, inputs, {
    lists: Object.fromEntries(leaves.map((_, i) => [checkpointList(i), emptyCheckpoints])),
    sums,
    body: (inner, now, { chunk, start, steps }) => ({
      lists: Object.fromEntries(
        leaves.map((leaf, i) => [checkpointList(i), inner.setItem(now[checkpointList(i)]!, now.chunk!, start[leaf]!)]),
      ),
      terms: recordOf(sums, (name) =>
        name === 'returned'
          ? sumOverSteps(inner, steps, step.spikes)
          : lossTerm(inner, spec.program, cotangentsOf(spec, chunk, now), steps),
      ),
    }),
  });
}

/** The loss, and its derivative with respect to every spike where that is the same at all steps. */
function lossOf(
  graph: TensorAlgebra,
  spec: LifGradGraphSpec,
  inputs: Tensors,
  forward: Tensors,
): { readonly loss: Tensor; readonly spikeBar: Tensors } {
  const spikes = graph.cast(forward.returned ?? forward.spike_counts!, 'float32');
  switch (spec.loss) {
    case 'spike_count':
      return { loss: spikes, spikeBar: { spike_bar: graph.literal('float32', 1) } };
    case 'firing_rate_mse': {
      const { loss, spikeBar } = firingRateLoss(graph, spikes, inputs.hz_per_spike!, inputs.target!);
      return { loss, spikeBar: { spike_bar: spikeBar } };
    }
    case 'cotangent': {
      const ends = spec.seeded.map((state, i) => graph.mul(inputs[`cotangent_state_${i}`]!, forward[stateLeaf(state)]!));
      return { loss: graph.cast(graph.add(forward.loss_sum!, graph.cast(graph.sum(ends), 'float64')), 'float32'), spikeBar: {} };
    }
  }
}

/** What the loss adds to the cotangents of a chunk's steps. */
function cotangentsOf({ cotangents }: LifGradGraphSpec, chunk: NeuronChunk, now: Tensors): RecordCotangents {
  if (now.spike_bar !== undefined) return { spikes: chunk.stepsOf(now.spike_bar, 'neuron') };
  return Object.fromEntries(Object.entries(cotangents).map(([name, per]) => [name, chunk.stepsOf(now[`cotangent_${name}`]!, per)]));
}

/** What a chunk's steps add to a loss that is a sum of cotangents times records. */
function lossTerm(graph: TensorAlgebra, program: NeuronProgram, cotangents: RecordCotangents, steps: readonly ChunkStep[]): Tensor {
  const zero = graph.constant(0);
  return graph.sum(
    Object.entries(cotangents).flatMap(([name, bars]) => {
      const { type, part } = seriesPart(program, name);
      return steps.map(({ evaluate, within }, t) => {
        const value = evaluate(part);
        return within(type === 'bool' ? graph.select(value, bars[t]!, zero) : graph.mul(bars[t]!, value), zero);
      });
    }),
  );
}

/** The backward step of a gradient job. */
function backwardOf({ program, loss, cotangents, seeded, wrt }: LifGradGraphSpec): BackwardStep {
  const records = loss === 'cotangent' ? lossRecords.filter((name) => name in cotangents) : (['spikes'] as const);
  return backwardStep(
    program.step,
    recordOf(records, (name) => program.step.graph.leaf(recordBarLeaf(name))),
    new Set(seeded),
    [...(wrt.current ? ['current'] : []), ...wrt.terms.filter((path) => !isInitial(path)).map(termLeaf)],
  );
}

/** The gradients of all that `wrt` names, as outputs. */
function backwardLoop(graph: TensorAlgebra, spec: LifGradGraphSpec, inputs: Tensors, forward: Tensors): Tensors {
  const { program, seeded, surrogate, wrt } = spec;
  const { states } = program.step;
  const names = termNames(program);
  const backward = backwardOf(spec);
  const live = Object.keys(backward.state);
  const shape = graph.shapeOf(inputs.initial_0!);
  const isCurrentPerStep = spec.current === 'step' && wrt.current;
  /** The leaves whose gradient is a sum over steps, by the names of their inputs. */
  const summed = new Map(Array.from(names, ([path, name]) => [name, termLeaf(path)] as const).filter(([, leaf]) => leaf in backward.wrt));
  if (wrt.current && !isCurrentPerStep) summed.set('current', 'current');
  const packed = new PackedState(live.map(stateBarLeaf), [...summed.keys()]);
  const zeros = graph.unary('ZerosLike', inputs.initial_0!);
  const lastBars = Object.fromEntries(
    live.map((state) => [stateBarLeaf(state), seeded.includes(state) ? inputs[`cotangent_state_${seeded.indexOf(state)}`]! : zeros]),
  );
  const state: Tensors = {
    ...inputs,
    chunk: graph.sub(inputs.chunks!, graph.literal('int32', 1)),
    ...Object.fromEntries(states.map((_, i) => [checkpointList(i), forward[checkpointList(i)]!])),
    ...packed.start(graph, lastBars, zeros),
    ...(isCurrentPerStep && { current_list: graph.emptyList('float32', shape, inputs.capacity!) }),
  };
  const isLeft = (inner: TensorAlgebra, { chunk }: Tensors) => inner.le(inner.literal('int32', 0), chunk!);
  const done = whileLoop(graph, 'backward', state, isLeft, (inner, now) => {
    const chunk = new NeuronChunk(inner, spec, now, {
      ...forwardOnly,
      grad: (x, threshold) => surrogateGradient(inner, surrogate, x, surrogateParameters(surrogate, now, threshold)),
    });
    const innerShape = inner.shapeOf(now.initial_0!);
    const checkpoint = states.map((name, i) => [stateLeaf(name), inner.getItem(now[checkpointList(i)]!, now.chunk!, innerShape)] as const);
    const { steps } = chunk.run(Object.fromEntries(checkpoint));
    const after = packed.values(inner, now);
    const { before, wrt: terms } = chunk.runBack(steps, after, backward, cotangentsOf(spec, chunk, now));
    const sums = Object.fromEntries(Array.from(summed, ([name, leaf]) => [name, inner.sum(terms.map((term) => term[leaf]!))]));
    return {
      chunk: inner.sub(now.chunk!, inner.literal('int32', 1)),
      ...packed.next(inner, now, { ...before, ...sums }),
      ...(now.current_list && {
        current_list: chunk.setSteps(
          now.current_list,
          terms.map(({ current }) => current!),
        ),
      }),
    };
  });
  const results = packed.finish(graph, done);
  const initialBars = new Map(states.map((name) => [initialPath(name), results[stateBarLeaf(name)] ?? zeros]));
  const current = isCurrentPerStep ? graph.transpose(graph.stackItems(done.current_list!, 'float32', shape)) : results.current;
  const gradients = wrt.terms.map((path) => {
    const name = names.get(path)!;
    return [`grad_${name}`, graph.cast(initialBars.get(path) ?? results[name]!, 'float32')] as const;
  });
  return { ...(current && { grad_current: graph.cast(current, 'float32') }), ...Object.fromEntries(gradients) };
}
