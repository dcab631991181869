import { Cache, memoize, memoizeName } from '../../../cache.ts';
import { evaluator, type Expression } from '../../../expressions.ts';
import type { Dtype, Quantity } from '../../../jobs.ts';
import type { TermNumbers } from '../../../neurons/terms.ts';
import type { NeuronProgram } from '../../../neurons/program.ts';
import type { SurrogateShape } from '../../../surrogates/shape.ts';
import type { FunctionWriter } from '../codegen/function-writer.ts';
import { gatherRows, get, i32, rowStride, set } from '../codegen/vector-wat.ts';
import { Graph } from '../ir/graph.ts';
import { lanesOf, type LaneType } from '../ir/lanes.ts';
import type { Node } from '../ir/node.ts';
import { surrogateFunctions } from './surrogate-kernel.ts';

/** How a quantity reaches the kernel: left out because it is 0 or 1, one number for all neurons, or an array. */
export type TermForm = 'zero' | 'one' | 'scalar' | 'neuron' | 'step';

/** What of a problem shapes a kernel's code. */
export interface NeuronKernelSpec {
  readonly lanes: LaneType;
  readonly program: NeuronProgram;
  /** By the leaves of the step: terms, `current`, and whatever else a kernel reads. */
  readonly forms: Readonly<Record<string, TermForm>>;
  /** Distinguishes one problem's kernels from another's. */
  readonly key: string;
}

const formCodes: Readonly<Record<TermForm, number>> = { zero: 0, one: 1, scalar: 2, neuron: 3, step: 4 };

/** Specs by the codes of their forms: made once, since one is needed for every request. */
const specsOf = memoize<NeuronProgram, Cache<string, NeuronKernelSpec>>(() => new Cache(64));

/** What of a problem shapes its kernels' code: numbers that take an operation out of it are recognised. */
export function neuronKernelSpec(
  dtype: Dtype,
  program: NeuronProgram,
  numbers: readonly TermNumbers[],
  current: Quantity,
): NeuronKernelSpec {
  const lanes = lanesOf[dtype];
  const key = formKey(lanes.bits + (current.per === 'step' ? 1 : 0), program.terms.length, (i) => formCodes[formOf(program, numbers, i)]);
  return specsOf(program).get(key, () => {
    // A number becomes an array, so that it and an array of equal numbers go through the same operations.
    const forms: Record<string, TermForm> = { current: current.per === 'step' ? 'step' : 'neuron' };
    for (const [i, { leaf }] of program.terms.entries()) forms[leaf] = formOf(program, numbers, i);
    return { lanes, program, forms, key: `${program.key} ${key}` };
  });
}

function formOf({ terms }: NeuronProgram, numbers: readonly TermNumbers[], index: number): TermForm {
  const neutral = terms[index]?.neutral;
  const number = numbers[index];
  if (neutral !== undefined && number?.per === 'scalar' && number.value === neutral) return neutral === 0 ? 'zero' : 'one';
  return number?.per ?? 'scalar';
}

/** Forms as digits of numbers, which are printed faster than words. */
function formKey(start: number, count: number, codeAt: (index: number) => number): string {
  let key = '';
  let code = start;
  for (let i = 0; i < count; i++) {
    code = 5 * code + codeAt(i);
    if (code < 2 ** 40) continue;
    key += `${code} `;
    code = 1;
  }
  return key + String(code);
}

/** The same neurons with more that they read, by leaf. */
export function withForms(spec: NeuronKernelSpec, added: Readonly<Record<string, TermForm>>): NeuronKernelSpec {
  const leaves = Object.keys(added);
  const key = formKey(1, leaves.length, (i) => formCodes[added[leaves[i]!]!]);
  return { ...spec, forms: { ...spec.forms, ...added }, key: `${spec.key} ${leaves.join()} ${key}` };
}

/** How a kernel's nodes are made. */
interface NodeSource {
  /** Needed where the expressions have derivatives of spikes, or a surrogate in their place. */
  readonly surrogate?: SurrogateShape | undefined;
  /** Expressions whose values are in the leaves of these names: what they are made of is left out. */
  readonly known?: ReadonlyMap<Expression, string>;
  /** The kernel's graph, where it has one already: nodes of one kernel must not differ in graph. */
  readonly graph?: Graph;
}

/** A step's expressions as nodes of a kernel. */
export class NeuronKernelBuilder {
  readonly graph: Graph;
  /** The leaves that the nodes made so far read. */
  readonly leaves = new Set<string>();
  readonly #forms: NeuronKernelSpec['forms'];
  readonly #evaluate: (root: Expression) => Node;

  constructor({ lanes, forms }: NeuronKernelSpec, { surrogate, known, graph = new Graph(lanes) }: NodeSource = {}) {
    this.graph = graph;
    this.#forms = forms;
    this.#evaluate = evaluator<Node, Node>({
      ops: graph,
      leaf: (name) => this.leaf(name),
      surrogate: surrogateFunctions(graph, surrogate),
      ...(known && { replaced: known }),
    });
  }

  /** The node of an expression of the step. */
  node(expression: Expression): Node {
    return this.#evaluate(expression);
  }

  /** The node of a leaf: by its form, or a local that changes in every step. */
  leaf(name: string): Node {
    this.leaves.add(name);
    const form = this.#forms[name] ?? 'step';
    switch (form) {
      case 'zero':
        return this.graph.constant(0);
      case 'one':
        return this.graph.constant(1);
      case 'scalar':
        return this.graph.parameter(name, true);
      case 'neuron':
      case 'step':
        return this.graph.leaf(name, form);
    }
  }
}

/** Emits loading the quantities that are one number per neuron into their leaves. */
export function loadNeuronTerms(writer: FunctionWriter, forms: Readonly<Record<string, TermForm>>): void {
  for (const [name, form] of Object.entries(forms)) {
    if (form !== 'neuron') continue;
    const address = writer.vectorAddress(arrayName(name));
    writer.forEachVector((vector) => {
      writer.emit(writer.loadVector(name, vector, address));
    });
  }
}

/** The name of an array's address. */
export const arrayName = memoizeName((name) => `${name}.array`);

/**
 * Emits a cursor `$<name>At` per vector into an array with a row of values, `bytes` each, for every neuron; it points to step `from` of
 * the vector's first row.
 */
export function setRowCursors(writer: FunctionWriter, name: string, bytes: number, from: string): void {
  const steps = writer.argument('steps');
  const { count } = writer.lanes;
  for (let row = 1; row < count; row++) writer.emit(writer.setI32(rowStride(row, bytes), `(i32.mul ${steps} ${i32(row * bytes)})`));
  const base = writer.argument(arrayName(name));
  writer.forEachVector((vector) => {
    const row = `(i32.shl (i32.add ${get('vector')} ${i32(vector)}) ${i32(Math.log2(count))})`;
    const index = `(i32.add (i32.mul ${row} ${steps}) ${from})`;
    const offset = bytes === 1 ? index : `(i32.shl ${index} ${i32(Math.log2(bytes))})`;
    writer.emit(writer.setI32(`${name}At.${vector}`, `(i32.add ${base} ${offset})`));
  });
}

/** Emits loading a vector's values at its row cursor. */
export function loadStep(writer: FunctionWriter, name: string, vector: number): void {
  writer.emit(writer.setVector(name, vector, gatherRows(writer.lanes, get(`${name}At.${vector}`))));
}

/** Emits adding a step's spikes to the counts: a mask is -1 as an integer; a number of spikes is converted, and the sum ends at the largest int32. */
export function countSpikes(writer: FunctionWriter, vector: number, count: Node | undefined): void {
  const { integers, toIntegers, limitToInt32 } = writer.lanes;
  const sum = get(`count.${vector}`);
  if (count === undefined) {
    writer.emit(set(`count.${vector}`, `(${integers}.sub ${sum} ${get(`spike.${vector}`)})`));
    return;
  }
  writer.emit(
    set(`count.${vector}`, `(${integers}.add ${sum} ${toIntegers(writer.value(count, vector))})`),
    set(`count.${vector}`, limitToInt32(sum)),
  );
}

/**
 * Emits setting the states to their values after the step: all are computed from those before it.
 *
 * @param next by the states' leaves.
 */
export function assignStates(writer: FunctionWriter, vector: number, next: readonly (readonly [leaf: string, node: Node])[]): void {
  const [only] = next;
  if (only !== undefined && next.length === 1) {
    writer.assign(only[0], vector, only[1]);
    return;
  }
  for (const [leaf, node] of next) writer.assign(`${leaf}.next`, vector, node);
  for (const [leaf] of next) writer.emit(writer.setVector(leaf, vector, get(`${leaf}.next.${vector}`)));
}
