import type { GraphFunction, Tensor } from './graph-function.ts';
import type { Tensors } from './loop.ts';
import { TensorAlgebra } from './tensor-algebra.ts';
import { broadcastLike, pair, unpair } from './tensor-ops.ts';

/**
 * What a loop carries from turn to turn, each float32 [B]: values that a turn replaces, and terms that are summed over turns.
 *
 * XLA compiles a kernel for each result of a turn, and makes again in each what they share; so two values travel as one tensor.
 * Sums are float64. A turn's terms are added in the next one, which reads them from memory: added at once, they would be results of
 * their own.
 */
export class PackedState {
  readonly #values: readonly string[];
  readonly #sums: readonly string[];

  constructor(values: readonly string[], sums: readonly string[]) {
    this.#values = values;
    this.#sums = sums;
  }

  /** The state before the first turn. `zeros` are float32 [B]. */
  start(graph: GraphFunction, values: Tensors, zeros: Tensor): Tensors {
    const wide = new TensorAlgebra(graph).cast(zeros, 'float64');
    return {
      ...this.#pack(graph, { ...values, ...Object.fromEntries(this.#sums.map((name) => [name, zeros])) }),
      ...Object.fromEntries(this.#sums.map((name) => [totalName(name), wide])),
    };
  }

  /** The values, within a turn. */
  values(graph: GraphFunction, state: Tensors): Tensors {
    const unpacked = this.#unpack(graph, state);
    return Object.fromEntries(this.#values.map((name) => [name, unpacked[name]!]));
  }

  /** The state after a turn, of its values and of the terms that it adds to the sums. */
  next(graph: GraphFunction, state: Tensors, results: Tensors): Tensors {
    // A term may be the same number for all neurons.
    const like = state[packedName(0)]!;
    const shaped = Object.fromEntries(Object.entries(results).map(([name, result]) => [name, broadcastLike(graph, result, like)]));
    return { ...this.#pack(graph, shaped), ...this.#totals(graph, state) };
  }

  /** After the last turn: the values, and the sums in float64. */
  finish(graph: GraphFunction, state: Tensors): Tensors {
    const totals = this.#totals(graph, state);
    return { ...this.values(graph, state), ...Object.fromEntries(this.#sums.map((name) => [name, totals[totalName(name)]!])) };
  }

  #totals(graph: GraphFunction, state: Tensors): Tensors {
    const ops = new TensorAlgebra(graph);
    const terms = this.#unpack(graph, state);
    return Object.fromEntries(
      this.#sums.map((name) => [totalName(name), ops.add(state[totalName(name)]!, ops.cast(terms[name]!, 'float64'))]),
    );
  }

  #pack(graph: GraphFunction, tensors: Tensors): Tensors {
    const names = [...this.#values, ...this.#sums];
    const ops = new TensorAlgebra(graph);
    const packed: Record<string, Tensor> = {};
    for (let i = 0; i < names.length; i += 2) {
      const [high, low] = [names[i]!, names[i + 1] ?? names[i]!].map((name) => ops.cast(tensors[name]!, 'float32'));
      packed[packedName(i)] = pair(graph, high!, low!);
    }
    return packed;
  }

  #unpack(graph: GraphFunction, state: Tensors): Tensors {
    const names = [...this.#values, ...this.#sums];
    return Object.fromEntries(names.map((name, i) => [name, unpair(graph, state[packedName(i)]!)[i % 2]!]));
  }
}

function packedName(index: number): string {
  return `packed_${Math.floor(index / 2)}`;
}

function totalName(name: string): string {
  return `total_${name}`;
}
