import { float64Algebra } from '../reference/float64-algebra.ts';
import type { Arena } from '../../arena.ts';
import type { Node } from './graph.ts';
import type { UniformForm } from './job-block.ts';
import type { Kernel } from './kernel-cache.ts';

const one = new Float32Array(1);
const oneBits = new Int32Array(one.buffer);

/** Writes a job's block: its integers, and the numbers folded from its parameters. */
export function writeJobBlock(
  arena: Arena,
  kernel: Kernel,
  integers: Readonly<Record<string, number>>,
  parameters: Readonly<Record<string, number>>,
): number {
  const address = arena.allocate(kernel.block.size);
  for (const [name, offset] of kernel.block.integers) {
    const value = integers[name];
    if (value === undefined) throw new Error(`the kernel asks for ${name}`);
    arena.setInteger(address + offset, value);
  }
  const known = new Map<Node, number>();
  for (const { node, form, offset } of kernel.block.uniforms) {
    const value = fold(node, parameters, known);
    if (form === 'float64') arena.setFloat64(address + offset, value);
    else arena.setFloat32(address + offset, asFloat32(value, form));
  }
  return address;
}

/** The value of a node of rate `job`, in float64. */
function fold(node: Node, parameters: Readonly<Record<string, number>>, known: Map<Node, number>): number {
  const before = known.get(node);
  if (before !== undefined) return before;
  const value = compute(node, parameters, known);
  known.set(node, value);
  return value;
}

type Operation = (...args: unknown[]) => unknown;

function compute(node: Node, parameters: Readonly<Record<string, number>>, known: Map<Node, number>): number {
  if (node.op === 'constant') return node.detail as number;
  if (node.op === 'parameter') {
    const value = parameters[node.detail as string];
    if (value === undefined) throw new Error(`no value for the parameter ${String(node.detail)}`);
    return value;
  }
  const operations = float64Algebra as unknown as Readonly<Record<string, Operation>>;
  const args: unknown[] = node.args.map((arg) => fold(arg, parameters, known));
  if (node.detail !== undefined) args.push(node.detail);
  return operations[node.op]!(...args) as number;
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
