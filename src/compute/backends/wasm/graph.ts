import type { Algebra } from '../../algebra.ts';
import * as float32 from './float32-functions.ts';
import * as float64 from './float64-functions.ts';
import * as fullFloat64 from './full-float64-functions.ts';
import { f32x4, type LaneType } from './lanes.ts';

/**
 * How often a node's value changes within a kernel's run: never (it is made of parameters and constants only and is folded in
 * float64 before the kernel starts), from neuron to neuron, or from step to step.
 */
export type Rate = 'job' | 'neuron' | 'step';

/** One operation of a kernel. Equal operations are the same object, so a graph holds each once. */
export interface Node {
  readonly id: number;
  readonly op: string;
  readonly args: readonly Node[];
  /** A literal, a leaf's name, or a number of terms. */
  readonly detail: string | number | undefined;
  readonly rate: Rate;
  /** Lane width of a varying node; 0 for one of rate `job`, which is printed in whichever width it meets. */
  readonly width: 0 | 32 | 64;
  /** Whether a `job` node is known to be a float32 already, so that rounding it loses nothing. */
  readonly rounded: boolean;
}

const rates: readonly Rate[] = ['job', 'neuron', 'step'];

/** What float64 lanes need written out in arithmetic. */
type Float64Functions = Pick<typeof float64, 'exp' | 'log1p' | 'exprel' | 'atan' | 'erfc' | 'oddCosines' | 'oddSines'>;

/** A truth value is a node too: all ones or all zeros in a lane. */
export type Mask = Node;

/**
 * The algebra whose values are nodes of a kernel. Transcendental functions of varying nodes are written out in arithmetic, in
 * the lane width of their argument; those of parameters stay whole and are left to the float64 algebra.
 */
export class Graph implements Algebra<Node, Mask> {
  /** The kernel's own; some nodes of a kernel in float32 lanes may be wider. */
  readonly lanes: LaneType;
  readonly #nodes = new Map<string, Node>();
  /** Where results are float64, functions have to be right to its last bits; where they are rounded to float32, less will do. */
  readonly #float64: Float64Functions;

  constructor(lanes: LaneType = f32x4) {
    this.lanes = lanes;
    this.#float64 = lanes.bits === 64 ? fullFloat64 : float64;
  }

  #node(op: string, args: readonly Node[], extra: Partial<Pick<Node, 'detail' | 'rate' | 'width' | 'rounded'>> = {}): Node {
    const key = `${op}(${args.map((arg) => arg.id).join()})${extra.detail ?? ''}:${extra.rate ?? ''}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const rate = extra.rate ?? rates[Math.max(0, ...args.map((arg) => rates.indexOf(arg.rate)))]!;
    const width = extra.width ?? (rate === 'job' ? 0 : (Math.max(...args.map((arg) => arg.width)) as 32 | 64));
    const node: Node = { id: this.#nodes.size, op, args, detail: extra.detail, rate, width, rounded: extra.rounded ?? false };
    this.#nodes.set(key, node);
    return node;
  }

  constant(value: number): Node {
    const detail = Object.is(value, -0) ? 0 : value;
    return this.#node('constant', [], { detail, rate: 'job', rounded: Math.fround(detail) === detail });
  }

  /** A parameter, the same for the whole job. `rounded` where its float32 is what is meant, as for a neuron's own numbers. */
  parameter(name: string, rounded = false): Node {
    return this.#node('parameter', [], { detail: name, rate: 'job', rounded });
  }

  /** A number that the kernel holds in a local variable. */
  leaf(name: string, rate: 'neuron' | 'step'): Node {
    return this.#node('leaf', [], { detail: name, rate, width: this.lanes.bits });
  }

  /** A truth value that the kernel holds in a local variable. */
  maskLeaf(name: string): Mask {
    return this.leaf(name, 'step');
  }

  /** The same value in float64 lanes. */
  promote(a: Node): Node {
    return a.width === 32 ? this.#node('promote', [a], { width: 64 }) : a;
  }

  /** The nearest number in the kernel's own lanes. */
  demote(a: Node): Node {
    return a.width > this.lanes.bits ? this.#node('demote', [a], { width: 32 }) : a;
  }

  add(a: Node, b: Node): Node {
    if (isConstant(a, 0)) return b;
    if (isConstant(b, 0)) return a;
    if (isNegated(b)) return this.sub(a, b.args[0]!);
    if (isNegated(a)) return this.sub(b, a.args[0]!);
    return this.#node('add', [a, b]);
  }

  sub(a: Node, b: Node): Node {
    if (isConstant(b, 0)) return a;
    if (isConstant(a, 0)) return this.neg(b);
    if (isNegated(b)) return this.add(a, b.args[0]!);
    return this.#node('sub', [a, b]);
  }

  mul(a: Node, b: Node): Node {
    if (isConstant(a, 1)) return b;
    if (isConstant(b, 1)) return a;
    if (isConstant(a, 0)) return a;
    if (isConstant(b, 0)) return b;
    if (isNegated(a)) return this.neg(this.mul(a.args[0]!, b));
    if (isNegated(b)) return this.neg(this.mul(a, b.args[0]!));
    return this.#node('mul', [a, b]);
  }

  div(a: Node, b: Node): Node {
    return isConstant(b, 1) ? a : this.#node('div', [a, b]);
  }

  neg(a: Node): Node {
    if (isConstant(a, 0)) return a;
    return a.op === 'neg' ? a.args[0]! : this.#node('neg', [a]);
  }

  abs(a: Node): Node {
    return this.#node('abs', [a]);
  }

  min(a: Node, b: Node): Node {
    return this.#node('min', [a, b]);
  }

  max(a: Node, b: Node): Node {
    return this.#node('max', [a, b]);
  }

  sqrt(a: Node): Node {
    return this.#node('sqrt', [a]);
  }

  exp(a: Node): Node {
    if (a.width === 0) return this.#node('exp', [a]);
    return a.width === 32 ? float32.exp(this, a) : this.#float64.exp(this, a);
  }

  log1p(a: Node): Node {
    return this.#float64Only('log1p', a, this.#float64.log1p);
  }

  exprel(a: Node): Node {
    return this.#float64Only('exprel', a, this.#float64.exprel);
  }

  atan(a: Node): Node {
    return this.#float64Only('atan', a, this.#float64.atan);
  }

  erfc(a: Node): Node {
    return this.#float64Only('erfc', a, this.#float64.erfc);
  }

  oddCosines(turns: Node, terms: number): Node {
    return this.#float64Only('oddCosines', turns, (graph, a) => this.#float64.oddCosines(graph, a, terms), terms);
  }

  oddSines(turns: Node, terms: number): Node {
    return this.#float64Only('oddSines', turns, (graph, a) => this.#float64.oddSines(graph, a, terms), terms);
  }

  #float64Only(op: string, a: Node, write: (graph: Graph, a: Node) => Node, detail?: number): Node {
    if (a.width === 0) return this.#node(op, [a], detail === undefined ? {} : { detail });
    if (a.width === 32) throw new Error(`${op} is not written for float32 lanes: the surrogate's gradient needs float64`);
    return write(this, a);
  }

  lt(a: Node, b: Node): Mask {
    return this.#node('lt', [a, b]);
  }

  le(a: Node, b: Node): Mask {
    return this.#node('le', [a, b]);
  }

  select(mask: Mask, a: Node, b: Node): Node {
    return a === b ? a : this.#node('select', [mask, a, b]);
  }

  and(a: Mask, b: Mask): Mask {
    return this.#node('and', [a, b]);
  }

  not(a: Mask): Mask {
    return this.#node('not', [a]);
  }

  /** Rounds to the nearest whole number. */
  nearest(a: Node): Node {
    return this.#node('nearest', [a]);
  }

  /** The lane's bits moved left, as an integer of the lane's width. */
  shiftLeft(a: Node, bits: number): Node {
    return this.#node('shl', [a], { detail: bits });
  }

  /** The lane's bits moved right, zeros coming in. */
  shiftRight(a: Node, bits: number): Node {
    return this.#node('shr', [a], { detail: bits });
  }

  /** Sum and difference of the lanes' bits as integers. */
  addBits(a: Node, b: Node): Node {
    return this.#node('addBits', [a, b]);
  }

  subBits(a: Node, b: Node): Node {
    return this.#node('subBits', [a, b]);
  }

  /** A bit pattern in 64-bit lanes. */
  bits64(pattern: bigint): Node {
    return this.#node('bits64', [], { detail: `0x${pattern.toString(16)}`, rate: 'neuron', width: 64 });
  }
}

/** A sign that changes at run time: it costs an operation, unless the sum that it meets takes it over, to the same bits. */
function isNegated(node: Node): boolean {
  return node.op === 'neg' && node.width !== 0;
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === 'constant' && node.detail === value;
}
