import { lanesOfBits, type LaneType } from '../ir/lanes.ts';
import { isConstant, type Node } from '../ir/node.ts';
import type { ArgumentLayout, UniformForm } from './argument-block.ts';
import { get, i32, loadVector, set, storeVector } from './vector-wat.ts';

type Half = 'low' | 'high';

// pmin and pmax are one instruction each; they differ from min and max only in NaN and the zeros' signs.
const binary = { mul: 'mul', div: 'div', min: 'pmin', max: 'pmax' } as const;
const shifts = { shl: 'shl', shr: 'shr_u' } as const;

const highHalfTwice = '8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15';
const lowHalves = '0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23';

/**
 * Writes one WebAssembly function: prints nodes as SIMD text, each once, as early as its value is known. Values of rate `uniform` and
 * `neuron` go to the preamble, those of rate `step` to where the function is being written.
 *
 * The function works on `unroll` vectors of neurons at a time; a leaf `x` is the local `$x.0`, `$x.1`, ... of each.
 */
export class FunctionWriter {
  /** The kernel's. */
  readonly lanes: LaneType;
  /** Vectors at a time; may change between two bodies. */
  unroll: number;
  readonly #layout: ArgumentLayout;
  readonly #locals = new Map<string, string>();
  readonly #preamble: string[] = [];
  #lines: string[] = this.#preamble;
  /** Text of the values that locals hold: for the whole function, and within the body that is being written. */
  readonly #neuronValues = new Map<string, string>();
  #stepValues = new Map<string, string>();
  #uses = new Map<Node, number>();

  constructor(layout: ArgumentLayout, lanes: LaneType, unroll: number) {
    this.#layout = layout;
    this.lanes = lanes;
    this.unroll = unroll;
  }

  /** Calls back with the index of each vector. */
  forEachVector(write: (vector: number) => void): void {
    for (let vector = 0; vector < this.unroll; vector++) write(vector);
  }

  /** @returns the local's name. */
  declare(name: string, type: 'i32' | 'v128'): string {
    this.#locals.set(name, type);
    return name;
  }

  emit(...lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** Text of setting an i32 local, which is declared. */
  setI32(name: string, value: string): string {
    return set(this.declare(name, 'i32'), value);
  }

  /** Text of setting a vector's local, which is declared. */
  setVector(name: string, vector: number, value: string): string {
    return set(this.declare(`${name}.${vector}`, 'v128'), value);
  }

  /** Text of loading a vector's local from an array of vectors that begins at an offset of an address. */
  loadVector(name: string, vector: number, address: string, offset = 0): string {
    return this.setVector(name, vector, loadVector(address, offset + 16 * vector));
  }

  /** Text of storing a vector's local to an array of vectors that begins at an offset of an address. */
  storeVector(name: string, vector: number, address: string, offset = 0): string {
    return storeVector(address, offset + 16 * vector, get(`${name}.${vector}`));
  }

  /** An integer of the argument block, loaded into a local of its name. */
  argument(name: string): string {
    if (!this.#locals.has(name)) {
      this.declare(name, 'i32');
      this.#preamble.push(set(name, `(i32.load offset=${this.#layout.integer(name)} ${get('arguments')})`));
    }
    return get(name);
  }

  /** The address of an integer of the argument block. */
  argumentAddress(name: string): string {
    return `(i32.add ${get('arguments')} ${i32(this.#layout.integer(name))})`;
  }

  /** The address in an array of the values, `bytes` each, of the neurons of `$vector`. */
  vectorAddress(array: string, bytes: number = this.lanes.bytes): string {
    return `(i32.add ${this.argument(array)} (i32.shl ${get('vector')} ${i32(Math.log2(this.lanes.count * bytes))}))`;
  }

  /**
   * Collects the lines that `write` emits, for a loop's body. Nodes of rate `step` are known inside it only.
   *
   * @param roots every node that will be printed inside: what is used twice among them is kept in a local.
   */
  body(roots: readonly Node[], write: () => void): string[] {
    const outer = this.#lines;
    const body: string[] = [];
    this.#lines = body;
    this.#stepValues = new Map();
    this.#uses = countUses(roots);
    write();
    this.#lines = outer;
    return body;
  }

  /** Emits setting a leaf's local to a node's value. */
  assign(name: string, vector: number, node: Node): void {
    const value = this.value(node, vector);
    this.emit(this.setVector(name, vector, value));
  }

  /** The text of the value of a node, or mask, of the kernel's lanes. */
  value(node: Node, vector: number): string {
    return this.#print(node, vector, 'low', this.lanes.bits);
  }

  /** The function, with its preamble before `body`. */
  functionText(name: string, parameters: string, body: readonly string[]): string {
    const locals = [...this.#locals].map(([local, type]) => `(local $${local} ${type})`).join(' ');
    return [`(func $${name} ${parameters}`, locals, ...this.#preamble, ...body, ')'].join('\n');
  }

  #print(node: Node, vector: number, half: Half, width: 32 | 64): string {
    if (node.rate === 'uniform') return this.#uniform(node, width === 64 ? 'float64' : 'nearest', width);
    if (node.op === 'bits64') return `(v128.const i64x2 ${node.detail!} ${node.detail!})`;
    if (node.op === 'leaf') return get(this.declare(`${node.detail!}.${vector}`, 'v128'));

    const key = `n${node.id}.${vector}${node.width === 64 ? half : ''}`;
    const known = this.#neuronValues.get(key) ?? this.#stepValues.get(key);
    if (known !== undefined) return known;

    const outer = this.#lines;
    const isPerNeuron = node.rate === 'neuron';
    if (isPerNeuron) this.#lines = this.#preamble;
    const text = this.#operation(node, vector, half);
    let result = text;
    if (isPerNeuron || (this.#uses.get(node) ?? 0) > 1) {
      this.emit(set(this.declare(key, 'v128'), text));
      result = get(key);
      (isPerNeuron ? this.#neuronValues : this.#stepValues).set(key, result);
    }
    this.#lines = outer;
    return result;
  }

  #operation(node: Node, vector: number, half: Half): string {
    const width = node.width as 32 | 64;
    const { name: type, integers: bits } = lanesOfBits[width];
    const [a, b, c] = node.args as [Node, Node, Node];
    const print = (arg: Node) => this.#print(arg, vector, half, width);
    switch (node.op) {
      case 'add':
      case 'sub':
        return this.#sum(node.op, a, b, print, width);
      case 'mul':
      case 'div':
      case 'min':
      case 'max':
        return `(${type}.${binary[node.op]} ${print(a)} ${print(b)})`;
      case 'sqrt':
      case 'floor':
      case 'nearest':
        return `(${type}.${node.op} ${print(a)})`;
      // V8's neg and abs make their bit masks anew at each use, in two instructions; a constant stays in a register.
      case 'neg':
        return `(v128.xor ${print(a)} ${signBits(width)})`;
      case 'abs':
        return `(v128.andnot ${print(a)} ${signBits(width)})`;
      case 'lt':
        return `(${type}.lt ${this.#bound(a, 'floor', width, print)} ${this.#bound(b, 'ceil', width, print)})`;
      case 'le':
        return `(${type}.le ${this.#bound(a, 'ceil', width, print)} ${this.#bound(b, 'floor', width, print)})`;
      case 'select':
        if (isConstant(c, 0)) return `(v128.and ${print(a)} ${print(b)})`;
        if (isConstant(b, 0)) return `(v128.andnot ${print(c)} ${print(a)})`;
        return `(v128.bitselect ${print(b)} ${print(c)} ${print(a)})`;
      case 'and':
        return a.op === 'not' ? `(v128.andnot ${print(b)} ${print(a.args[0]!)})` : `(v128.and ${print(a)} ${print(b)})`;
      case 'or':
        return `(v128.or ${print(a)} ${print(b)})`;
      case 'not':
        return `(v128.not ${print(a)})`;
      case 'shl':
      case 'shr':
        return `(${bits}.${shifts[node.op]} ${print(a)} ${i32(Number(node.detail))})`;
      case 'addBits':
      case 'subBits':
        return `(${bits}.${node.op === 'addBits' ? 'add' : 'sub'} ${print(a)} ${print(b)})`;
      case 'promote': {
        const value = this.#print(a, vector, half, 32);
        return half === 'low'
          ? `(f64x2.promote_low_f32x4 ${value})`
          : `(f64x2.promote_low_f32x4 (i8x16.shuffle ${highHalfTwice} ${value} ${value}))`;
      }
      case 'demote': {
        const [low, high] = (['low', 'high'] as const).map((part) => this.#print(a, vector, part, 64));
        return `(i8x16.shuffle ${lowHalves} (f32x4.demote_f64x2_zero ${low!}) (f32x4.demote_f64x2_zero ${high!}))`;
      }
      default:
        throw new Error(`no text for ${node.op}`);
    }
  }

  /** A sum with a uniform adds the error of rounding it to float32 too, which counts where the two cancel. */
  #sum(op: 'add' | 'sub', a: Node, b: Node, print: (node: Node) => string, width: 32 | 64): string {
    const type = lanesOfBits[width].name;
    const sum = `(${type}.${op} ${print(a)} ${print(b)})`;
    const folded = [a, b].find((node) => node.rate === 'uniform');
    if (width === 64 || folded === undefined || folded.rounded) return sum;
    const restOp = op === 'sub' && folded === b ? 'sub' : 'add';
    return `(f32x4.${restOp} ${sum} ${this.#uniform(folded, 'rest', 32)})`;
  }

  #bound(node: Node, form: UniformForm, width: 32 | 64, print: (node: Node) => string): string {
    return node.rate === 'uniform' && width === 32 && !node.rounded ? this.#uniform(node, form, 32) : print(node);
  }

  #uniform(node: Node, form: UniformForm, width: 32 | 64): string {
    if (node.op === 'constant' && (form === 'nearest' || form === 'float64')) {
      const { name, count } = lanesOfBits[width];
      return `(v128.const ${name}${` ${node.detail!}`.repeat(count)})`;
    }
    const key = `u${node.id}.${form}`;
    if (!this.#locals.has(key)) {
      const offset = this.#layout.uniform(node, form);
      this.#preamble.push(set(this.declare(key, 'v128'), `(v128.load${width}_splat offset=${offset} ${get('arguments')})`));
    }
    return get(key);
  }
}

/** The lanes' sign bits. */
function signBits(width: 32 | 64): string {
  return width === 32 ? `(v128.const i32x4${' 0x80000000'.repeat(4)})` : `(v128.const i64x2${' 0x8000000000000000'.repeat(2)})`;
}

/** How often each node under the roots is an argument or a root. */
function countUses(roots: readonly Node[]): Map<Node, number> {
  const uses = new Map<Node, number>();
  const visit = (node: Node): void => {
    const before = uses.get(node) ?? 0;
    // A promoted value is printed for each half.
    uses.set(node, before + 1);
    if (before === 0) {
      for (const arg of node.args) {
        visit(arg);
        if (node.op === 'promote') visit(arg);
      }
    }
  };
  roots.forEach(visit);
  return uses;
}
