import { Cache } from '../../../cache.ts';
import type { LossRecord } from '../../../jobs.ts';
import { backwardStep, initialPath, recordBarLeaf, stateBarLeaf, stateLeaf, stepRecord, termLeaf } from '../../../neurons/program.ts';
import type { SurrogateShape } from '../../../surrogates/shape.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import { blockParameters, countOperations, kernelModule, runFunction, type KernelWat } from '../codegen/kernel-wat.ts';
import { advance, breakIfStopped, get, i32, loadVector, set, storeInt32, storeVector, zeroVector } from '../codegen/vector-wat.ts';
import type { Node } from '../ir/node.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import { rowAddress } from './item-kernel.ts';
import { setList } from './list-kernels.ts';
import { panelStride, productFunctions, sumFunctions } from './matrix-kernels.ts';
import { arrayName, assignStates, countSpikes, NeuronKernelBuilder, type NeuronKernelSpec } from './neuron-kernel.ts';
import { shapeKey } from './surrogate-kernel.ts';

// A layer's arrays over time have a row of its neurons, padded to whole vectors, for each sample and step, samples first; those over samples a row for
// each sample. The neurons take a step together, since recurrent weights need what all of them have returned before.

/** What shapes the code of a layer's kernels. */
export interface LayerKernelSpec extends NeuronKernelSpec {
  readonly surrogate: SurrogateShape;
  readonly isRecurrent: boolean;
  /** Whether the steps' active neurons are listed. */
  readonly listsSpikes: boolean;
  /** Records that are written over time. */
  readonly record: readonly string[];
  /** Whether the potential after the last step, and the sum of what each neuron returns, are written. */
  readonly writesFinal: boolean;
  readonly sumsReturned: boolean;
  /** The leaves of which the forward pass keeps a row for every step, for the backward pass. */
  readonly kept: readonly string[];
}

/** What shapes a layer's backward pass. */
export interface LayerBackwardSpec {
  /** Of each record with cotangents where they come from: an array with rows over time, or one with a row a sample; of spikes also the layer above. */
  readonly bars: Readonly<Partial<Record<LossRecord, readonly ('step' | 'neuron')[]>>>;
  /** Paths of the terms whose cotangents are summed over time; initial ones are those of states. */
  readonly paths: readonly string[];
  /** Whether the gradient with respect to the current is summed over time. */
  readonly sumsCurrent: boolean;
}

/** Where the backward pass finds the membrane at the spike decision. */
const keptMembrane = 'vPre';

/** A spec in which what differs from neuron to neuron is read in every step: a kernel's loop over neurons is inside that over steps. */
function perStepForms({ forms, ...spec }: NeuronKernelSpec): NeuronKernelSpec {
  return { ...spec, forms: Object.fromEntries(Object.entries(forms).map(([leaf, form]) => [leaf, form === 'neuron' ? 'step' : form])) };
}

/** The leaves of a spec that are one number per neuron. */
function neuronLeaves({ forms }: NeuronKernelSpec, used: ReadonlySet<string>): readonly string[] {
  return Object.entries(forms).flatMap(([leaf, form]) => (form === 'neuron' && used.has(leaf) ? [leaf] : []));
}

/** The backward step of a layer as nodes. */
class LayerBackwardGraph extends NeuronKernelBuilder {
  /** Cotangents of the states before the step, by the leaves that hold those after it. */
  readonly stateBars: readonly (readonly [leaf: string, node: Node])[];
  readonly currentBar: Node;
  /** What is summed over time, by name. */
  readonly sums: readonly (readonly [name: string, node: Node])[];
  /** What the backward step reads of the forward pass: leaves of states, `keptMembrane`, and the current. */
  readonly kept: readonly string[];

  constructor(spec: NeuronKernelSpec, surrogate: SurrogateShape, { bars, paths, sumsCurrent }: LayerBackwardSpec) {
    const { step } = spec.program;
    super(perStepForms(spec), { surrogate, known: new Map([[step.vPre, keptMembrane]]) });
    const cotangents = Object.fromEntries(
      Object.keys(bars).map((record) => [record, step.graph.leaf(recordBarLeaf(record as LossRecord))]),
    );
    const stepPaths = paths.filter((path) => !initialPaths(spec).includes(path));
    const derived = backwardStep(step, cotangents, new Set(), ['current', ...stepPaths.map(termLeaf)]);
    this.stateBars = Object.entries(derived.state).map(([state, node]) => [stateBarLeaf(state), this.node(node)]);
    this.currentBar = this.node(derived.wrt.current!);
    this.sums = [
      ...stepPaths.map((path) => [path, this.node(derived.wrt[termLeaf(path)]!)] as const),
      ...(sumsCurrent ? [['current', this.currentBar] as const] : []),
    ];
    const keepable = [keptMembrane, 'current', ...step.states.map(stateLeaf)];
    this.kept = keepable.filter((leaf) => this.leaves.has(leaf));
  }
}

function initialPaths({ program }: NeuronKernelSpec): readonly string[] {
  return program.step.states.map(initialPath);
}

const keptByKey = new Cache<string, readonly string[]>(256);

/** The leaves that the backward pass of a layer reads of the forward pass: found once for each form of layer. */
export function keptLeaves(spec: NeuronKernelSpec, surrogate: SurrogateShape, backward: LayerBackwardSpec): readonly string[] {
  const key = `${spec.key} ${shapeKey(surrogate)} ${JSON.stringify(backward)}`;
  return keptByKey.get(key, () => new LayerBackwardGraph(spec, surrogate, backward).kept);
}

export const keptArray = (leaf: string): string => `${leaf}.kept`;
export const recordArray = (name: string): string => `${name}.record`;
export const sumArray = (name: string): string => `${name}.sum`;
export const barArray = (record: LossRecord, form: 'step' | 'neuron'): string => `${record}.bar.${form}`;

/** Rows of scratch that the forward pass uses: states, counts, sums. */
export function forwardScratchRows({ program }: NeuronKernelSpec): number {
  return program.step.states.length + 2;
}

/** Rows of scratch that the backward pass uses for each sample: cotangents of states, sums, and cotangents of spikes from the recurrent weights. */
export function backwardScratchRows({ program }: NeuronKernelSpec, { paths }: LayerBackwardSpec): number {
  return program.step.states.length + paths.length + 2;
}

/** The text of a row's place in the scratch: vectors of row `index` from `$of` on. */
const scratchRow = (index: number): string =>
  `(i32.add (i32.add ${get('scratch')} ${get('of')}) (i32.mul ${get('rowBytes')} ${i32(index)}))`;

/** A kernel's function `block1`, which runs the item `$vector`. */
function blockKernel(
  spec: LayerKernelSpec,
  write: (writer: FunctionWriter) => { readonly lines: readonly string[]; readonly body: readonly string[] },
  functions: readonly string[],
): KernelWat {
  const layout = new ArgumentLayout();
  const writer = new FunctionWriter(layout, spec.lanes, 1);
  const { lines, body } = write(writer);
  const block = writer.functionText('block1', blockParameters, lines);
  return { text: kernelModule([...functions, block, runFunction([1])]), layout, operations: countOperations(body), unroll: 1 };
}

/** Runs a sample's neurons forward; an item is a sample. */
export function layerForwardRequest(spec: LayerKernelSpec): KernelRequest {
  const { lanes, program, key, surrogate, isRecurrent, listsSpikes, record, writesFinal, sumsReturned, kept } = spec;
  const isWeighted = program.step.spikes !== undefined;
  const flags = [isRecurrent, listsSpikes, writesFinal, sumsReturned].map(Number).join('');
  return {
    key: `layer forward ${flags} ${record.join()} ${kept.join()} ${shapeKey(surrogate)} ${key}`,
    print: () => blockKernel(spec, (writer) => forwardLines(spec, writer), isRecurrent ? sumFunctions(lanes, isWeighted) : []),
  };
}

function forwardLines(spec: LayerKernelSpec, writer: FunctionWriter) {
  const { lanes, program, isRecurrent, listsSpikes, writesFinal, sumsReturned, forms, kept } = spec;
  const { step } = program;
  const { states } = step;
  const isWeighted = step.spikes !== undefined;
  const builder = new NeuronKernelBuilder(perStepForms(spec), { surrogate: spec.surrogate });
  const next = states.map((state): [string, Node] => [stateLeaf(state), builder.node(step.next[state] ?? step.graph.constant(0))]);
  const vPre = kept.includes(keptMembrane) ? builder.node(step.vPre) : undefined;
  const spike = step.spike && builder.node(step.spike);
  const count = step.count && builder.node(step.count);
  const returned = step.spikes && (listsSpikes || sumsReturned) ? builder.node(step.spikes) : undefined;
  // Spikes that are 0 or 1 too are written as floats.
  const records = spec.record.map((name) => [name, builder.node(stepRecord(step, name))] as const);
  const initial = states.map((state) => builder.leaf(termLeaf(initialPath(state))));
  const neuronTerms = neuronLeaves(spec, builder.leaves);
  for (const name of ['steps', 'rowBytes', 'neurons']) writer.argument(name);
  const drive = writer.argument(isRecurrent ? 'drive' : 'current');
  const [countsRow, sumsRow] = [states.length, states.length + 1];

  // Whatever is read of an array is loaded into its leaf's local first.
  const loadTerms = (leaves: readonly string[]): string[] =>
    leaves.map((leaf) => writer.loadVector(leaf, 0, `(i32.add ${writer.argument(arrayName(leaf))} ${get('of')})`));
  const initialTerms = states.map((state) => termLeaf(initialPath(state))).filter((leaf) => forms[leaf] === 'neuron');
  const start = writer.body(initial, () => {
    writer.emit(...loadTerms(initialTerms));
    for (const [i, node] of initial.entries()) writer.emit(storeVector(scratchRow(i), 0, writer.value(node, 0)));
    for (const row of [countsRow, sumsRow]) writer.emit(storeVector(scratchRow(row), 0, zeroVector));
  });
  const rowAt = (array: string): string => `(i32.add ${writer.argument(array)} ${get('at')})`;
  const roots = [
    ...[vPre, spike, spike, count, returned, returned].filter((node) => node !== undefined),
    ...records.map(([, node]) => node),
    ...next.map(([, node]) => node),
  ];
  const body = writer.body(roots, () => {
    for (const [i, state] of states.entries()) writer.emit(writer.loadVector(stateLeaf(state), 0, scratchRow(i)));
    writer.emit(...loadTerms(neuronTerms.filter((leaf) => !initialTerms.includes(leaf))));
    writer.emit(writer.loadVector('current', 0, `(i32.add ${drive} ${get('at')})`));
    for (const leaf of kept) {
      if (leaf === keptMembrane) writer.assign(leaf, 0, vPre!);
      if (leaf !== 'current') writer.emit(writer.storeVector(leaf, 0, rowAt(keptArray(leaf))));
    }
    for (const [name, node] of records) writer.emit(storeVector(rowAt(recordArray(name)), 0, writer.value(node, 0)));
    if (spike !== undefined) {
      writer.assign('spike', 0, spike);
      writer.emit(writer.loadVector('count', 0, scratchRow(countsRow)));
      countSpikes(writer, 0, count);
      writer.emit(writer.storeVector('count', 0, scratchRow(countsRow)));
    }
    if (returned !== undefined) {
      writer.assign('returned', 0, returned);
      const sum = `(${lanes.name}.add ${loadVector(scratchRow(sumsRow), 0)} ${get('returned.0')})`;
      writer.emit(storeVector(scratchRow(sumsRow), 0, sum));
    }
    if (listsSpikes && spike !== undefined) writer.emit(...listLines(writer, isWeighted));
    assignStates(writer, 0, next);
    for (const [i, [leaf]] of next.entries()) writer.emit(writer.storeVector(leaf, 0, scratchRow(i)));
  });
  const finish = [
    storeInt32(lanes, 0, sampleAddress(writer, 'spikeCountsArray', 4), loadVector(scratchRow(countsRow), 0)),
    ...(sumsReturned ? [storeVector(sampleAddress(writer, 'returned.sum', lanes.bytes), 0, loadVector(scratchRow(sumsRow), 0))] : []),
    ...(writesFinal
      ? [storeVector(sampleAddress(writer, 'v.final', lanes.bytes), 0, loadVector(scratchRow(Math.max(0, states.indexOf('v'))), 0))]
      : []),
  ];
  for (const name of ['t', 'row', 'at', 'of']) writer.declare(name, 'i32');
  const lines = [
    set('row', `(i32.mul ${get('vector')} ${get('steps')})`),
    set('at', `(i32.mul ${get('row')} ${get('rowBytes')})`),
    ...overNeurons(start),
    '(block $stopped (loop $time',
    breakIfStopped('stopped'),
    ...(isRecurrent ? recurrentDrive(spec, writer) : []),
    ...(listsSpikes ? startList(writer, isWeighted) : []),
    ...overNeurons([...body, advance('at', i32(16))]),
    ...(listsSpikes ? endList(writer) : []),
    advance('row', i32(1)),
    `(br_if $time (i32.lt_u (local.tee $t (i32.add ${get('t')} ${i32(1)})) ${get('steps')})))`,
    ...overNeurons(finish),
    ')',
  ];
  return { lines, body };
}

/** Runs lines for each vector of a row, whose place in it is `$of`. */
function overNeurons(lines: readonly string[]): string[] {
  return [
    set('of', i32(0)),
    '(loop $neurons',
    ...lines,
    advance('of', i32(16)),
    `(br_if $neurons (i32.lt_u ${get('of')} ${get('rowBytes')})))`,
  ];
}

/** The address, in an array with a row a sample of numbers of `bytes`, of the vector at `$of` of the item's sample. */
function sampleAddress(writer: FunctionWriter, array: string, bytes: number, sample = get('vector')): string {
  const { lanes } = writer;
  const offset = rowAddress(get('of'), sample, get('rowBytes'));
  const scaled = bytes === lanes.bytes ? offset : `(i32.shr_u ${offset} ${i32(Math.log2(lanes.bytes / bytes))})`;
  return `(i32.add ${writer.argument(array)} ${scaled})`;
}

/** Sets a step's current: what comes from the layer below, and the recurrent weights' rows of the neurons that were active before. */
function recurrentDrive({ program, lanes }: LayerKernelSpec, writer: FunctionWriter): string[] {
  const isWeighted = program.step.spikes !== undefined;
  for (const name of ['starts', 'ends', 'indices', ...(isWeighted ? ['numbers'] : [])]) writer.argument(name);
  for (const name of ['list', 'end', 'values']) writer.declare(name, 'i32');
  return [
    set('list', i32(0)),
    set('end', i32(0)),
    `(if ${get('t')} (then`,
    ...setList(lanes, `(i32.sub ${get('row')} ${i32(1)})`, isWeighted),
    '))',
    `(call $sumRow ${get('list')} ${get('end')} ${get('values')} ${writer.argument('recurrent')}`,
    `  (i32.add ${writer.argument('current')} ${get('at')}) (i32.add ${writer.argument('drive')} ${get('at')})`,
    `  (i32.shr_u ${get('rowBytes')} ${i32(4)}) (i32.mul ${get('neurons')} ${i32(panelStride)}))`,
  ];
}

/** Begins the list of a row's active neurons: a row has room for all of them. */
function startList(writer: FunctionWriter, isWeighted: boolean): string[] {
  for (const name of ['starts', 'ends', 'indices', ...(isWeighted ? ['numbers'] : [])]) writer.argument(name);
  for (const name of ['cursor', 'number', 'bits', 'neuron']) writer.declare(name, 'i32');
  const first = `(i32.mul ${get('row')} ${get('neurons')})`;
  return [
    set('cursor', `(i32.add ${get('indices')} (i32.shl ${first} ${i32(2)}))`),
    ...(isWeighted ? [set('number', `(i32.add ${get('numbers')} (i32.shl ${first} ${i32(Math.log2(writer.lanes.bytes))}))`)] : []),
    `(i32.store (i32.add ${get('starts')} (i32.shl ${get('row')} ${i32(2)})) ${first})`,
  ];
}

function endList(writer: FunctionWriter): string[] {
  const length = `(i32.shr_u (i32.sub ${get('cursor')} ${writer.argument('indices')}) ${i32(2)})`;
  return [`(i32.store (i32.add ${writer.argument('ends')} (i32.shl ${get('row')} ${i32(2)})) ${length})`];
}

/** Adds a vector's active neurons to the list: few, so that a branch around it is cheap. What fills the last vector is no neuron. */
function listLines(writer: FunctionWriter, isWeighted: boolean): string[] {
  const { lanes } = writer;
  const mask = isWeighted ? `(${lanes.name}.ne ${get('returned.0')} ${zeroVector})` : get('spike.0');
  const lane = `(i32.ctz ${get('bits')})`;
  return [
    `(if (local.tee $bits (${lanes.integers}.bitmask ${mask})) (then`,
    '(loop $active',
    set('neuron', `(i32.add (i32.shr_u ${get('of')} ${i32(Math.log2(lanes.bytes))}) ${lane})`),
    `(if (i32.lt_u ${get('neuron')} ${writer.argument('neurons')}) (then`,
    `(i32.store ${get('cursor')} ${get('neuron')})`,
    advance('cursor', i32(4)),
    ...(isWeighted ? storeLane(writer) : []),
    '))',
    set('bits', `(i32.and ${get('bits')} (i32.sub ${get('bits')} ${i32(1)}))`),
    `(br_if $active ${get('bits')}))`,
    '))',
  ];
}

/** Writes the number of the lowest active lane beside its index. */
function storeLane(writer: FunctionWriter): string[] {
  const { lanes } = writer;
  const scalar = lanes.bits === 32 ? 'f32' : 'f64';
  const lane = (i: number): string =>
    i === lanes.count - 1
      ? `(${lanes.name}.extract_lane ${i} ${get('returned.0')})`
      : `(select (${lanes.name}.extract_lane ${i} ${get('returned.0')}) ${lane(i + 1)} (i32.eq (i32.ctz ${get('bits')}) ${i32(i)}))`;
  return [`(${scalar}.store ${get('number')} ${lane(0)})`, advance('number', i32(lanes.bytes))];
}

/** Runs a group of samples backward; an item is `group` samples. */
export function layerBackwardRequest(spec: LayerKernelSpec, backward: LayerBackwardSpec): KernelRequest {
  const { lanes, isRecurrent, surrogate, key } = spec;
  return {
    key: `layer backward ${Number(isRecurrent)} ${JSON.stringify(backward)} ${shapeKey(surrogate)} ${key}`,
    print: () => blockKernel(spec, (writer) => backwardLines(spec, backward, writer), isRecurrent ? productFunctions(lanes) : []),
  };
}

function backwardLines(spec: LayerKernelSpec, backward: LayerBackwardSpec, writer: FunctionWriter) {
  const { lanes, isRecurrent, program } = spec;
  const { step } = program;
  const graph = new LayerBackwardGraph(spec, spec.surrogate, backward);
  const { stateBars, currentBar, sums, kept } = graph;
  const neuronTerms = neuronLeaves(spec, graph.leaves);
  for (const name of ['steps', 'rowBytes', 'samples', 'group']) writer.argument(name);
  for (const name of ['t', 'sample', 'first', 'until', 'at', 'of', 'base']) writer.declare(name, 'i32');
  const perSample = stateBars.length + sums.length;
  // Rows of the group: of each sample its cotangents of states and sums, then of all the spikes' from the recurrent weights.
  const ownRow = (index: number): string => `(i32.add (i32.add ${get('base')} ${get('of')}) (i32.mul ${get('rowBytes')} ${i32(index)}))`;
  const recurrentRow = `(i32.add (i32.add ${get('recurrentBars')} ${get('of')}) (i32.mul (i32.sub ${get('sample')} ${get('first')}) ${get('rowBytes')}))`;
  if (isRecurrent) writer.declare('recurrentBars', 'i32');
  const rowAt = (array: string): string => `(i32.add ${writer.argument(array)} ${get('at')})`;

  const barLines = (record: LossRecord): string => {
    const parts = (backward.bars[record] ?? []).map((form) =>
      loadVector(
        form === 'step' ? rowAt(barArray(record, form)) : sampleAddress(writer, barArray(record, form), lanes.bytes, get('sample')),
        0,
      ),
    );
    if (record === 'spikes' && isRecurrent) parts.push(loadVector(recurrentRow, 0));
    const sum = parts.reduce((a, b) => `(${lanes.name}.add ${a} ${b})`);
    return writer.setVector(recordBarLeaf(record), 0, sum);
  };
  const roots = [...stateBars.map(([, node]) => node), ...sums.map(([, node]) => node), currentBar, currentBar];
  const body = writer.body(roots, () => {
    for (const leaf of kept)
      writer.emit(writer.loadVector(leaf, 0, rowAt(leaf === 'current' ? (isRecurrent ? 'drive' : 'current') : keptArray(leaf))));
    for (const leaf of neuronTerms) writer.emit(writer.loadVector(leaf, 0, `(i32.add ${writer.argument(arrayName(leaf))} ${get('of')})`));
    for (const record of Object.keys(backward.bars) as LossRecord[]) writer.emit(barLines(record));
    for (const [i, [leaf]] of stateBars.entries()) writer.emit(writer.loadVector(leaf, 0, ownRow(i)));
    writer.assign('currentBar', 0, currentBar);
    writer.emit(writer.storeVector('currentBar', 0, rowAt('currentBar')));
    for (const [i, [, node]] of sums.entries()) {
      const row = ownRow(stateBars.length + i);
      writer.emit(storeVector(row, 0, `(${lanes.name}.add ${loadVector(row, 0)} ${writer.value(node, 0)})`));
    }
    assignStates(writer, 0, stateBars);
    for (const [i, [leaf]] of stateBars.entries()) writer.emit(writer.storeVector(leaf, 0, ownRow(i)));
  });
  const initialBars = stateBars.map(([leaf]) => initialPath(step.states.find((state) => stateBarLeaf(state) === leaf)!));
  const rowNames = [...initialBars, ...sums.map(([name]) => name)];
  const asked = [...backward.paths, ...(backward.sumsCurrent ? ['current'] : [])];
  const outputs = asked.map((name) => {
    const row = rowNames.indexOf(name);
    const value = row < 0 ? zeroVector : loadVector(ownRow(row), 0);
    return storeVector(sampleAddress(writer, sumArray(name), lanes.bytes, get('sample')), 0, value);
  });
  const cleared = Array.from({ length: perSample }, (_, i) => storeVector(ownRow(i), 0, zeroVector));
  const inGroup = (lines: readonly string[]): string[] => overSamples(perSample, lines);
  const lines = [
    set('first', `(i32.mul ${get('vector')} ${get('group')})`),
    set('until', `(i32.add ${get('first')} ${get('group')})`),
    `(if (i32.gt_u ${get('until')} ${get('samples')}) (then ${set('until', get('samples'))}))`,
    ...(isRecurrent
      ? [set('recurrentBars', rowAddress(get('scratch'), `(i32.mul ${get('group')} ${i32(perSample)})`, get('rowBytes')))]
      : []),
    ...inGroup([...overNeurons([...cleared, ...(isRecurrent ? [storeVector(recurrentRow, 0, zeroVector)] : [])])]),
    set('t', `(i32.sub ${get('steps')} ${i32(1)})`),
    '(block $stopped (loop $time',
    breakIfStopped('stopped'),
    ...inGroup([
      set('at', `(i32.mul (i32.add (i32.mul ${get('sample')} ${get('steps')}) ${get('t')}) ${get('rowBytes')})`),
      ...overNeurons([...body, advance('at', i32(16))]),
    ]),
    ...(isRecurrent ? [recurrentProduct(writer)] : []),
    set('t', `(i32.sub ${get('t')} ${i32(1)})`),
    `(br_if $time (i32.ge_s ${get('t')} ${i32(0)})))`,
    ...(outputs.length > 0 ? inGroup(overNeurons(outputs)) : []),
    ')',
  ];
  return { lines, body };
}

/** Runs lines for each sample of the group, whose rows in the scratch begin at `$base`. */
function overSamples(rows: number, lines: readonly string[]): string[] {
  return [
    set('sample', get('first')),
    set('base', get('scratch')),
    '(loop $samples',
    ...lines,
    advance('base', `(i32.mul ${get('rowBytes')} ${i32(rows)})`),
    `(br_if $samples (i32.lt_u (local.tee $sample (i32.add ${get('sample')} ${i32(1)})) ${get('until')})))`,
  ];
}

/** The product of the group's gradients with respect to the current in a step and the recurrent weights: cotangents of what the neurons returned before it. */
function recurrentProduct(writer: FunctionWriter): string {
  const sampleBytes = `(i32.mul ${get('steps')} ${get('rowBytes')})`;
  const row = `(i32.add (i32.mul ${get('first')} ${get('steps')}) ${get('t')})`;
  return [
    `(call $productRows ${rowAddress(writer.argument('currentBar'), row, get('rowBytes'))} ${sampleBytes} ${writer.argument('neurons')}`,
    `  ${writer.argument('recurrentWeight')} (i32.shl ${writer.argument('neurons')} ${i32(Math.log2(writer.lanes.bytes))})`,
    `  ${get('recurrentBars')} ${get('rowBytes')} (i32.shr_u ${get('rowBytes')} ${i32(4)}) (i32.sub ${get('until')} ${get('first')}))`,
  ].join('\n');
}
