import type { GraphFunction, Tensor } from './graph-function.ts';
import { whileLoop, type Tensors } from './loop.ts';
import { NeuronChunk, neuronInputs, neuronShape, neuronZeros, type LifGraphSpec, type Step } from './neuron-chunk.ts';
import { PackedState } from './packed-state.ts';
import { defineProgram, type Program } from './program.ts';
import { listByNeurons, setSteps, swapAxes } from './series.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import { emptyList } from './tensor-list.ts';
import { convert, integer, integers } from './tensor-ops.ts';

/** What a forward graph can give for each step. */
export type SeriesOutput = 'spikes' | 'v' | 'v_pre';

/**
 * Runs neurons forward. Inputs, float32 unless said otherwise:
 *
 * - `current` [B], or [B, capacity]; `v_init` [B]
 * - `leak`, `v_threshold`, `v_reset`, `v_rest`, `resistance`: each [B] or [1]
 * - `refractory_steps`, a number, where neurons can be refractory
 * - int32 numbers: `chunks`, how many are run; `capacity`, how many steps there is room for; `steps`, where the last chunk hangs over
 *
 * Outputs: `spike_counts` int32 [B], `v_final` [B], and the series asked for, [B, capacity], spikes as bool.
 */
export function lifSimulateGraph(spec: LifGraphSpec, series: readonly SeriesOutput[]): Program {
  return defineProgram((graph, library) => {
    const given = neuronInputs(graph, spec);
    const inputs: Tensors = spec.current === 'step' ? { ...given, current: swapAxes(graph, given.current!) } : given;
    const zeros = neuronZeros(graph, inputs);
    const lists = series.map(
      (name) => [listName(name), emptyList(graph, typeOf(name), neuronShape(graph, inputs), inputs.capacity!)] as const,
    );
    const carried = neuronState(spec, ['spike_counts']);
    const state: Tensors = {
      ...inputs,
      chunk: integer(graph, 0),
      ...carried.start(graph, { v: inputs.v_init!, held_steps: zeros }, zeros),
      ...Object.fromEntries(lists),
    };
    const done = whileLoop(graph, library, 'forward', state, chunksLeft, (inner, now) => {
      const { v, held_steps } = carried.values(inner, now);
      const { steps, end } = new NeuronChunk(inner, spec, now, now.chunk!).run({ v: v!, heldSteps: held_steps });
      const filled = series.map(
        (name) =>
          [listName(name), setSteps(inner, spec, now[listName(name)]!, now.chunk!, steps, (step) => seriesValue(name, step))] as const,
      );
      return {
        chunk: integers(inner, 'AddV2', now.chunk!, integer(inner, 1)),
        ...carried.next(inner, now, {
          v: end.v,
          ...(end.heldSteps && { held_steps: end.heldSteps }),
          spike_counts: spikeCount(inner, steps),
        }),
        ...Object.fromEntries(filled),
      };
    });
    const { v, spike_counts } = carried.finish(graph, done);
    return {
      spike_counts: convert(graph, spike_counts!, 'int32'),
      v_final: v!,
      ...Object.fromEntries(series.map((name) => [name, listByNeurons(graph, done[listName(name)]!, typeOf(name), inputs)])),
    };
  });
}

const listName = (name: SeriesOutput): string => `${name}_list`;
const typeOf = (name: SeriesOutput) => (name === 'spikes' ? 'bool' : 'float32');

function seriesValue(name: SeriesOutput, step: Step): Tensor {
  switch (name) {
    case 'spikes':
      return step.spike;
    case 'v':
      return step.v;
    case 'v_pre':
      return step.vPre;
  }
}

/** The neurons' state between chunks, and sums besides. */
export function neuronState(spec: LifGraphSpec, sums: readonly string[]): PackedState {
  return new PackedState(['v', ...(spec.refractory ? ['held_steps'] : [])], sums);
}

/** Whether forward loops go on. */
export function chunksLeft(graph: GraphFunction, { chunk, chunks }: Tensors): Tensor {
  return new TensorAlgebra(graph).lt(chunk!, chunks!);
}

/** How often each neuron fired in these steps, float32 [B]. */
export function spikeCount(graph: GraphFunction, steps: readonly Step[]): Tensor {
  return sumOf(
    graph,
    steps.map(({ spike }) => convert(graph, spike, 'float32')),
  );
}

export function sumOf(graph: GraphFunction, terms: readonly Tensor[]): Tensor {
  const ops = new TensorAlgebra(graph);
  return terms.reduce((a, b) => ops.add(a, b), ops.constant(0));
}
