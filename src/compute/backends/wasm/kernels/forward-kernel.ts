import type { Expression } from '../../../expressions.ts';
import { recordPer, type LifSimulateJob } from '../../../jobs.ts';
import { initialPath, stateLeaf, stepRecord, termLeaf, type RecordedStep } from '../../../neurons/program.ts';
import { surrogateShape, type SurrogateShape } from '../../../surrogates/shape.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import {
  blockParameters,
  countOperations,
  kernelModule,
  runFunction,
  totalOf,
  unrollFactors,
  type KernelWat,
  type Operations,
} from '../codegen/kernel-wat.ts';
import { advance, breakIfStopped, chunkEnd, countUp, get, i32, scatterRows, set, storeInt32 } from '../codegen/vector-wat.ts';
import type { Node } from '../ir/node.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import {
  arrayName,
  assignStates,
  countSpikes,
  loadNeuronTerms,
  loadStep,
  NeuronKernelBuilder,
  setRowCursors,
  type NeuronKernelSpec,
} from './neuron-kernel.ts';
import { shapeKey } from './surrogate-kernel.ts';

/** A value of a step that a kernel writes into a row for each neuron. */
export interface Series {
  readonly name: string;
  readonly expression: Expression;
  /** Whether it is a mask, written as bytes 0 and 1. */
  readonly isMask?: boolean;
}

/** What a forward kernel runs and writes. */
export interface ForwardSpec extends NeuronKernelSpec {
  readonly surrogate?: SurrogateShape | undefined;
  /** What a step carries to the next, by leaf: its value after the step, and the leaf of its value before the first. */
  readonly carried: Readonly<Record<string, { readonly next: Expression; readonly initial: string }>>;
  readonly series: readonly Series[];
  /** The carried values that are written after the last step, by leaf. */
  readonly finals: readonly string[];
  /** Whether the sum of what the neuron returns is written. */
  readonly sumsSpikes: boolean;
  /** Whether spike times are written as events at each neuron's cursor: the second run of a simulation. */
  readonly writesEvents: boolean;
}

/** The states as what a step carries. */
export function carriedStates({ states, next, graph }: RecordedStep): ForwardSpec['carried'] {
  return Object.fromEntries(
    states.map((state) => [stateLeaf(state), { next: next[state] ?? graph.constant(0), initial: termLeaf(initialPath(state)) }]),
  );
}

/** What a simulation's first run writes beside spike counts: rows of records, states after the last step, and the sum of what a neuron returns. */
export interface SimulationOutputs {
  readonly series: readonly Omit<Series, 'expression'>[];
  readonly finals: readonly string[];
  readonly sumsSpikes: boolean;
}

export function simulationOutputs({ states, spike, spikes }: RecordedStep, record: LifSimulateJob['record']): SimulationOutputs {
  const series: SimulationOutputs['series'][number][] = [];
  for (const name of record) {
    if (recordPer(name) === 'step') series.push({ name, isMask: name === 'spikes' && spikes === undefined && spike !== undefined });
  }
  const finals = record.has('state') ? states : record.has('v_final') ? ['v'] : [];
  return { series, finals, sumsSpikes: spikes !== undefined && record.has('firing_rates') };
}

const noOutputs: SimulationOutputs = { series: [], finals: [], sumsSpikes: false };

/** The kernel of a simulation's first run, or of the second, which writes the spikes' times. */
function simulateKernelSpec(spec: NeuronKernelSpec, { record, surrogate }: LifSimulateJob, run: 'first' | 'events'): ForwardSpec {
  const { step } = spec.program;
  const { series, finals, sumsSpikes } = run === 'first' ? simulationOutputs(step, record) : noOutputs;
  return {
    ...spec,
    surrogate: surrogate && surrogateShape(surrogate),
    carried: carriedStates(step),
    series: series.map((one) => ({ ...one, expression: one.isMask && step.spike !== undefined ? step.spike : stepRecord(step, one.name) })),
    finals: finals.map(stateLeaf),
    sumsSpikes,
    writesEvents: run === 'events' && step.spike !== undefined,
  };
}

export function simulateKernelRequest(spec: NeuronKernelSpec, job: LifSimulateJob, run: 'first' | 'events'): KernelRequest {
  let what = run === 'events' ? 'events' : '';
  if (run === 'first') for (const name of job.record) if (name !== 'spike_counts' && name !== 'spike_times') what += ` ${name}`;
  const surrogate = job.surrogate === undefined ? '' : shapeKey(surrogateShape(job.surrogate));
  return { key: `simulate ${what} ${surrogate} ${spec.key}`, print: () => forwardKernel(simulateKernelSpec(spec, job, run)) };
}

/**
 * How many vectors a forward kernel works on at a time: many, since a step's latency is long and its operations are few, but fewer where each
 * vector has cursors into rows, for which there are as few registers. Measured by operations of one vector.
 */
function forwardUnroll(operations: Operations, hasRows: boolean): number {
  const total = totalOf(operations);
  if (total > 64) return total <= 160 ? 4 : 2;
  if (hasRows) return total <= 8 ? 4 : 8;
  if (total <= 16) return 12;
  return total <= 32 ? 10 : 8;
}

/**
 * From so many operations on, states are stored in every step. V8 orders operations by the values that are stored: with a store at each vector's
 * end it alternates between the vectors, whose operations then don't wait for each other, instead of doing one vector after the other.
 */
const minInterleavedOperations = 24;

/** Steps between two looks at the stop flag: less than a millisecond. */
const stepsBetweenLooks = 4096;

/** A kernel that runs the neurons forward; it always writes the spike counts, unless it writes events. */
export function forwardKernel(spec: ForwardSpec): KernelWat {
  const layout = new ArgumentLayout();
  const write = (unroll: number, storesStates: boolean) =>
    forwardFunction(new FunctionWriter(layout, spec.lanes, unroll), spec, storesStates);
  const single = write(1, false);
  const operations = countOperations(single.body);
  const storesStates = totalOf(operations) >= minInterleavedOperations;
  const unroll = forwardUnroll(operations, spec.series.length > 0 || Object.values(spec.forms).includes('step'));
  const factors = unrollFactors(unroll);
  const texts = factors.map((factor) => (factor === 1 ? single : write(factor, storesStates)).text);
  return {
    text: kernelModule([...texts, runFunction(factors)]),
    layout,
    operations,
    unroll,
    ...(storesStates && { scratch: { bytes: 16 * unroll * Object.keys(spec.carried).length, bytesPerChunk: 0, chunkSteps: 1 } }),
  };
}

/**
 * The function that runs a block of vectors, and the body of its loop over the steps.
 *
 * @param storesStates whether each step stores the states in the scratch, from where nothing reads them.
 */
function forwardFunction(
  writer: FunctionWriter,
  spec: ForwardSpec,
  storesStates: boolean,
): { readonly text: string; readonly body: readonly string[] } {
  const { lanes, forms, program, carried, finals, sumsSpikes, writesEvents } = spec;
  const { step } = program;
  const builder = new NeuronKernelBuilder(spec, { surrogate: spec.surrogate });
  const next = Object.entries(carried).map(([leaf, one]): [string, Node] => [leaf, builder.node(one.next)]);
  const spike = step.spike && builder.node(step.spike);
  const count = step.count && builder.node(step.count);
  const returned = sumsSpikes && step.spikes ? builder.node(step.spikes) : undefined;
  const series = spec.series.map(({ name, expression, isMask }) => ({
    name,
    node: builder.node(expression),
    bytes: isMask ? 1 : lanes.bytes,
    isMask,
  }));
  const inputs = Object.entries(forms).flatMap(([leaf, form]) => (form === 'step' ? [leaf] : []));

  loadNeuronTerms(writer, forms);
  for (const name of inputs) setRowCursors(writer, name, lanes.bytes, i32(0));
  for (const { name, bytes } of series) setRowCursors(writer, name, bytes, i32(0));
  if (writesEvents) {
    writer.argument('eventsArray');
    writer.argument('cursorsArray');
    writer.argument('neurons');
  }
  const start: string[] = [];
  writer.forEachVector((vector) => {
    for (const [leaf, { initial }] of Object.entries(carried)) {
      start.push(writer.setVector(leaf, vector, writer.value(builder.leaf(initial), vector)));
    }
    writer.declare(`count.${vector}`, 'v128');
    if (returned !== undefined) writer.declare(`total.${vector}`, 'v128');
  });

  writer.declare('t', 'i32');
  const roots = [
    ...series.map(({ node }) => node),
    ...[spike, spike, count, returned].filter((node) => node !== undefined),
    ...next.map(([, node]) => node),
  ];
  const body = writer.body(roots, () => {
    writer.forEachVector((vector) => {
      for (const name of inputs) loadStep(writer, name, vector);
      if (spike !== undefined) writer.assign('spike', vector, spike);
      if (writesEvents && count !== undefined)
        writer.emit(writer.setVector('times', vector, lanes.toInt32(lanes.toIntegers(writer.value(count, vector)))));
      for (const { name, node, bytes, isMask } of series) {
        const value = writer.value(node, vector);
        const kept = isMask ? `(v128.and ${value} (v128.const ${lanes.integers}${' 1'.repeat(lanes.count)}))` : value;
        writer.emit(set(writer.declare('written', 'v128'), kept));
        writer.emit(...scatterRows(lanes, get(`${name}At.${vector}`), get('written'), bytes), advance(`${name}At.${vector}`, i32(bytes)));
      }
      if (spike !== undefined && !writesEvents) countSpikes(writer, vector, count);
      if (returned !== undefined)
        writer.emit(set(`total.${vector}`, `(${lanes.name}.add ${get(`total.${vector}`)} ${writer.value(returned, vector)})`));
      assignStates(writer, vector, next);
      if (storesStates) {
        for (const [i, [leaf]] of next.entries()) writer.emit(writer.storeVector(leaf, vector, get('scratch'), 16 * writer.unroll * i));
      }
      if (writesEvents) writeEvents(writer, vector, count !== undefined);
      for (const name of inputs) writer.emit(advance(`${name}At.${vector}`, i32(lanes.bytes)));
    });
  });

  const finish: string[] = [];
  writer.forEachVector((vector) => {
    if (!writesEvents) finish.push(storeInt32(lanes, vector, writer.vectorAddress('spikeCountsArray', 4), get(`count.${vector}`)));
    if (returned !== undefined) finish.push(writer.storeVector('total', vector, writer.vectorAddress('spikeSumsArray')));
    for (const leaf of finals) finish.push(writer.storeVector(leaf, vector, writer.vectorAddress(arrayName(`${leaf}.final`))));
  });
  const steps = writer.argument('steps');
  const loop = [
    ...start,
    '(block $stopped (loop $chunks',
    breakIfStopped('stopped'),
    writer.setI32('until', chunkEnd(get('t'), steps, stepsBetweenLooks)),
    ...countUp('steps', body, get('until')),
    `(br_if $chunks (i32.lt_s ${get('t')} ${steps}))`,
    ')',
    ...finish,
    ')',
  ];
  return { text: writer.functionText(`block${writer.unroll}`, blockParameters, loop), body };
}

/**
 * Emits writing the step into each spiking neuron's list, as often as it fires: spikes are rare, so a branch around it is cheap. What fills the
 * last vector is no neuron.
 *
 * @param isRepeated whether `$times` says how often each neuron fires.
 */
function writeEvents(writer: FunctionWriter, vector: number, isRepeated: boolean): void {
  const { bytes, count } = writer.lanes;
  const cursor = get('cursor');
  writer.emit(`(if (v128.any_true ${get(`spike.${vector}`)}) (then`);
  for (let lane = 0; lane < count; lane++) {
    const neuron = `(i32.add (i32.shl ${get('vector')} ${i32(Math.log2(count))}) ${i32(count * vector + lane)})`;
    const store = [
      `(i32.store (i32.add ${get('eventsArray')} (i32.shl (i32.load ${cursor}) ${i32(2)})) ${get('t')})`,
      `(i32.store ${cursor} (i32.add (i32.load ${cursor}) ${i32(1)}))`,
    ];
    writer.emit(
      `(if (i32.and (i32x4.extract_lane ${(lane * bytes) / 4} ${get(`spike.${vector}`)}) (i32.lt_u ${neuron} ${get('neurons')})) (then`,
      writer.setI32('cursor', `(i32.add ${get('cursorsArray')} (i32.shl ${neuron} ${i32(2)}))`),
    );
    if (isRepeated) {
      writer.emit(
        writer.setI32('left', `(i32x4.extract_lane ${lane} ${get(`times.${vector}`)})`),
        '(block $done (loop $again',
        `(br_if $done (i32.le_s ${get('left')} ${i32(0)}))`,
        ...store,
        writer.setI32('left', `(i32.sub ${get('left')} ${i32(1)})`),
        '(br $again)))',
      );
    } else writer.emit(...store);
    writer.emit('))');
  }
  writer.emit('))');
}
