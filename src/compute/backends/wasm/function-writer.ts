import type { Node } from './graph.ts';
import type { JobBlockLayout, UniformForm } from './job-block.ts';
import { lanesOfBits, type LaneType } from './lanes.ts';

type Half = 'low' | 'high';

const highHalfTwice = '8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15';
const lowHalves = '0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23';

/**
 * Writes one WebAssembly function: prints nodes as SIMD text, each once, at the place where it first can be known. Values of
 * rate `job` and `neuron` land in the preamble, those of rate `step` where the text is being written.
 *
 * A kernel works on `groups` vectors of neurons at a time; a leaf `x` is the local `$x.0`, `$x.1`, ... of each.
 */
export class FunctionWriter {
  /** The kernel's. */
  readonly lanes: LaneType;
  readonly #block: JobBlockLayout;
  readonly #locals = new Map<string, string>();
  readonly #preamble: string[] = [];
  #lines: string[] = this.#preamble;
  readonly #lasting = new Map<string, string>();
  #passing = new Map<string, string>();
  #uses = new Map<Node, number>();

  constructor(block: JobBlockLayout, lanes: LaneType) {
    this.#block = block;
    this.lanes = lanes;
  }

  local(name: string, type: 'i32' | 'v128'): string {
    this.#locals.set(name, type);
    return `$${name}`;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** Loads an integer of the job block into a local of its name. */
  integer(name: string): string {
    const local = `$${name}`;
    if (!this.#locals.has(name)) {
      this.#locals.set(name, 'i32');
      this.#preamble.push(`(local.set ${local} (i32.load offset=${this.#block.integer(name)} (local.get $job)))`);
    }
    return `(local.get ${local})`;
  }

  /** The address of what an array has for the neurons of `$vector`, `bytes` each. */
  vectorAt(array: string, bytes: number = this.lanes.bytes): string {
    return `(i32.add ${this.integer(array)} (i32.shl (local.get $vector) (i32.const ${Math.log2(this.lanes.count * bytes)})))`;
  }

  /**
   * Collects the lines that `write` adds, for a loop's body. Nodes of rate `step` known inside are forgotten after it.
   *
   * @param roots every node that will be printed inside: what is used twice among them is kept in a local.
   */
  body(roots: readonly Node[], write: () => void): string[] {
    const outer = this.#lines;
    const body: string[] = [];
    this.#lines = body;
    this.#passing = new Map();
    this.#uses = countUses(roots);
    write();
    this.#lines = outer;
    return body;
  }

  /** Sets a leaf's local to a node's value. */
  assign(name: string, group: number, node: Node): void {
    const value = this.value(node, group);
    this.line(`(local.set ${this.local(`${name}.${group}`, 'v128')} ${value})`);
  }

  /** The text of the value of a node, or mask, of the kernel's lanes. */
  value(node: Node, group: number): string {
    return this.#print(node, group, 'low', this.lanes.bits);
  }

  /** The function, with its preamble before `body`. */
  finish(name: string, parameters: string, body: readonly string[]): string {
    const locals = [...this.#locals].map(([local, type]) => `(local $${local} ${type})`).join(' ');
    return [`(func $${name} ${parameters}`, locals, ...this.#preamble, ...body, ')'].join('\n');
  }

  #print(node: Node, group: number, half: Half, width: 32 | 64): string {
    if (node.rate === 'job') return this.#uniform(node, width === 64 ? 'float64' : 'nearest', width);
    if (node.op === 'bits64') return `(v128.const i64x2 ${node.detail!} ${node.detail!})`;
    if (node.op === 'leaf') return `(local.get ${this.local(`${node.detail!}.${group}`, 'v128')})`;

    const key = `n${node.id}.${group}${node.width === 64 ? half : ''}`;
    const known = this.#lasting.get(key) ?? this.#passing.get(key);
    if (known !== undefined) return known;

    const outer = this.#lines;
    const lasting = node.rate === 'neuron';
    if (lasting) this.#lines = this.#preamble;
    const text = this.#operation(node, group, half);
    let result = text;
    if (lasting || (this.#uses.get(node) ?? 0) > 1) {
      this.line(`(local.set ${this.local(key, 'v128')} ${text})`);
      result = `(local.get $${key})`;
      (lasting ? this.#lasting : this.#passing).set(key, result);
    }
    this.#lines = outer;
    return result;
  }

  #operation(node: Node, group: number, half: Half): string {
    const width = node.width as 32 | 64;
    const { name: type, integers: bits } = lanesOfBits[width];
    const [a, b, c] = node.args as [Node, Node, Node];
    const print = (arg: Node) => this.#print(arg, group, half, width);
    switch (node.op) {
      case 'add':
      case 'sub':
        return this.#sum(node.op, a, b, print, width);
      case 'mul':
      case 'div':
        return `(${type}.${node.op} ${print(a)} ${print(b)})`;
      // pmin and pmax are one instruction each; they differ from min and max in NaN and the zeros' signs alone.
      case 'min':
        return `(${type}.pmin ${print(a)} ${print(b)})`;
      case 'max':
        return `(${type}.pmax ${print(a)} ${print(b)})`;
      // neg and abs make their bit masks anew at each use, in two instructions of their own; a constant stays in a register.
      case 'neg':
        return `(v128.xor ${print(a)} ${signBits(width)})`;
      case 'abs':
        return `(v128.andnot ${print(a)} ${signBits(width)})`;
      case 'sqrt':
      case 'nearest':
        return `(${type}.${node.op} ${print(a)})`;
      case 'lt':
        return `(${type}.lt ${this.#bound(a, 'floor', width, print)} ${this.#bound(b, 'ceil', width, print)})`;
      case 'le':
        return `(${type}.le ${this.#bound(a, 'ceil', width, print)} ${this.#bound(b, 'floor', width, print)})`;
      case 'select':
        if (isZero(c)) return `(v128.and ${print(a)} ${print(b)})`;
        if (isZero(b)) return `(v128.andnot ${print(c)} ${print(a)})`;
        return `(v128.bitselect ${print(b)} ${print(c)} ${print(a)})`;
      case 'and':
        return a.op === 'not' ? `(v128.andnot ${print(b)} ${print(a.args[0]!)})` : `(v128.and ${print(a)} ${print(b)})`;
      case 'not':
        return `(v128.not ${print(a)})`;
      case 'shl':
        return `(${bits}.shl ${print(a)} (i32.const ${node.detail!}))`;
      case 'shr':
        return `(${bits}.shr_u ${print(a)} (i32.const ${node.detail!}))`;
      case 'addBits':
        return `(${bits}.add ${print(a)} ${print(b)})`;
      case 'subBits':
        return `(${bits}.sub ${print(a)} ${print(b)})`;
      case 'promote': {
        const value = this.#print(a, group, half, 32);
        return half === 'low'
          ? `(f64x2.promote_low_f32x4 ${value})`
          : `(f64x2.promote_low_f32x4 (i8x16.shuffle ${highHalfTwice} ${value} ${value}))`;
      }
      case 'demote': {
        const [low, high] = (['low', 'high'] as const).map((part) => this.#print(a, group, part, 64));
        return `(i8x16.shuffle ${lowHalves} (f32x4.demote_f64x2_zero ${low!}) (f32x4.demote_f64x2_zero ${high!}))`;
      }
      default:
        throw new Error(`no text for ${node.op}`);
    }
  }

  /** A sum with a folded number adds what rounding that number to float32 left, which is what counts where the two cancel. */
  #sum(op: 'add' | 'sub', a: Node, b: Node, print: (node: Node) => string, width: 32 | 64): string {
    const type = lanesOfBits[width].name;
    const sum = `(${type}.${op} ${print(a)} ${print(b)})`;
    const folded = [a, b].find((node) => node.rate === 'job');
    if (width === 64 || folded === undefined || folded.rounded) return sum;
    const restOp = op === 'sub' && folded === b ? 'sub' : 'add';
    return `(f32x4.${restOp} ${sum} ${this.#uniform(folded, 'rest', 32)})`;
  }

  #bound(node: Node, form: UniformForm, width: 32 | 64, print: (node: Node) => string): string {
    return node.rate === 'job' && width === 32 && !node.rounded ? this.#uniform(node, form, 32) : print(node);
  }

  #uniform(node: Node, form: UniformForm, width: 32 | 64): string {
    if (node.op === 'constant' && (form === 'nearest' || form === 'float64')) {
      const { name, count } = lanesOfBits[width];
      return `(v128.const ${name}${` ${node.detail!}`.repeat(count)})`;
    }
    const key = `u${node.id}.${form}`;
    if (!this.#locals.has(key)) {
      this.local(key, 'v128');
      const offset = this.#block.uniform(node, form);
      this.#preamble.push(`(local.set $${key} (v128.load${width}_splat offset=${offset} (local.get $job)))`);
    }
    return `(local.get $${key})`;
  }
}

/** The lanes' sign bits. */
function signBits(width: 32 | 64): string {
  return width === 32 ? `(v128.const i32x4${' 0x80000000'.repeat(4)})` : `(v128.const i64x2${' 0x8000000000000000'.repeat(2)})`;
}

function isZero(node: Node): boolean {
  return node.op === 'constant' && node.detail === 0;
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
