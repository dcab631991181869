import type { LifSimulateJob } from '../../../jobs.ts';
import { lifStep } from '../../../neurons/lif.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import { blockParameters, countOperations, kernelModule, runFunction, type KernelWat } from '../codegen/kernel-wat.ts';
import { advance, breakIfStopped, chunkEnd, countUp, get, i32, scatterRows, set, storeInt32 } from '../codegen/vector-wat.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import {
  countSpikes,
  KernelBuilder,
  lifKernelKey,
  lifKernelSpec,
  loadNeuronTerms,
  loadRefractoryMask,
  loadStep,
  setRefractorySteps,
  setRowCursors,
  updateRefractoryCounter,
  type LifKernelSpec,
} from './lif-kernel.ts';

/** What a forward kernel can write. */
type ForwardOutput = 'spikeCounts' | 'spikeEvents' | 'spikes' | 'v' | 'vPre' | 'vFinal';

/** The outputs of a simulation's first run. */
export function forwardOutputs({ record }: LifSimulateJob): ReadonlySet<ForwardOutput> {
  const outputs = new Set<ForwardOutput>(['spikeCounts']);
  if (record.has('spikes')) outputs.add('spikes');
  if (record.has('v')) outputs.add('v');
  if (record.has('v_pre')) outputs.add('vPre');
  if (record.has('v_final')) outputs.add('vFinal');
  return outputs;
}

/** The output of a second run, once the counts say how much room each neuron's spikes take. */
export const spikeEvents: ReadonlySet<ForwardOutput> = new Set<ForwardOutput>(['spikeEvents']);

export function forwardKernelRequest(job: LifSimulateJob, outputs: ReadonlySet<ForwardOutput>): KernelRequest {
  const spec = lifKernelSpec(job);
  return { key: `simulate ${[...outputs].sort().join()} ${lifKernelKey(spec)}`, print: () => lifForwardKernel(spec, outputs) };
}

/** Many vectors at a time: a step's latency is long, and its operations are few. */
const unrollFactors = [8, 4, 2, 1];

/** Steps between two looks at the stop flag: less than a millisecond. */
const stepsBetweenLooks = 4096;

/** A kernel that runs the neurons forward and writes `outputs`; spike times are written as events at each neuron's cursor. */
function lifForwardKernel(spec: LifKernelSpec, outputs: ReadonlySet<ForwardOutput>): KernelWat {
  const layout = new ArgumentLayout();
  const functions = unrollFactors.map((unroll) => forwardFunction(new FunctionWriter(layout, spec.lanes, unroll), spec, outputs));
  return {
    text: kernelModule([...functions.map(({ text }) => text), runFunction(unrollFactors)]),
    layout,
    operations: countOperations(functions.at(-1)!.body),
    unroll: unrollFactors[0]!,
  };
}

/** The function that runs a block of vectors, and the body of its loop over the steps. */
function forwardFunction(
  writer: FunctionWriter,
  spec: LifKernelSpec,
  outputs: ReadonlySet<ForwardOutput>,
): { readonly text: string; readonly body: readonly string[] } {
  const { lanes } = spec;
  const { graph, terms, current, refractory, vInit } = new KernelBuilder(spec);
  const step = lifStep(graph, spec.structure, terms, { v: graph.leaf('v', 'step'), current, refractory });
  const readsCurrent = spec.terms.current === 'step';
  const perStep = [...(readsCurrent ? ['current'] : []), ...(outputs.has('v') ? ['v'] : []), ...(outputs.has('vPre') ? ['vPre'] : [])];

  loadNeuronTerms(writer, spec.terms);
  for (const name of perStep) setRowCursors(writer, name, lanes.bytes, i32(0));
  if (outputs.has('spikes')) setRowCursors(writer, 'spikes', 1, i32(0));
  if (outputs.has('spikeEvents')) {
    writer.argument('eventsArray');
    writer.argument('cursorsArray');
  }
  if (spec.refractory) setRefractorySteps(writer);
  const start: string[] = [];
  writer.forEachVector((vector) => {
    start.push(writer.setVector('v', vector, writer.value(vInit, vector)));
    writer.declare(`count.${vector}`, 'v128');
    if (spec.refractory) writer.declare(`refractoryLeft.${vector}`, 'v128');
  });

  writer.declare('t', 'i32');
  const scatter = (array: string, vector: number, value: string, bytes: number) => {
    writer.emit(...scatterRows(lanes, get(`${array}At.${vector}`), get(value), bytes));
  };
  const body = writer.body([step.vPre, step.spike, step.v, step.spike], () => {
    writer.forEachVector((vector) => {
      if (readsCurrent) loadStep(writer, 'current', vector);
      if (spec.refractory) loadRefractoryMask(writer, vector);
      if (outputs.has('vPre')) {
        writer.assign('vPre', vector, step.vPre);
        scatter('vPre', vector, `vPre.${vector}`, lanes.bytes);
      }
      writer.assign('spike', vector, step.spike);
      countSpikes(writer, vector);
      writer.assign('v', vector, step.v);
      if (spec.refractory) updateRefractoryCounter(writer, vector);
      if (outputs.has('v')) scatter('v', vector, `v.${vector}`, lanes.bytes);
      if (outputs.has('spikes')) {
        const ones = `(v128.and ${get(`spike.${vector}`)} (v128.const ${lanes.integers}${' 1'.repeat(lanes.count)}))`;
        writer.emit(set(writer.declare('ones', 'v128'), ones));
        scatter('spikes', vector, 'ones', 1);
        writer.emit(advance(`spikesAt.${vector}`, i32(1)));
      }
      if (outputs.has('spikeEvents')) writeEvents(writer, vector);
      for (const name of perStep) writer.emit(advance(`${name}At.${vector}`, i32(lanes.bytes)));
    });
  });

  const finish: string[] = [];
  writer.forEachVector((vector) => {
    if (outputs.has('spikeCounts'))
      finish.push(storeInt32(lanes, vector, writer.vectorAddress('spikeCountsArray', 4), get(`count.${vector}`)));
    if (outputs.has('vFinal')) finish.push(writer.storeVector('v', vector, writer.vectorAddress('vFinalArray')));
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

/** Emits writing the step into each spiking neuron's list: spikes are rare, so a branch around it is cheap. */
function writeEvents(writer: FunctionWriter, vector: number): void {
  const { bytes, count } = writer.lanes;
  const cursor = get('cursor');
  writer.emit(`(if (v128.any_true ${get(`spike.${vector}`)}) (then`);
  for (let lane = 0; lane < count; lane++) {
    const cursors = `(i32.add (i32.shl ${get('vector')} ${i32(Math.log2(4 * count))}) ${i32(4 * (count * vector + lane))})`;
    writer.emit(
      `(if (i32x4.extract_lane ${(lane * bytes) / 4} ${get(`spike.${vector}`)}) (then`,
      writer.setI32('cursor', `(i32.add ${get('cursorsArray')} ${cursors})`),
      `(i32.store (i32.add ${get('eventsArray')} (i32.shl (i32.load ${cursor}) ${i32(2)})) ${get('t')})`,
      `(i32.store ${cursor} (i32.add (i32.load ${cursor}) ${i32(1)}))`,
      '))',
    );
  }
  writer.emit('))');
}
