import type { ArgumentDef, Attribute, DataType, FunctionDef, NodeDef, NumberType } from './saved-model.ts';

/** A value in a function of the graph. */
export interface Tensor {
  /** How operations refer to it as an input. */
  readonly ref: string;
  readonly type: DataType;
  /** Its value, where that is a known number. */
  readonly constant?: number;
}

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Types of the tensors in lists. */
export type ItemType = 'float32' | 'bool';

type Attributes = Readonly<Record<string, Attribute>>;

/** A TensorFlow function under construction. Equal operations on equal inputs are one node. */
export class GraphFunction {
  readonly name: string;
  /** Functions that this one's operations call, complete. */
  readonly library: FunctionDef[];
  readonly #inputs: ArgumentDef[] = [];
  readonly #nodes = new Map<string, NodeDef>();

  constructor(name: string, library: FunctionDef[]) {
    this.name = name;
    this.library = library;
  }

  input(name: string, type: DataType): Tensor {
    this.#inputs.push({ name, type });
    return { ref: name, type };
  }

  /** A scalar, or a vector. */
  literal(type: NumberType, values: number | readonly number[]): Tensor {
    const isNumber = typeof values === 'number';
    const tensor = { type, shape: isNumber ? [] : [values.length], values: isNumber ? [values] : values };
    const literal = this.operation('Const', [], type, 'output', { dtype: { type }, value: { tensor } });
    return isNumber ? { ...literal, constant: values } : literal;
  }

  /**
   * Adds a node with one output.
   *
   * @param output the output's name in the operation's definition, by which functions refer to it.
   * @param attributes by default the type of the first input as `T`.
   */
  operation(op: string, inputs: readonly Tensor[], type: DataType, output: string, attributes = typeOfFirst(inputs)): Tensor {
    return { ref: `${this.#node(op, inputs, attributes)}:${output}:0`, type };
  }

  /** Adds a node whose output is a list. */
  listOperation(op: string, inputs: readonly Tensor[], types: readonly DataType[], output: string, attributes: Attributes): Tensor[] {
    const name = this.#node(op, inputs, attributes);
    return types.map((type, i) => ({ ref: `${name}:${output}:${i}`, type }));
  }

  /** The lengths of a tensor's axes, as an int32 vector. */
  shapeOf(a: Tensor): Tensor {
    return this.operation('Shape', [a], 'int32', 'output', { T: { type: a.type }, out_type: { type: 'int32' } });
  }

  /** A tensor broadcast to the shape of another. */
  broadcastLike(a: Tensor, like: Tensor): Tensor {
    return this.operation('BroadcastTo', [a, this.shapeOf(like)], a.type, 'output', { T: { type: a.type }, Tidx: { type: 'int32' } });
  }

  /** A matrix with its axes swapped. */
  transpose(a: Tensor): Tensor {
    const attributes = { T: { type: a.type }, Tperm: { type: 'int32' } } as const;
    return this.operation('Transpose', [a, this.literal('int32', [1, 0])], a.type, 'y', attributes);
  }

  /** The slice of a tensor at an index of its first axis. */
  sliceAt(a: Tensor, index: Tensor): Tensor {
    return this.operation('GatherV2', [a, index, this.literal('int32', 0)], a.type, 'output', {
      Tparams: { type: a.type },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
      batch_dims: { int: 0 },
    });
  }

  /** An empty list of `length` tensors of one shape, which loops fill and read by index. `shape` and `length` are int32 tensors. */
  emptyList(type: ItemType, shape: Tensor, length: Tensor): Tensor {
    return this.operation('TensorListReserve', [shape, length], 'variant', 'handle', {
      element_dtype: { type },
      shape_type: { type: 'int32' },
    });
  }

  /** The list with an item at an index. */
  setItem(list: Tensor, index: Tensor, item: Tensor): Tensor {
    return this.operation('TensorListSetItem', [list, index, item], 'variant', 'output_handle', { element_dtype: { type: item.type } });
  }

  /** The float32 item at an index. */
  getItem(list: Tensor, index: Tensor, shape: Tensor): Tensor {
    return this.operation('TensorListGetItem', [list, index, shape], 'float32', 'item', { element_dtype: { type: 'float32' } });
  }

  /** All of a list's tensors along a new first axis. */
  stackItems(list: Tensor, type: ItemType, shape: Tensor): Tensor {
    return this.operation('TensorListStack', [list, shape], type, 'tensor', { element_dtype: { type }, num_elements: { int: -1 } });
  }

  #node(op: string, inputs: readonly Tensor[], attributes: Attributes): string {
    const refs = inputs.map(({ ref }) => ref);
    const key = `${op}(${refs.join()})${JSON.stringify(attributes)}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known.name;
    const name = `n${this.#nodes.size}`;
    this.#nodes.set(key, { name, op, inputs: refs, attributes });
    return name;
  }

  /** The function with these outputs, each named with the suffix `_out`. */
  define(outputs: Tensors): FunctionDef {
    // An output must not share its name with an input.
    const entries = Object.entries(outputs).map(([name, tensor]) => [`${name}_out`, tensor] as const);
    return {
      name: this.name,
      inputs: this.#inputs,
      outputs: entries.map(([name, { type }]) => ({ name, type })),
      nodes: [...this.#nodes.values()],
      results: Object.fromEntries(entries.map(([name, { ref }]) => [name, ref])),
    };
  }
}

function typeOfFirst([first]: readonly Tensor[]): Attributes {
  return first === undefined ? {} : { T: { type: first.type } };
}

/** A record with one value for each name. */
export function recordOf<K extends string, V>(names: readonly K[], valueOf: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as Record<K, V>;
}
