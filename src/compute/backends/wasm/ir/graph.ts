import { f32x4, type LaneType } from './lanes.ts';
import { exactFloat64, exprelFloat32, expFloat32, fastFloat64, type Float64Functions } from './math-functions.ts';
import { isConstant, type Mask, type Node, type NodeAlgebra, type Rate } from './node.ts';
import { signOf } from './sign.ts';

/** From the slowest on: a node changes as often as the fastest of its arguments. */
const rates: readonly Rate[] = ['uniform', 'neuron', 'step'];

/**
 * The algebra whose values are nodes of a kernel. Transcendental functions of varying nodes are written out in arithmetic, in
 * the lane width of their argument; those of uniforms stay whole and are left to the float64 algebra.
 */
export class Graph implements NodeAlgebra {
  /** The kernel's own; some nodes of a kernel in float32 lanes may be wider. */
  readonly lanes: LaneType;
  readonly #nodes = new Map<string, Node>();
  readonly #float64: Float64Functions;

  constructor(lanes: LaneType = f32x4) {
    this.lanes = lanes;
    this.#float64 = lanes.bits === 64 ? exactFloat64 : fastFloat64;
  }

  #node(op: string, args: readonly Node[], extra: Partial<Pick<Node, 'detail' | 'rate' | 'width' | 'rounded' | 'sign'>> = {}): Node {
    const key = `${op}(${args.map((arg) => arg.id).join()})${extra.detail ?? ''}:${extra.rate ?? ''}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const rate = extra.rate ?? rates[Math.max(0, ...args.map((arg) => rates.indexOf(arg.rate)))]!;
    const width = extra.width ?? (rate === 'uniform' ? 0 : commonWidth(op, args));
    const { detail, rounded = false, sign = signOf(op, args) } = extra;
    const node: Node = { id: this.#nodes.size, op, args, detail, rate, width, rounded, sign };
    this.#nodes.set(key, node);
    return node;
  }

  constant(value: number): Node {
    const detail = Object.is(value, -0) ? 0 : value;
    return this.#node('constant', [], { detail, rate: 'uniform', rounded: Math.fround(detail) === detail, sign: detail < 0 ? -1 : 1 });
  }

  /** A parameter of the whole job. `rounded` where its float32 is what is meant, as for a neuron's own numbers. */
  parameter(name: string, rounded = false, sign: Node['sign'] = 0): Node {
    return this.#node('parameter', [], { detail: name, rate: 'uniform', rounded, sign });
  }

  /** A number, or mask, in a local variable of the kernel. */
  leaf(name: string, rate: 'neuron' | 'step'): Node {
    return this.#node('leaf', [], { detail: name, rate, width: this.lanes.bits });
  }

  /** The same value in float64 lanes. */
  widen(a: Node): Node {
    return a.width === 32 ? this.#node('promote', [a], { width: 64 }) : a;
  }

  /** The nearest number in the kernel's own lanes. */
  narrow(a: Node): Node {
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
    if (isNegated(a)) return this.neg(this.add(a.args[0]!, b));
    return this.#node('sub', [a, b]);
  }

  mul(a: Node, b: Node): Node {
    if (isConstant(a, 1)) return b;
    if (isConstant(b, 1)) return a;
    if (isConstant(a, 0)) return a;
    if (isConstant(b, 0)) return b;
    if (isNegated(a)) return this.neg(this.mul(a.args[0]!, b));
    if (isNegated(b)) return this.neg(this.mul(a, b.args[0]!));
    return this.#scaled(a, b) ?? this.#scaled(b, a) ?? this.#node('mul', [a, b]);
  }

  /** A varying node times a uniform, where that is a change of sign or of a factor that it has already. */
  #scaled(factor: Node, a: Node): Node | undefined {
    if (factor.rate !== 'uniform' || a.rate === 'uniform') return undefined;
    if (isConstant(factor, -1)) return this.neg(a);
    if (a.op !== 'mul' || isOfNeurons(factor)) return undefined;
    const [left, right] = a.args as [Node, Node];
    if (isOfNeurons(left) || isOfNeurons(right)) return undefined;
    if (left.rate === 'uniform') return this.mul(this.mul(factor, left), right);
    return right.rate === 'uniform' ? this.mul(this.mul(factor, right), left) : undefined;
  }

  div(a: Node, b: Node): Node {
    if (isConstant(b, 1)) return a;
    // The inverse is taken in float64 before the kernel runs: in float32 lanes that costs no more than the last bit.
    if (a.width === 32 && b.rate === 'uniform') return this.mul(this.#node('div', [this.constant(1), b]), a);
    return this.#node('div', [a, b]);
  }

  neg(a: Node): Node {
    if (isConstant(a, 0)) return a;
    return a.op === 'neg' ? a.args[0]! : this.#node('neg', [a]);
  }

  select(mask: Mask, a: Node, b: Node): Node {
    if (a === b) return a;
    // A sum may take the sign over.
    if (isNegated(a) && isConstant(b, 0)) return this.neg(this.select(mask, a.args[0]!, b));
    if (isNegated(b) && isConstant(a, 0)) return this.neg(this.select(mask, a, b.args[0]!));
    return this.#node('select', [mask, a, b]);
  }

  readonly abs = (a: Node): Node => this.#node('abs', [a]);
  readonly sqrt = (a: Node): Node => this.#node('sqrt', [a]);
  readonly floor = (a: Node): Node => (a.op === 'floor' ? a : this.#node('floor', [a]));
  readonly min = (a: Node, b: Node): Node => this.#node('min', [a, b]);
  readonly max = (a: Node, b: Node): Node => this.#node('max', [a, b]);
  readonly lt = (a: Node, b: Node): Mask => this.#node('lt', [a, b]);
  readonly le = (a: Node, b: Node): Mask => this.#node('le', [a, b]);
  readonly and = (a: Mask, b: Mask): Mask => this.#node('and', [a, b]);
  readonly or = (a: Mask, b: Mask): Mask => this.#node('or', [a, b]);
  readonly not = (a: Mask): Mask => this.#node('not', [a]);

  readonly nearest = (a: Node): Node => this.#node('nearest', [a]);
  readonly shiftLeft = (a: Node, bits: number): Node => this.#node('shl', [a], { detail: bits });
  readonly shiftRight = (a: Node, bits: number): Node => this.#node('shr', [a], { detail: bits });
  readonly addBits = (a: Node, b: Node): Node => this.#node('addBits', [a, b]);
  readonly subBits = (a: Node, b: Node): Node => this.#node('subBits', [a, b]);
  readonly bits64 = (pattern: bigint): Node => this.#node('bits64', [], { detail: `0x${pattern.toString(16)}`, rate: 'neuron', width: 64 });

  log1p = (a: Node): Node => this.#float64Only('log1p', a);
  atan = (a: Node): Node => this.#float64Only('atan', a);
  erfc = (a: Node): Node => this.#float64Only('erfc', a);
  oddCosines = (turns: Node, terms: number): Node => this.#float64Only('oddCosines', turns, terms);
  oddSines = (turns: Node, terms: number): Node => this.#float64Only('oddSines', turns, terms);

  exp = (a: Node): Node => {
    if (a.width === 0) return this.#node('exp', [a]);
    return a.width === 32 ? expFloat32(this, a) : this.#float64.exp(this, a, 0);
  };

  exprel = (a: Node): Node => (a.width === 32 ? exprelFloat32(this, a) : this.#float64Only('exprel', a));

  #float64Only(op: keyof Float64Functions, a: Node, terms?: number): Node {
    if (a.width === 0) return this.#node(op, [a], terms === undefined ? {} : { detail: terms });
    if (a.width === 32)
      throw new Error(`${op} is not written for float32 lanes: widen its operand, or set gradNeedsFloat64 of the surrogate`);
    return this.#float64[op](this, a, terms ?? 0);
  }
}

/** @throws {Error} when some operands are in float32 lanes and others in float64 lanes. */
function commonWidth(op: string, args: readonly Node[]): Node['width'] {
  const widths = args.map((arg) => arg.width);
  if (widths.includes(32) && widths.includes(64)) throw new Error(`${op} of float32 and float64 lanes: widen or narrow an operand`);
  return widths.includes(64) ? 64 : 32;
}

/** Whether a uniform is made of the neurons' own numbers: an array of one of them has to give the same as that number, to the last bit. */
function isOfNeurons({ op, rate, rounded, args }: Node): boolean {
  return rate === 'uniform' && ((op === 'parameter' && rounded) || args.some(isOfNeurons));
}

/** A sign that changes at run time: it costs an operation, unless the sum that uses it takes it over, to the same bits. */
function isNegated(node: Node): boolean {
  return node.op === 'neg' && node.width !== 0;
}
