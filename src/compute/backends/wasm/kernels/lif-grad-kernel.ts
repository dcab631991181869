import { differentiable, type LifGradJob, type Loss } from '../../../jobs.ts';
import type { Surrogate } from '../../../surrogates/definition.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import {
  blockParameters,
  countOperations,
  kernelModule,
  maxUnroll,
  runFunction,
  unrollFactor,
  type KernelWat,
} from '../codegen/kernel-wat.ts';
import {
  advance,
  breakIfStopped,
  chunkEnd,
  countUp,
  get,
  i32,
  loadVector,
  scatterRows,
  set,
  storeInt32,
  storeVector,
  zeroVector,
} from '../codegen/vector-wat.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import { GradKernelBuilder, lifGradKernelSpec, type LifGradKernelSpec } from './lif-grad-graph.ts';
import {
  countSpikes,
  formCodes,
  lifKernelKey,
  loadNeuronTerms,
  loadRefractoryMask,
  loadStep,
  setRefractorySteps,
  setRowCursors,
  updateRefractoryCounter,
} from './lif-kernel.ts';
import { shapeKey } from './surrogate-kernel.ts';

const lossCodes: Readonly<Record<Loss['type'], number>> = { spike_count: 0, firing_rate_mse: 1, cotangent: 2 };

/** What distinguishes kernels that differ in what is differentiated, and with respect to what. */
function gradKey({ loss, target, cotangents, wrt }: LifGradKernelSpec): number {
  let code = lossCodes[loss];
  for (const form of [target, cotangents.spikeBar, cotangents.vBarIn]) code = 5 * code + formCodes[form];
  for (const quantity of differentiable) code = 2 * code + (wrt.includes(quantity) ? 1 : 0);
  return code;
}

/** The kernel of a gradient job through one surrogate, and the bytes of scratch that each thread needs for it. */
export function lifGradKernelRequest(job: LifGradJob, surrogate: Surrogate): KernelRequest & { readonly scratchBytes: number } {
  const spec = lifGradKernelSpec(job, surrogate);
  return {
    key: `lif ${shapeKey(spec.surrogate)} ${lifKernelKey(spec)} ${gradKey(spec)}`,
    print: () => lifGradKernel(spec),
    scratchBytes: new TraceLayout(spec, maxUnroll).scratchBytes(job.problem.steps),
  };
}

/** Steps whose trace stays in the first-level cache; longer runs go in chunks of that many, from checkpoints. */
const chunkSteps = 256;

/** Where a gradient kernel keeps what outlives a chunk, in bytes from the start of its scratch. */
class TraceLayout {
  /** One step of the trace for all vectors: v_pre, then v before the step and the mask of refractory neurons where needed. */
  readonly stepBytes: number;
  readonly vOffset: number;
  readonly refractoryOffset: number;
  /** Spike counts, the gradient of the potential, and the sums over time. */
  readonly counts: number;
  readonly vBar: number;
  /** The state at the start of each chunk: the potential, then the refractory steps left where needed. */
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  readonly needsV: boolean;
  /** Bytes of one number of all vectors. */
  readonly #bytes: number;

  constructor({ wrt, refractory }: LifGradKernelSpec, unroll: number) {
    const bytes = 16 * unroll;
    this.#bytes = bytes;
    this.needsV = wrt.includes('tau');
    this.vOffset = bytes;
    this.refractoryOffset = bytes * (this.needsV ? 2 : 1);
    this.stepBytes = this.refractoryOffset + (refractory ? bytes : 0);
    this.counts = chunkSteps * this.stepBytes;
    this.vBar = this.counts + bytes;
    // Sums for each quantity but v_init, and for the loss.
    this.checkpoints = this.sum(differentiable.length);
    this.checkpointBytes = bytes * (refractory ? 2 : 1);
  }

  sum(index: number): number {
    return this.vBar + (1 + index) * this.#bytes;
  }

  scratchBytes(steps: number): number {
    return this.checkpoints + (Math.ceil(steps / chunkSteps) + 1) * this.checkpointBytes;
  }
}

/** Unroll factors for the vectors that are left; few, since each is code to compile. */
const remainderFactors = [6, 4, 2, 1];

/**
 * A kernel that runs the neurons forward and straight back: the trace of a chunk of steps stays in the cache, and earlier
 * chunks are run again from the checkpoint at their start.
 */
function lifGradKernel(spec: LifGradKernelSpec): KernelWat {
  const layout = new ArgumentLayout();
  const single = new BlockWriter(spec, layout, 1).write();
  const operations = countOperations(single.body);
  const unroll = unrollFactor(operations);
  const factors = [unroll, ...remainderFactors.filter((factor) => factor < unroll)];
  const others = factors.filter((factor) => factor > 1).flatMap((factor) => new BlockWriter(spec, layout, factor).write().functions);
  return { text: kernelModule([...others, ...single.functions, runFunction(factors)]), layout, operations, unroll };
}

const chunkParameters = `${blockParameters} (param $from i32) (param $to i32) (param $checkpoint i32)`;

const scratch = get('scratch');
const trace = get('trace');
const checkpoint = get('checkpoint');

/** A pass over one chunk as a function, and the body of its loop over the steps. */
interface PassText {
  readonly text: string;
  readonly body: readonly string[];
}

/** Writes the functions that run a block of `unroll` vectors. */
class BlockWriter {
  readonly #spec: LifGradKernelSpec;
  readonly #kernel: GradKernelBuilder;
  readonly #layout: ArgumentLayout;
  readonly #trace: TraceLayout;
  readonly #unroll: number;

  constructor(spec: LifGradKernelSpec, layout: ArgumentLayout, unroll: number) {
    this.#spec = spec;
    this.#kernel = new GradKernelBuilder(spec);
    this.#layout = layout;
    this.#trace = new TraceLayout(spec, unroll);
    this.#unroll = unroll;
  }

  /** The functions, and the lines that run for each step. */
  write(): { readonly functions: readonly string[]; readonly body: readonly string[] } {
    const forward = this.#forward();
    const backward = this.#backward();
    return { functions: [forward.text, backward.text, this.#results(), this.#block()], body: [...forward.body, ...backward.body] };
  }

  #function(): FunctionWriter {
    return new FunctionWriter(this.#layout, this.#spec.lanes, this.#unroll);
  }

  /** Runs one chunk forward from its checkpoint, writes its trace and the next chunk's checkpoint, and adds to the counts. */
  #forward(): PassText {
    const { lanes, terms, refractory } = this.#spec;
    const { step } = this.#kernel;
    const { stepBytes, vOffset, refractoryOffset, counts, checkpointBytes, needsV } = this.#trace;
    const writer = this.#function();
    loadNeuronTerms(writer, terms);
    if (terms.current === 'step') setRowCursors(writer, 'current', lanes.bytes, get('from'));
    if (refractory) setRefractorySteps(writer);
    const start = [writer.setI32('t', get('from')), writer.setI32('trace', scratch)];
    const finish: string[] = [];
    writer.forEachVector((vector) => {
      start.push(writer.loadVector('v', vector, checkpoint), writer.loadVector('count', vector, scratch, counts));
      finish.push(writer.storeVector('v', vector, checkpoint, checkpointBytes), writer.storeVector('count', vector, scratch, counts));
      if (refractory) {
        const offset = 16 * this.#unroll;
        start.push(writer.loadVector('refractoryLeft', vector, checkpoint, offset));
        finish.push(writer.storeVector('refractoryLeft', vector, checkpoint, checkpointBytes + offset));
      }
    });
    const body = writer.body([step.vPre, step.vPre, step.spike, step.spike, step.v], () => {
      writer.forEachVector((vector) => {
        if (terms.current === 'step') {
          loadStep(writer, 'current', vector);
          writer.emit(advance(`currentAt.${vector}`, i32(lanes.bytes)));
        }
        if (refractory) {
          loadRefractoryMask(writer, vector);
          writer.emit(writer.storeVector('refractory', vector, trace, refractoryOffset));
        }
        if (needsV) writer.emit(writer.storeVector('v', vector, trace, vOffset));
        writer.assign('vPre', vector, step.vPre);
        writer.emit(writer.storeVector('vPre', vector, trace));
        writer.assign('spike', vector, step.spike);
        countSpikes(writer, vector);
        writer.assign('v', vector, step.v);
        if (refractory) updateRefractoryCounter(writer, vector);
      });
      writer.emit(advance('trace', i32(stepBytes)));
    });
    const loop = [...start, ...countUp('steps', body, get('to')), ...finish];
    return { text: writer.functionText(`forward${this.#unroll}`, chunkParameters, loop), body };
  }

  /** Runs one chunk backward over its trace, adding to the sums. */
  #backward(): PassText {
    const { lanes, refractory } = this.#spec;
    const { backwardTerms, stepArrays, currentBar, vBar, sums } = this.#kernel;
    const { stepBytes, vOffset, refractoryOffset, needsV } = this.#trace;
    const writer = this.#function();
    loadNeuronTerms(writer, backwardTerms);
    this.#loadCounts(writer);
    const last = `(i32.sub ${get('to')} ${i32(1)})`;
    for (const name of stepArrays) setRowCursors(writer, name, lanes.bytes, last);
    if (currentBar !== undefined) setRowCursors(writer, 'currentGrad', lanes.bytes, last);
    const lastStep = `(i32.mul (i32.sub (i32.sub ${get('to')} ${get('from')}) ${i32(1)}) ${i32(stepBytes)})`;
    const start = [writer.setI32('t', get('to')), writer.setI32('trace', `(i32.add ${scratch} ${lastStep})`)];
    const finish: string[] = [];
    writer.forEachVector((vector) => {
      // Sums start from 0 in every chunk and are added to the total after it, which keeps rounding from growing with T.
      sums.terms.forEach((_, i) => {
        const offset = this.#trace.sum(i) + 16 * vector;
        const sum = get(writer.declare(`sum${i}.${vector}`, 'v128'));
        finish.push(storeVector(scratch, offset, `(${lanes.name}.add ${loadVector(scratch, offset)} ${sum})`));
      });
      start.push(writer.loadVector('vBar', vector, scratch, this.#trace.vBar));
      finish.push(writer.storeVector('vBar', vector, scratch, this.#trace.vBar));
    });
    const body = writer.body([vBar, ...sums.terms, ...(currentBar === undefined ? [] : [currentBar])], () => {
      writer.forEachVector((vector) => {
        writer.emit(writer.loadVector('vPre', vector, trace));
        if (needsV) writer.emit(writer.loadVector('vBefore', vector, trace, vOffset));
        if (refractory) writer.emit(writer.loadVector('refractory', vector, trace, refractoryOffset));
        for (const name of stepArrays) {
          loadStep(writer, name, vector);
          writer.emit(advance(`${name}At.${vector}`, i32(-lanes.bytes)));
        }
        sums.terms.forEach((term, i) => {
          const sum = `sum${i}.${vector}`;
          writer.emit(set(sum, `(${lanes.name}.add ${get(sum)} ${writer.value(term, vector)})`));
        });
        if (currentBar !== undefined) {
          const cursor = `currentGradAt.${vector}`;
          writer.assign('currentBar', vector, currentBar);
          writer.emit(...scatterRows(lanes, get(cursor), get(`currentBar.${vector}`), lanes.bytes), advance(cursor, i32(-lanes.bytes)));
        }
        writer.assign('vBar', vector, vBar);
      });
      writer.emit(advance('trace', i32(-stepBytes)));
    });
    const loop = [
      ...start,
      '(loop $steps',
      ...body,
      `(br_if $steps (i32.gt_s (local.tee $t (i32.sub ${get('t')} ${i32(1)})) ${get('from')}))`,
      ')',
      ...finish,
    ];
    return { text: writer.functionText(`backward${this.#unroll}`, chunkParameters, loop), body };
  }

  /** Runs all chunks forward, then back from the last, and has the results written. */
  #block(): string {
    const { terms, refractory } = this.#spec;
    const { vInit, sums } = this.#kernel;
    const { counts, vBar, checkpoints, checkpointBytes } = this.#trace;
    const writer = this.#function();
    loadNeuronTerms(writer, { vInit: terms.vInit });
    const steps = writer.argument('steps');
    const lines = [writer.setI32('checkpoint', `(i32.add ${scratch} ${i32(checkpoints)})`)];
    const cleared = [counts, vBar, ...sums.terms.map((_, i) => this.#trace.sum(i))];
    writer.forEachVector((vector) => {
      lines.push(storeVector(checkpoint, 16 * vector, writer.value(vInit, vector)));
      if (refractory) lines.push(storeVector(checkpoint, 16 * (this.#unroll + vector), zeroVector));
      for (const offset of cleared) lines.push(storeVector(scratch, offset + 16 * vector, zeroVector));
    });
    const from = get(writer.declare('from', 'i32'));
    const to = get(writer.declare('to', 'i32'));
    const call = (name: string) =>
      `(call $${name}${this.#unroll} ${get('arguments')} ${scratch} ${get('vector')} ${from} ${to} ${checkpoint})`;
    // Running a chunk again must leave the counts, which are complete by then, as they are.
    const saveCounts: string[] = [];
    const restoreCounts: string[] = [];
    writer.forEachVector((vector) => {
      saveCounts.push(writer.loadVector('count', vector, scratch, counts));
      restoreCounts.push(writer.storeVector('count', vector, scratch, counts));
    });
    lines.push(
      '(block $stopped (loop $chunks',
      breakIfStopped('stopped'),
      set('to', chunkEnd(from, steps, chunkSteps)),
      call('forward'),
      `(if (i32.lt_s ${to} ${steps}) (then`,
      set('from', to),
      advance('checkpoint', i32(checkpointBytes)),
      '(br $chunks)))',
      ')',
      ...saveCounts,
      '(block $done (loop $back',
      breakIfStopped('stopped'),
      call('backward'),
      `(br_if $done (i32.eqz ${from}))`,
      set('to', from),
      set('from', `(i32.sub ${from} ${i32(chunkSteps)})`),
      advance('checkpoint', i32(-checkpointBytes)),
      call('forward'),
      ...restoreCounts,
      '(br $back)))',
      `(call $results${this.#unroll} ${get('arguments')} ${scratch} ${get('vector')})`,
      ')',
    );
    return writer.functionText(`block${this.#unroll}`, blockParameters, lines);
  }

  /** Writes a block's counts, loss and gradients from the sums over time. */
  #results(): string {
    const { lanes, loss } = this.#spec;
    const { backwardTerms, outputs, sums } = this.#kernel;
    const writer = this.#function();
    loadNeuronTerms(writer, backwardTerms);
    this.#loadCounts(writer);
    const lines = writer.body(
      outputs.map(([, node]) => node),
      () => {
        writer.forEachVector((vector) => {
          writer.emit(writer.loadVector('vBar', vector, scratch, this.#trace.vBar));
          sums.terms.forEach((_, i) => {
            writer.emit(writer.loadVector(`sum${i}`, vector, scratch, this.#trace.sum(i)));
          });
          const store = (array: string, value: string) => {
            writer.emit(storeVector(writer.vectorAddress(array), 16 * vector, value));
          };
          const counts = this.#countsOf(vector);
          writer.emit(storeInt32(lanes, vector, writer.vectorAddress('spikeCountsArray', 4), counts));
          if (loss === 'spike_count') store('lossArray', lanes.toFloats(counts));
          for (const [name, node] of outputs) store(`${name}Array`, writer.value(node, vector));
        });
      },
    );
    return writer.functionText(`results${this.#unroll}`, blockParameters, lines);
  }

  /** Loads the spike counts as floats where the loss depends on them. */
  #loadCounts(writer: FunctionWriter): void {
    if (this.#spec.loss !== 'firing_rate_mse') return;
    writer.forEachVector((vector) => {
      writer.emit(writer.setVector('count', vector, writer.lanes.toFloats(this.#countsOf(vector))));
    });
  }

  #countsOf(vector: number): string {
    return loadVector(scratch, this.#trace.counts + 16 * vector);
  }
}
