import type { ArgumentDef, Attribute, DataType, FunctionDef, NodeDef } from './graph-def.ts';

/** A value in a function of the graph. */
export interface Tensor {
  /** How operations name it as their input. */
  readonly ref: string;
  readonly type: DataType;
  /** The number that it is known to be. */
  readonly constant?: number;
}

/** What an operation's NodeDef says besides its inputs. */
export interface OperationOptions {
  readonly type: DataType;
  /** The name of the output in the operation's definition: values in a function are named by it. */
  readonly output: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A TensorFlow function under construction. Equal operations on equal inputs are one node. */
export class GraphFunction {
  readonly name: string;
  readonly #inputs: ArgumentDef[] = [];
  readonly #nodes = new Map<string, NodeDef>();

  constructor(name: string) {
    this.name = name;
  }

  input(name: string, type: DataType): Tensor {
    this.#inputs.push({ name, type });
    return { ref: name, type };
  }

  /** A constant, by default a number without axes. */
  constant(type: 'float32' | 'float64' | 'int32' | 'int64', values: number | readonly number[]): Tensor {
    const isNumber = typeof values === 'number';
    const tensor = { type, shape: isNumber ? [] : [values.length], values: isNumber ? [values] : values };
    const { ref } = this.operation('Const', [], { type, output: 'output', attributes: { dtype: { type }, value: { tensor } } });
    return isNumber ? { ref, type, constant: values } : { ref, type };
  }

  /** A node with one output. */
  operation(op: string, inputs: readonly Tensor[], { type, output, attributes = {} }: OperationOptions): Tensor {
    return { ref: `${this.#node(op, inputs, attributes)}:${output}:0`, type };
  }

  /** A node whose outputs are a list. */
  operations(
    op: string,
    inputs: readonly Tensor[],
    types: readonly DataType[],
    { output, attributes = {} }: Omit<OperationOptions, 'type'>,
  ): Tensor[] {
    const name = this.#node(op, inputs, attributes);
    return types.map((type, i) => ({ ref: `${name}:${output}:${i}`, type }));
  }

  #node(op: string, inputs: readonly Tensor[], attributes: Readonly<Record<string, Attribute>>): string {
    const refs = inputs.map(({ ref }) => ref);
    const key = `${op}(${refs.join()})${JSON.stringify(attributes)}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known.name;
    const name = `n${this.#nodes.size}`;
    this.#nodes.set(key, { name, op, inputs: refs, attributes });
    return name;
  }

  /** The function with these outputs. */
  define(outputs: Readonly<Record<string, Tensor>>): FunctionDef {
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
