import { float64Algebra } from '../reference/float64-algebra.ts';
import type { Arena } from '../../engine/arena.ts';
import type { Node } from './graph.ts';
import type { JobBlockLayout, Uniform, UniformForm } from './job-block.ts';
import type { Kernel } from './kernel-cache.ts';

const one = new Float32Array(1);
const oneBits = new Int32Array(one.buffer);

/** Writes a job's block: its integers, and the numbers folded from its parameters. */
export function writeJobBlock(
  arena: Arena,
  { block }: Kernel,
  integers: Readonly<Record<string, number>>,
  parameters: Readonly<Record<string, number>>,
): number {
  const address = arena.allocate(block.size);
  arena.setInteger(address, 0);
  for (const { name, offset } of block.integers) {
    const value = integers[name];
    if (value === undefined) throw new Error(`the kernel asks for ${name}`);
    arena.setInteger(address + offset, value);
  }
  let folding = foldings.get(block);
  if (folding === undefined) foldings.set(block, (folding = new Folding(block.uniforms)));
  const { results } = folding;
  folding.fold(parameters);
  for (const { form, offset, place } of results) {
    const value = folding.value(place);
    if (form === 'float64') arena.setFloat64(address + offset, value);
    else arena.setFloat32(address + offset, asFloat32(value, form));
  }
  return address;
}

const foldings = new WeakMap<JobBlockLayout, Folding>();

type Operation = (...args: unknown[]) => unknown;

/** A node that is computed: where its operands stand, and where its value goes. */
interface Step {
  readonly operation: Operation;
  readonly operands: readonly number[];
  readonly place: number;
}

/** The uniforms of a kernel as a row of steps over places, so that to fold them for a job takes no look at their graph. */
class Folding {
  readonly results: readonly { readonly form: UniformForm; readonly offset: number; readonly place: number }[];
  readonly #values: unknown[] = [];
  readonly #parameters: { readonly name: string; readonly place: number }[] = [];
  readonly #steps: Step[] = [];

  constructor(uniforms: Iterable<Uniform>) {
    const places = new Map<Node, number>();
    this.results = Array.from(uniforms, ({ node, form, offset }) => ({ form, offset, place: this.#placeOf(node, places) }));
  }

  /** Where a node's value stands once it is folded; its operands come before it. */
  #placeOf(node: Node, places: Map<Node, number>): number {
    const known = places.get(node);
    if (known !== undefined) return known;
    const args = node.args.map((arg) => this.#placeOf(arg, places));
    const place = this.#values.length;
    this.#values.push(node.op === 'constant' ? node.detail : undefined);
    if (node.op === 'parameter') {
      this.#parameters.push({ name: node.detail as string, place });
    } else if (node.op !== 'constant') {
      if (node.detail !== undefined) args.push(this.#values.push(node.detail) - 1);
      this.#steps.push({ operation: (float64Algebra as unknown as Readonly<Record<string, Operation>>)[node.op]!, operands: args, place });
    }
    places.set(node, place);
    return place;
  }

  /** Computes all values, in float64. */
  fold(parameters: Readonly<Record<string, number>>): void {
    const values = this.#values;
    for (const { name, place } of this.#parameters) {
      const value = parameters[name];
      if (value === undefined) throw new Error(`no value for the parameter ${name}`);
      values[place] = value;
    }
    for (const { operation, operands, place } of this.#steps) {
      const [a, b, c] = operands;
      if (b === undefined) values[place] = operation(values[a!]);
      else if (c === undefined) values[place] = operation(values[a!], values[b]);
      else values[place] = operation(values[a!], values[b], values[c]);
    }
  }

  value(place: number): number {
    return this.#values[place] as number;
  }
}

function asFloat32(value: number, form: Exclude<UniformForm, 'float64'>): number {
  const nearest = Math.fround(value);
  switch (form) {
    case 'nearest':
      return nearest;
    case 'rest':
      return value - nearest;
    case 'floor':
      return nearest <= value ? nearest : neighbour(nearest, -1);
    case 'ceil':
      return nearest >= value ? nearest : neighbour(nearest, 1);
  }
}

/** The next float32 below or above. */
function neighbour(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * 2 ** -149;
  one[0] = value;
  oneBits[0]! += value > 0 === direction > 0 ? 1 : -1;
  return one[0];
}
