import { lifStep } from '../../lif.ts';
import { FunctionWriter } from './function-writer.ts';
import { JobBlockLayout } from './job-block.ts';
import type { KernelText } from './kernel-text.ts';
import { blockLoop, blockParameters, kernelModule } from './kernel-text.ts';
import type { ForwardOutput, LifKernelSpec } from './lif-spec.ts';
import {
  updateRefractoryCounter,
  forGroups,
  heldStepsAddress,
  KernelBuilder,
  loadStep,
  loadRefractoryMask,
  rowCursors,
} from './lif-text.ts';
import { operationsIn } from './operations.ts';
import type { Operations } from './operations.ts';
import { advance, breakIfStopped, chunkEnd, scatterRows, storeInt32, upwards } from './vector-text.ts';

/** Vectors of neurons in flight at a time, largest first: a step's latency is long, and its operations are few. */
const groupSizes = [8, 4, 2, 1];

/** Steps between two looks at whether the job is stopped: less than a millisecond. */
const stepsBetweenLooks = 4096;

/** A kernel that runs the neurons forward and writes `outputs`; spike times go in as events at each neuron's cursor. */
export function lifForwardKernel(spec: LifKernelSpec, outputs: ReadonlySet<ForwardOutput>): KernelText {
  const { lanes } = spec;
  const block = new JobBlockLayout();
  let operations: Operations = {};
  const functions = groupSizes.map((groups) => {
    const writer = new FunctionWriter(block, lanes);
    const text = new KernelBuilder(spec);
    const { graph } = text;
    const v = graph.leaf('v', 'step');
    const step = lifStep(graph, spec.structure, text.terms, v, text.current, text.refractory);
    const perStep = [
      ...(spec.terms.current === 'step' ? (['current'] as const) : []),
      ...(outputs.has('v') ? (['v'] as const) : []),
      ...(outputs.has('vPre') ? (['vPre'] as const) : []),
    ];
    const zero = '(i32.const 0)';

    text.loadNeuronTerms(writer, groups, text.neuronTerms);
    for (const name of perStep) rowCursors(writer, name, groups, lanes.bytes, zero);
    if (outputs.has('spikes')) rowCursors(writer, 'spikes', groups, 1, zero);
    if (outputs.has('spikeEvents')) {
      writer.integer('eventsArray');
      writer.integer('cursorsArray');
    }
    if (spec.refractory) writer.line(heldStepsAddress(writer, block));
    const start: string[] = [];
    forGroups(groups, (g) => {
      start.push(`(local.set ${writer.local(`v.${g}`, 'v128')} ${writer.value(text.vInit, g)})`);
      writer.local(`count.${g}`, 'v128');
      if (spec.refractory) writer.local(`rest.${g}`, 'v128');
    });

    writer.local('t', 'i32');
    const body = writer.body([step.vPre, step.spike, step.v, step.spike], () => {
      forGroups(groups, (g) => {
        if (spec.terms.current === 'step') loadStep(writer, 'current', g);
        if (spec.refractory) loadRefractoryMask(writer, g);
        if (outputs.has('vPre')) {
          writer.assign('vPre', g, step.vPre);
          scatterRows(lanes, `(local.get $vPreAt.${g})`, `(local.get $vPre.${g})`, lanes.bytes).forEach((line) => writer.line(line));
        }
        writer.assign('spike', g, step.spike);
        writer.line(`(local.set $count.${g} (${lanes.integers}.sub (local.get $count.${g}) (local.get $spike.${g})))`);
        writer.assign('v', g, step.v);
        if (spec.refractory) updateRefractoryCounter(writer, g);
        if (outputs.has('v')) {
          scatterRows(lanes, `(local.get $vAt.${g})`, `(local.get $v.${g})`, lanes.bytes).forEach((line) => writer.line(line));
        }
        if (outputs.has('spikes')) {
          const ones = `(v128.and (local.get $spike.${g}) (v128.const ${lanes.integers}${' 1'.repeat(lanes.count)}))`;
          writer.line(`(local.set ${writer.local('ones', 'v128')} ${ones})`);
          scatterRows(lanes, `(local.get $spikesAt.${g})`, '(local.get $ones)', 1).forEach((line) => writer.line(line));
          writer.line(advance(`spikesAt.${g}`, '(i32.const 1)'));
        }
        if (outputs.has('spikeEvents')) writeEvents(writer, g);
        for (const name of perStep) writer.line(advance(`${name}At.${g}`, `(i32.const ${lanes.bytes})`));
      });
    });

    const finish: string[] = [];
    forGroups(groups, (g) => {
      if (outputs.has('spikeCounts')) finish.push(storeInt32(lanes, g, writer.vectorAt('spikeCountsArray', 4), `(local.get $count.${g})`));
      if (outputs.has('vFinal')) finish.push(`(v128.store offset=${16 * g} ${writer.vectorAt('vFinalArray')} (local.get $v.${g}))`);
    });
    if (groups === 1) operations = operationsIn(body);
    const steps = writer.integer('steps');
    const until = writer.local('until', 'i32');
    const loop = [
      ...start,
      '(block $stopped (loop $chunks',
      breakIfStopped('stopped'),
      `(local.set ${until} ${chunkEnd('(local.get $t)', steps, stepsBetweenLooks)})`,
      ...upwards('steps', body, `(local.get ${until})`),
      `(br_if $chunks (i32.lt_s (local.get $t) ${steps}))`,
      ')',
      ...finish,
      ')',
    ];
    return writer.finish(`block${groups}`, blockParameters, loop);
  });
  return { text: kernelModule([...functions, blockLoop(groupSizes)]), block, operations, inFlight: groupSizes[0]! };
}

/** Writes the step into each spiking neuron's list: rare, so a branch around it is cheap. */
function writeEvents(writer: FunctionWriter, group: number): void {
  const cursor = writer.local('cursor', 'i32');
  const { bytes, count } = writer.lanes;
  const perLane = Array.from({ length: count }, (_, lane) => [
    `(if (i32x4.extract_lane ${(lane * bytes) / 4} (local.get $spike.${group})) (then`,
    `(local.set ${cursor} (i32.add (local.get $cursorsArray) (i32.add (i32.shl (local.get $vector) (i32.const ${Math.log2(4 * count)})) (i32.const ${4 * (count * group + lane)}))))`,
    `(i32.store (i32.add (local.get $eventsArray) (i32.shl (i32.load (local.get ${cursor})) (i32.const 2))) (local.get $t))`,
    `(i32.store (local.get ${cursor}) (i32.add (i32.load (local.get ${cursor})) (i32.const 1)))`,
    '))',
  ]);
  writer.line(`(if (v128.any_true (local.get $spike.${group})) (then`);
  perLane.flat().forEach((line) => writer.line(line));
  writer.line('))');
}
