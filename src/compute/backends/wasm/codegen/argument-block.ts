import type { Arena } from '../../../engine/arena.ts';
import { float64Algebra } from '../../reference/float64-algebra.ts';
import type { Node } from '../ir/node.ts';

/**
 * How a uniform is stored: rounded to float32, the error of that rounding, rounded down or up (so that comparing a float32 with it
 * gives what comparing with the exact number does), or as float64.
 */
export type UniformForm = 'nearest' | 'rest' | 'floor' | 'ceil' | 'float64';

interface Uniform {
  readonly node: Node;
  readonly form: UniformForm;
  readonly offset: number;
}

/**
 * The layout of a kernel's argument block, the memory that holds what differs between two runs of the same code: 32-bit integers
 * (addresses, counts) by name, and uniforms folded from the parameters. The first word is the stop flag: a kernel returns soon after
 * another thread has set it, and its results are then arbitrary.
 */
export class ArgumentLayout {
  readonly #integers = new Map<string, number>();
  readonly #uniforms = new Map<string, Uniform>();
  #size = 4;
  #folder: UniformFolder | undefined;

  /** Byte offset of an integer. */
  integer(name: string): number {
    const known = this.#integers.get(name);
    if (known !== undefined) return known;
    const offset = this.#allocate(4);
    this.#integers.set(name, offset);
    return offset;
  }

  /** Byte offset of a uniform. */
  uniform(node: Node, form: UniformForm): number {
    const key = `${node.id}${form}`;
    const known = this.#uniforms.get(key);
    if (known !== undefined) return known.offset;
    const offset = this.#allocate(form === 'float64' ? 8 : 4);
    this.#uniforms.set(key, { node, form, offset });
    return offset;
  }

  #allocate(bytes: number): number {
    const offset = Math.ceil(this.#size / bytes) * bytes;
    this.#size = offset + bytes;
    return offset;
  }

  /**
   * Writes an argument block, with the stop flag cleared; once it has, nothing may be added to the layout.
   *
   * @returns its address.
   * @throws {Error} when an integer or parameter that the kernel reads is missing.
   */
  write(arena: Arena, integers: Readonly<Record<string, number>>, parameters: Readonly<Record<string, number>>): number {
    const address = arena.allocate(this.#size);
    arena.setInteger(address, 0);
    for (const [name, offset] of this.#integers) {
      const value = integers[name];
      if (value === undefined) throw new Error(`no value for the integer ${name}`);
      arena.setInteger(address + offset, value);
    }
    this.#folder ??= new UniformFolder(this.#uniforms.values());
    this.#folder.fold(parameters);
    for (const { form, offset, slot } of this.#folder.uniforms) {
      const value = this.#folder.value(slot);
      if (form === 'float64') arena.setFloat64(address + offset, value);
      else arena.setFloat32(address + offset, toFloat32(value, form));
    }
    return address;
  }
}

type Value = number | boolean;
/** As a method, since TypeScript then lets each operation narrow its operands to what the graph gives it. */
type Operation = { apply(...operands: Value[]): Value }['apply'];

const operations: Readonly<Record<string, Operation>> = { ...float64Algebra };

/** An operation of the folding, with the slots of its operands and of its result. */
interface Step {
  readonly operation: Operation;
  readonly operands: readonly number[];
  readonly slot: number;
}

/** Evaluates uniforms in float64: a list of steps over numbered slots, so that no job has to walk the graph again. */
class UniformFolder {
  readonly uniforms: readonly { readonly form: UniformForm; readonly offset: number; readonly slot: number }[];
  readonly #values: Value[] = [];
  readonly #parameters: { readonly name: string; readonly slot: number }[] = [];
  readonly #steps: Step[] = [];

  constructor(uniforms: Iterable<Uniform>) {
    const slots = new Map<Node, number>();
    this.uniforms = Array.from(uniforms, ({ node, form, offset }) => ({ form, offset, slot: this.#slotOf(node, slots) }));
  }

  /** The slot of a node's value, after those of its operands. */
  #slotOf(node: Node, slots: Map<Node, number>): number {
    const known = slots.get(node);
    if (known !== undefined) return known;
    const operands = node.args.map((arg) => this.#slotOf(arg, slots));
    const slot = this.#values.push(node.op === 'constant' ? Number(node.detail) : NaN) - 1;
    if (node.op === 'parameter') {
      this.#parameters.push({ name: String(node.detail), slot });
    } else if (node.op !== 'constant') {
      if (node.detail !== undefined) operands.push(this.#values.push(Number(node.detail)) - 1);
      const operation = operations[node.op];
      if (operation === undefined) throw new Error(`no float64 operation for ${node.op}`);
      this.#steps.push({ operation, operands, slot });
    }
    slots.set(node, slot);
    return slot;
  }

  fold(parameters: Readonly<Record<string, number>>): void {
    const values = this.#values;
    for (const { name, slot } of this.#parameters) {
      const value = parameters[name];
      if (value === undefined) throw new Error(`no value for the parameter ${name}`);
      values[slot] = value;
    }
    for (const { operation, operands, slot } of this.#steps) {
      const [a, b, c] = operands;
      if (b === undefined) values[slot] = operation(values[a!]!);
      else if (c === undefined) values[slot] = operation(values[a!]!, values[b]!);
      else values[slot] = operation(values[a!]!, values[b]!, values[c]!);
    }
  }

  value(slot: number): number {
    return this.#values[slot] as number;
  }
}

function toFloat32(value: number, form: Exclude<UniformForm, 'float64'>): number {
  const nearest = Math.fround(value);
  switch (form) {
    case 'nearest':
      return nearest;
    case 'rest':
      return value - nearest;
    case 'floor':
      return nearest <= value ? nearest : nextFloat32(nearest, -1);
    case 'ceil':
      return nearest >= value ? nearest : nextFloat32(nearest, 1);
  }
}

const one = new Float32Array(1);
const oneBits = new Int32Array(one.buffer);

/** The next float32 above (1) or below (-1). */
function nextFloat32(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149;
  one[0] = value;
  oneBits[0]! += value > 0 === direction > 0 ? 1 : -1;
  return one[0];
}
