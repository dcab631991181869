import { recordOf, type Tensor, type Tensors } from './graph-function.ts';
import type { TensorAlgebra } from './tensor-algebra.ts';

/**
 * What a loop carries between iterations, each float32 [B]: values that an iteration replaces, and terms that are summed over iterations.
 *
 * XLA compiles one kernel for each result of an iteration, and recomputes in each what they share; so two values travel as one tensor. Sums are
 * float64. The terms of one iteration are added in the next, which reads them from memory: added at once, each sum would need a kernel that
 * recomputes its terms.
 */
export class PackedState {
  readonly #values: readonly string[];
  readonly #sums: readonly string[];
  readonly #names: readonly string[];

  constructor(values: readonly string[], sums: readonly string[]) {
    this.#values = values;
    this.#sums = sums;
    this.#names = [...values, ...sums];
  }

  /** The state before the first iteration. `zeros` are float32 [B]. */
  start(graph: TensorAlgebra, values: Tensors, zeros: Tensor): Tensors {
    const totals = this.#sums.map((name) => [totalName(name), graph.cast(zeros, 'float64')] as const);
    return { ...this.#pack(graph, { ...values, ...recordOf(this.#sums, () => zeros) }), ...Object.fromEntries(totals) };
  }

  /** The values, within an iteration. */
  values(graph: TensorAlgebra, state: Tensors): Tensors {
    const unpacked = this.#unpack(graph, state);
    return recordOf(this.#values, (name) => unpacked[name]!);
  }

  /** The state after an iteration. `results` holds the values, and the terms of the sums. */
  next(graph: TensorAlgebra, state: Tensors, results: Tensors): Tensors {
    // A term may be the same number for all neurons.
    const like = state[packedName(0)]!;
    const broadcast = recordOf(this.#names, (name) => graph.broadcastLike(results[name]!, like));
    return { ...this.#pack(graph, broadcast), ...this.#totals(graph, state) };
  }

  /** After the last iteration: the values, and the sums in float64. */
  finish(graph: TensorAlgebra, state: Tensors): Tensors {
    const totals = this.#totals(graph, state);
    return { ...this.values(graph, state), ...recordOf(this.#sums, (name) => totals[totalName(name)]!) };
  }

  #totals(graph: TensorAlgebra, state: Tensors): Tensors {
    const terms = this.#unpack(graph, state);
    return Object.fromEntries(
      this.#sums.map((name) => [totalName(name), graph.add(state[totalName(name)]!, graph.cast(terms[name]!, 'float64'))]),
    );
  }

  #pack(graph: TensorAlgebra, tensors: Tensors): Tensors {
    const packed: Record<string, Tensor> = {};
    for (let i = 0; i < this.#names.length; i += 2) {
      const [high, low = high] = this.#names.slice(i, i + 2).map((name) => graph.cast(tensors[name]!, 'float32'));
      packed[packedName(i)] = pair(graph, high!, low!);
    }
    return packed;
  }

  #unpack(graph: TensorAlgebra, state: Tensors): Tensors {
    return Object.fromEntries(this.#names.map((name, i) => [name, unpair(graph, state[packedName(i)]!)[i % 2]!]));
  }
}

function packedName(index: number): string {
  return `packed_${Math.floor(index / 2)}`;
}

function totalName(name: string): string {
  return `total_${name}`;
}

/** Two float32 tensors as one of int64, the bits of both. */
function pair(graph: TensorAlgebra, high: Tensor, low: Tensor): Tensor {
  const widen = (a: Tensor) => graph.cast(bitcast(graph, a, 'int32'), 'int64');
  const shifted = graph.binary('LeftShift', widen(high), graph.literal('int64', 32));
  return graph.binary('BitwiseOr', shifted, graph.binary('BitwiseAnd', widen(low), graph.literal('int64', 2 ** 32 - 1)));
}

/** The two tensors of a pair. */
function unpair(graph: TensorAlgebra, a: Tensor): readonly [Tensor, Tensor] {
  const narrow = (wide: Tensor) => bitcast(graph, graph.cast(wide, 'int32'), 'float32');
  return [narrow(graph.binary('RightShift', a, graph.literal('int64', 32))), narrow(a)];
}

function bitcast(graph: TensorAlgebra, a: Tensor, type: 'float32' | 'int32'): Tensor {
  return graph.operation('Bitcast', [a], type, 'output', { T: { type: a.type }, type: { type } });
}
