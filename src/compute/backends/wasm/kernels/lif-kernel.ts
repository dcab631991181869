import type { LifStructure, LifTerms } from '../../../neurons/lif.ts';
import { dtypeOf, type LifGradJob, type LifProblem, type LifSimulateJob, type NeuronQuantity } from '../../../jobs.ts';
import type { FunctionWriter } from '../codegen/function-writer.ts';
import { gatherRows, get, i32, rowStride, set, zeroVector } from '../codegen/vector-wat.ts';
import { Graph } from '../ir/graph.ts';
import { lanesOf, type LaneType } from '../ir/lanes.ts';
import type { Mask, Node } from '../ir/node.ts';

/** How a quantity reaches the kernel: left out because it is 0 or 1, one number for all neurons, or an array. */
export type TermForm = 'zero' | 'one' | 'scalar' | 'neuron' | 'step';

export const lifTerms = ['leak', 'threshold', 'vReset', 'vRest', 'resistance', 'vInit', 'current'] as const;
export type LifTerm = (typeof lifTerms)[number];

/** What of a problem shapes a kernel's code. */
export interface LifKernelSpec {
  readonly lanes: LaneType;
  readonly structure: LifStructure;
  readonly terms: Readonly<Record<LifTerm, TermForm>>;
  readonly refractory: boolean;
}

export function lifKernelSpec(job: LifSimulateJob | LifGradJob): LifKernelSpec {
  const { problem } = job;
  const { reset, inputScaling, refractorySteps } = problem;
  return {
    lanes: lanesOf[dtypeOf(job)],
    structure: { reset, inputScaling, detachReset: job.kind === 'lif_grad' && job.detachReset },
    terms: termForms(problem),
    refractory: refractorySteps > 0,
  };
}

/** The forms in which a problem's quantities reach a kernel: numbers that take an operation out of it are recognised. */
export function termForms(problem: LifProblem): Readonly<Record<LifTerm, TermForm>> {
  return {
    leak: problem.tau.per,
    threshold: problem.v_threshold.per,
    vReset: unless(0, 'zero', problem.v_reset),
    vRest: unless(0, 'zero', problem.v_rest),
    resistance: unless(1, 'one', problem.resistance),
    vInit: unless(0, 'zero', problem.v_init),
    // A number becomes an array, so that it and an array of equal numbers go through the same operations.
    current: problem.current.per === 'scalar' ? 'neuron' : problem.current.per,
  };
}

function unless(neutral: number, without: 'zero' | 'one', quantity: NeuronQuantity): TermForm {
  return quantity.per === 'scalar' && quantity.value === neutral ? without : quantity.per;
}

export const formCodes: Readonly<Record<TermForm, number>> = { zero: 0, one: 1, scalar: 2, neuron: 3, step: 4 };
const resetCodes: Readonly<Record<LifStructure['reset'], number>> = { hard: 0, soft: 1, none: 2 };

/** What distinguishes one problem's kernel from another's, as one number: a key is made for every request. */
export function lifKernelKey({ lanes, structure, terms, refractory }: LifKernelSpec): number {
  let code = resetCodes[structure.reset];
  for (const flag of [structure.inputScaling, structure.detachReset, refractory, lanes.bits === 64]) code = 2 * code + (flag ? 1 : 0);
  for (const name of lifTerms) code = 5 * code + formCodes[terms[name]];
  return code;
}

/** What forward and gradient kernels share: the graph's leaves, and how they are loaded. */
export class KernelBuilder {
  readonly graph: Graph;
  readonly terms: LifTerms<Node>;
  readonly vInit: Node;
  readonly current: Node;
  readonly refractory: Mask | undefined;
  readonly spec: LifKernelSpec;

  constructor(spec: LifKernelSpec) {
    this.spec = spec;
    this.graph = new Graph(spec.lanes);
    const term = (name: LifTerm) => this.term(name, spec.terms[name]);
    this.terms = {
      leak: term('leak'),
      threshold: term('threshold'),
      vReset: term('vReset'),
      vRest: term('vRest'),
      resistance: term('resistance'),
    };
    this.vInit = term('vInit');
    this.current = term('current');
    this.refractory = spec.refractory ? this.graph.leaf('refractory', 'step') : undefined;
  }

  term(name: string, form: TermForm): Node {
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

/** Emits loading the terms that are one number per neuron into their leaves. */
export function loadNeuronTerms(writer: FunctionWriter, terms: Readonly<Partial<Record<string, TermForm>>>): void {
  for (const [name, form] of Object.entries(terms)) {
    if (form !== 'neuron') continue;
    const address = writer.vectorAddress(`${name}Array`);
    writer.forEachVector((vector) => {
      writer.emit(writer.loadVector(name, vector, address));
    });
  }
}

/**
 * Emits a cursor `$<name>At` per vector into an array with a row of values, `bytes` each, for every neuron; it points to step `from` of
 * the vector's first row.
 */
export function setRowCursors(writer: FunctionWriter, name: string, bytes: number, from: string): void {
  const steps = writer.argument('steps');
  const { count } = writer.lanes;
  for (let row = 1; row < count; row++) writer.emit(writer.setI32(rowStride(row, bytes), `(i32.mul ${steps} ${i32(row * bytes)})`));
  const base = writer.argument(`${name}Array`);
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

/** Emits adding a step's spikes, whose mask is -1 as an integer, to the counts. */
export function countSpikes(writer: FunctionWriter, vector: number): void {
  writer.emit(set(`count.${vector}`, `(${writer.lanes.integers}.sub ${get(`count.${vector}`)} ${get(`spike.${vector}`)})`));
}

/** Emits the mask of the neurons that are refractory in this step, those with `$refractoryLeft` steps above 0. */
export function loadRefractoryMask(writer: FunctionWriter, vector: number): void {
  const left = get(writer.declare(`refractoryLeft.${vector}`, 'v128'));
  writer.emit(writer.setVector('refractory', vector, `(${writer.lanes.integers}.gt_s ${left} ${zeroVector})`));
}

/** Emits counting one step of refractoriness down, or its start after a spike. */
export function updateRefractoryCounter(writer: FunctionWriter, vector: number): void {
  const { integers, fromInt32 } = writer.lanes;
  const [left, refractory, spike] = ['refractoryLeft', 'refractory', 'spike'].map((name) => get(`${name}.${vector}`));
  const steps = fromInt32(`(v128.load32_splat offset=0 ${get('refractorySteps')})`);
  writer.emit(set(`refractoryLeft.${vector}`, `(v128.or (${integers}.add ${left!} ${refractory!}) (v128.and ${spike!} ${steps}))`));
}

/** Emits the address of the number of refractory steps, which `updateRefractoryCounter` reads. */
export function setRefractorySteps(writer: FunctionWriter): void {
  writer.emit(writer.setI32('refractorySteps', writer.argumentAddress('refractorySteps')));
}
