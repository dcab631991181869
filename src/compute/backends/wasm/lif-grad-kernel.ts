import { adjointPart, afterReset, fires, firingRateLoss, lifAdjoint, lifStep } from '../../lif.ts';
import { FunctionWriter } from './function-writer.ts';
import { chunkSteps, TraceLayout } from './grad-scratch.ts';
import type { Mask, Node } from './graph.ts';
import { maxInFlight, vectorsInFlight } from './in-flight.ts';
import { JobBlockLayout } from './job-block.ts';
import type { KernelText } from './kernel-text.ts';
import { blockLoop, blockParameters, kernelModule } from './kernel-text.ts';
import type { LifGradKernelSpec, TermForm } from './lif-spec.ts';
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
import { surrogateGradient } from './surrogate-kernel.ts';
import { TimeAccumulators } from './time-sums.ts';
import { advance, breakIfStopped, chunkEnd, scatterRows, storeInt32, upwards } from './vector-text.ts';

/** Blocks smaller than what is in flight, for the vectors that are left; few, since each is code to compile. */
const remainderSizes = [6, 4, 2, 1];

/** Scratch of one thread in bytes. */
export function gradScratchBytes(spec: LifGradKernelSpec, steps: number): number {
  const parts = new TraceLayout(spec, maxInFlight);
  return parts.checkpoints + (Math.ceil(steps / chunkSteps) + 1) * parts.checkpointBytes;
}

/** The graph of one forward and one backward step, and of what is left to do after the last. */
class GradKernelBuilder extends KernelBuilder {
  readonly gradSpec: LifGradKernelSpec;
  readonly step: { readonly vPre: Node; readonly spike: Mask; readonly v: Node };
  readonly spike: Mask;
  /** dL/dv before the step. */
  readonly vBar: Node;
  /** Per-step gradient of the current, if asked for. */
  readonly currentBar: Node | undefined;
  readonly sums: TimeAccumulators;
  /** By output array: each neuron's gradients and loss. */
  readonly outputs: readonly (readonly [string, Node])[];

  constructor(spec: LifGradKernelSpec) {
    super(spec);
    this.gradSpec = spec;
    const { graph, terms, refractory } = this;
    this.step = lifStep(graph, spec.structure, terms, graph.leaf('v', 'step'), this.current, refractory);

    const vPre = graph.leaf('vPre', 'step');
    this.spike = fires(graph, terms, vPre, refractory);
    const target = spec.target === 'neuron' ? graph.promote(graph.leaf('target', 'neuron')) : graph.parameter('target', true);
    // In float64, since the difference of two rates cancels.
    const count = graph.promote(graph.leaf('count', 'neuron'));
    const rateLoss = firingRateLoss(graph, count, graph.parameter('hzPerSpike'), target);
    const spikeBar =
      spec.loss === 'spike_count'
        ? graph.constant(1)
        : spec.loss === 'firing_rate_mse'
          ? graph.demote(rateLoss.spikeBar)
          : this.term('spikeBar', spec.cotangents.spikeBar);
    const vBarIn = this.term('vBarIn', spec.loss === 'cotangent' ? spec.cotangents.vBarIn : 'zero');
    const adjoint = lifAdjoint(graph, spec.structure, terms, {
      vBar: graph.add(graph.leaf('vBar', 'step'), vBarIn),
      spikeBar,
      v: graph.leaf('vBefore', 'step'),
      vPre,
      spike: this.spike,
      current: this.current,
      surrogateGrad: surrogateGradient(graph, spec.surrogate, graph.sub(vPre, terms.threshold)),
      ...(refractory === undefined ? {} : { refractory }),
    });
    this.vBar = adjoint.v;
    this.currentBar = spec.wrt.includes('current') && spec.terms.current === 'step' ? adjoint.current : undefined;

    this.sums = new TimeAccumulators(graph);
    const outputs: [string, Node][] = [];
    for (const quantity of spec.wrt) {
      if (quantity === 'v_init') outputs.push(['v_initGrad', graph.leaf('vBar', 'step')]);
      else if (quantity !== 'current' || this.currentBar === undefined) {
        outputs.push([`${quantity}Grad`, this.sums.of(adjoint[adjointPart[quantity]])]);
      }
    }
    if (spec.loss === 'firing_rate_mse') outputs.push(['loss', graph.demote(rateLoss.loss)]);
    if (spec.loss === 'cotangent') {
      const spikeLoss = graph.select(this.spike, spikeBar, graph.constant(0));
      const vLoss = graph.mul(vBarIn, afterReset(graph, spec.structure.reset, terms, vPre, this.spike));
      outputs.push(['loss', this.sums.of(graph.add(spikeLoss, vLoss))]);
    }
    this.outputs = outputs;
  }

  get stepArrays(): readonly string[] {
    const { cotangents, loss } = this.gradSpec;
    const given = (['spikeBar', 'vBarIn'] as const).filter((name) => loss === 'cotangent' && cotangents[name] === 'step');
    return [...(this.spec.terms.current === 'step' ? ['current'] : []), ...given];
  }

  get backwardNeuronTerms(): (readonly [string, TermForm])[] {
    const { cotangents, loss, target } = this.gradSpec;
    return [
      ...this.neuronTerms,
      ...(loss === 'cotangent' ? (['spikeBar', 'vBarIn'] as const).map((name) => [name, cotangents[name]] as const) : []),
      ...(loss === 'firing_rate_mse' ? [['target', target] as const] : []),
    ];
  }
}

/**
 * A kernel that runs the neurons forward and straight back: the trace of a chunk of steps stays in the cache, and earlier
 * chunks are run again from the potential kept at their start.
 */
export function lifGradKernel(spec: LifGradKernelSpec): KernelText {
  const block = new JobBlockLayout();
  const single = writeBlock(spec, block, 1);
  const operations = operationsIn(single.body);
  const inFlight = vectorsInFlight(operations);
  const sizes = [inFlight, ...remainderSizes.filter((size) => size < inFlight)];
  const others = sizes.filter((groups) => groups > 1).flatMap((groups) => writeBlock(spec, block, groups).functions);
  return { text: kernelModule([...others, ...single.functions, blockLoop(sizes)]), block, operations, inFlight };
}

/** The functions that run a block of `groups` vectors, and what they do in each step. */
function writeBlock(spec: LifGradKernelSpec, block: JobBlockLayout, groups: number): { functions: string[]; body: string[] } {
  const text = new GradKernelBuilder(spec);
  const scratch = new TraceLayout(spec, groups);
  const forward = writeForward(new FunctionWriter(block, spec.lanes), block, text, scratch, groups);
  const backward = writeBackward(new FunctionWriter(block, spec.lanes), text, scratch, groups);
  const results = writeResults(new FunctionWriter(block, spec.lanes), text, scratch, groups);
  return {
    functions: [forward.text, backward.text, results, writePasses(new FunctionWriter(block, spec.lanes), text, scratch, groups)],
    body: [...forward.body, ...backward.body],
  };
}

const chunkParameters = `${blockParameters} (param $from i32) (param $to i32) (param $checkpoint i32)`;

/** A pass over one chunk as a function, and the body of its loop over the steps. */
interface PassText {
  readonly text: string;
  readonly body: readonly string[];
}

/** Runs one chunk forward from its checkpoint, writes its trace and the next chunk's checkpoint, and adds to the counts. */
function writeForward(
  writer: FunctionWriter,
  block: JobBlockLayout,
  text: GradKernelBuilder,
  scratch: TraceLayout,
  groups: number,
): PassText {
  const { spec, step } = text;
  const { lanes } = spec;
  const vector = 16 * groups;
  text.loadNeuronTerms(writer, groups, text.neuronTerms);
  if (spec.terms.current === 'step') rowCursors(writer, 'current', groups, lanes.bytes, '(local.get $from)');
  if (spec.refractory) writer.line(heldStepsAddress(writer, block));
  const start = [
    `(local.set ${writer.local('t', 'i32')} (local.get $from))`,
    `(local.set ${writer.local('trace', 'i32')} (local.get $scratch))`,
  ];
  const finish: string[] = [];
  forGroups(groups, (g) => {
    const v = writer.local(`v.${g}`, 'v128');
    const count = writer.local(`count.${g}`, 'v128');
    start.push(`(local.set ${v} (v128.load offset=${16 * g} (local.get $checkpoint)))`);
    start.push(`(local.set ${count} (v128.load offset=${scratch.counts + 16 * g} (local.get $scratch)))`);
    finish.push(`(v128.store offset=${scratch.checkpointBytes + 16 * g} (local.get $checkpoint) (local.get ${v}))`);
    finish.push(`(v128.store offset=${scratch.counts + 16 * g} (local.get $scratch) (local.get ${count}))`);
    if (spec.refractory) {
      const rest = writer.local(`rest.${g}`, 'v128');
      start.push(`(local.set ${rest} (v128.load offset=${vector + 16 * g} (local.get $checkpoint)))`);
      finish.push(`(v128.store offset=${scratch.checkpointBytes + vector + 16 * g} (local.get $checkpoint) (local.get ${rest}))`);
    }
  });
  const body = writer.body([step.vPre, step.vPre, step.spike, step.spike, step.v], () => {
    forGroups(groups, (g) => {
      const store = (offset: number, local: string) => {
        writer.line(`(v128.store offset=${offset + 16 * g} (local.get $trace) (local.get $${local}.${g}))`);
      };
      if (spec.terms.current === 'step') {
        loadStep(writer, 'current', g);
        writer.line(advance(`currentAt.${g}`, `(i32.const ${lanes.bytes})`));
      }
      if (spec.refractory) {
        loadRefractoryMask(writer, g);
        store(scratch.heldOffset, 'held');
      }
      if (scratch.needsV) store(scratch.vOffset, 'v');
      writer.assign('vPre', g, step.vPre);
      store(0, 'vPre');
      writer.assign('spike', g, step.spike);
      writer.line(`(local.set $count.${g} (${lanes.integers}.sub (local.get $count.${g}) (local.get $spike.${g})))`);
      writer.assign('v', g, step.v);
      if (spec.refractory) updateRefractoryCounter(writer, g);
    });
    writer.line(advance('trace', `(i32.const ${scratch.stepBytes})`));
  });
  const loop = [...start, ...upwards('steps', body, '(local.get $to)'), ...finish];
  return { text: writer.finish(`forward${groups}`, chunkParameters, loop), body };
}

/** Runs one chunk backward over its trace, adding to the sums. */
function writeBackward(writer: FunctionWriter, text: GradKernelBuilder, scratch: TraceLayout, groups: number): PassText {
  const { spec } = text;
  const { lanes } = spec;
  text.loadNeuronTerms(writer, groups, text.backwardNeuronTerms);
  loadCounts(writer, text, scratch, groups);
  const last = '(i32.sub (local.get $to) (i32.const 1))';
  const readRows = text.stepArrays;
  for (const name of readRows) rowCursors(writer, name, groups, lanes.bytes, last);
  if (text.currentBar !== undefined) rowCursors(writer, 'currentGrad', groups, lanes.bytes, last);
  const start = [
    `(local.set ${writer.local('t', 'i32')} (local.get $to))`,
    `(local.set ${writer.local('trace', 'i32')} (i32.add (local.get $scratch) (i32.mul (i32.sub (i32.sub (local.get $to) (local.get $from)) (i32.const 1)) (i32.const ${scratch.stepBytes}))))`,
  ];
  const finish: string[] = [];
  const kept = [...text.sums.terms.map((_, i) => [`sum${i}`, scratch.sums + 16 * groups * i] as const), ['vBar', scratch.vBar] as const];
  forGroups(groups, (g) => {
    for (const [name, offset] of kept) {
      const local = writer.local(`${name}.${g}`, 'v128');
      // Sums start from 0 in every chunk and are added to the total after it, which keeps rounding from growing with T.
      if (name === 'vBar') start.push(`(local.set ${local} (v128.load offset=${offset + 16 * g} (local.get $scratch)))`);
      const value =
        name === 'vBar'
          ? `(local.get ${local})`
          : `(${lanes.name}.add (v128.load offset=${offset + 16 * g} (local.get $scratch)) (local.get ${local}))`;
      finish.push(`(v128.store offset=${offset + 16 * g} (local.get $scratch) ${value})`);
    }
  });
  const roots = [text.vBar, ...text.sums.terms, ...(text.currentBar === undefined ? [] : [text.currentBar])];
  const body = writer.body(roots, () => {
    forGroups(groups, (g) => {
      const load = (name: string, offset: number) => {
        writer.line(`(local.set ${writer.local(`${name}.${g}`, 'v128')} (v128.load offset=${offset + 16 * g} (local.get $trace)))`);
      };
      load('vPre', 0);
      if (scratch.needsV) load('vBefore', scratch.vOffset);
      if (spec.refractory) load('held', scratch.heldOffset);
      for (const name of readRows) {
        loadStep(writer, name, g);
        writer.line(advance(`${name}At.${g}`, `(i32.const ${-lanes.bytes})`));
      }
      text.sums.terms.forEach((term, i) => {
        writer.line(`(local.set $sum${i}.${g} (${lanes.name}.add (local.get $sum${i}.${g}) ${writer.value(term, g)}))`);
      });
      if (text.currentBar !== undefined) {
        writer.assign('currentBar', g, text.currentBar);
        scatterRows(lanes, `(local.get $currentGradAt.${g})`, `(local.get $currentBar.${g})`, lanes.bytes).forEach((line) =>
          writer.line(line),
        );
        writer.line(advance(`currentGradAt.${g}`, `(i32.const ${-lanes.bytes})`));
      }
      writer.assign('vBar', g, text.vBar);
    });
    writer.line(advance('trace', `(i32.const ${-scratch.stepBytes})`));
  });
  const loop = [
    ...start,
    '(loop $steps',
    ...body,
    '(br_if $steps (i32.gt_s (local.tee $t (i32.sub (local.get $t) (i32.const 1))) (local.get $from)))',
    ')',
    ...finish,
  ];
  return { text: writer.finish(`backward${groups}`, chunkParameters, loop), body };
}

/** Runs all chunks forward, then back from the last, and has the results written. */
function writePasses(writer: FunctionWriter, text: GradKernelBuilder, scratch: TraceLayout, groups: number): string {
  const { spec } = text;
  text.loadNeuronTerms(writer, groups, [['vInit', spec.terms.vInit]]);
  const steps = writer.integer('steps');
  const lines: string[] = [];
  const zero = '(v128.const i32x4 0 0 0 0)';
  const checkpoint = writer.local('checkpoint', 'i32');
  lines.push(`(local.set ${checkpoint} (i32.add (local.get $scratch) (i32.const ${scratch.checkpoints})))`);
  const cleared = [scratch.counts, scratch.vBar, ...text.sums.terms.map((_, i) => scratch.sums + 16 * groups * i)];
  forGroups(groups, (g) => {
    lines.push(`(v128.store offset=${16 * g} (local.get ${checkpoint}) ${writer.value(text.vInit, g)})`);
    if (spec.refractory) lines.push(`(v128.store offset=${16 * (groups + g)} (local.get ${checkpoint}) ${zero})`);
    for (const offset of cleared) lines.push(`(v128.store offset=${offset + 16 * g} (local.get $scratch) ${zero})`);
  });
  const from = writer.local('from', 'i32');
  const to = writer.local('to', 'i32');
  const call = (name: string) =>
    `(call $${name}${groups} (local.get $job) (local.get $scratch) (local.get $vector) (local.get ${from}) (local.get ${to}) (local.get ${checkpoint}))`;
  // Running a chunk again must leave the counts, which are complete by then, as they are.
  const counts = Array.from({ length: groups }, (_, g) => ({
    local: writer.local(`count.${g}`, 'v128'),
    at: `offset=${scratch.counts + 16 * g} (local.get $scratch)`,
  }));
  lines.push(
    '(block $stopped (loop $chunks',
    breakIfStopped('stopped'),
    `(local.set ${to} ${chunkEnd(`(local.get ${from})`, steps, chunkSteps)})`,
    call('forward'),
    `(if (i32.lt_s (local.get ${to}) ${steps}) (then`,
    `(local.set ${from} (local.get ${to}))`,
    advance('checkpoint', `(i32.const ${scratch.checkpointBytes})`),
    '(br $chunks)))',
    ')',
    ...counts.map(({ local, at }) => `(local.set ${local} (v128.load ${at}))`),
    '(block $done (loop $back',
    breakIfStopped('stopped'),
    call('backward'),
    `(br_if $done (i32.eqz (local.get ${from})))`,
    `(local.set ${to} (local.get ${from}))`,
    `(local.set ${from} (i32.sub (local.get ${from}) (i32.const ${chunkSteps})))`,
    advance('checkpoint', `(i32.const ${-scratch.checkpointBytes})`),
    call('forward'),
    ...counts.map(({ local, at }) => `(v128.store ${at} (local.get ${local}))`),
    '(br $back)))',
    `(call $results${groups} (local.get $job) (local.get $scratch) (local.get $vector))`,
    ')',
  );
  return writer.finish(`block${groups}`, blockParameters, lines);
}

/** Writes a block's counts, loss and gradients from the sums over time. */
function writeResults(writer: FunctionWriter, text: GradKernelBuilder, scratch: TraceLayout, groups: number): string {
  const { lanes } = text.spec;
  text.loadNeuronTerms(writer, groups, text.backwardNeuronTerms);
  loadCounts(writer, text, scratch, groups);
  const lines = writer.body(
    text.outputs.map(([, node]) => node),
    () => {
      forGroups(groups, (g) => {
        const load = (name: string, offset: number) => {
          writer.line(`(local.set ${writer.local(`${name}.${g}`, 'v128')} (v128.load offset=${offset + 16 * g} (local.get $scratch)))`);
        };
        load('vBar', scratch.vBar);
        text.sums.terms.forEach((_, i) => {
          load(`sum${i}`, scratch.sums + 16 * groups * i);
        });
        const store = (array: string, value: string) => {
          writer.line(`(v128.store offset=${16 * g} ${writer.vectorAt(array)} ${value})`);
        };
        const counts = countsOf(scratch, g);
        writer.line(storeInt32(lanes, g, writer.vectorAt('spikeCountsArray', 4), counts));
        if (text.gradSpec.loss === 'spike_count') store('lossArray', lanes.toFloats(counts));
        for (const [name, node] of text.outputs) store(`${name}Array`, writer.value(node, g));
      });
    },
  );
  return writer.finish(`results${groups}`, blockParameters, lines);
}

/** Loads the spike counts as floats where the loss depends on them. */
function loadCounts(writer: FunctionWriter, text: GradKernelBuilder, scratch: TraceLayout, groups: number): void {
  if (text.gradSpec.loss !== 'firing_rate_mse') return;
  forGroups(groups, (g) => {
    writer.line(`(local.set ${writer.local(`count.${g}`, 'v128')} ${writer.lanes.toFloats(countsOf(scratch, g))})`);
  });
}

function countsOf(scratch: TraceLayout, g: number): string {
  return `(v128.load offset=${scratch.counts + 16 * g} (local.get $scratch))`;
}
