import type { LifGradJob, Loss } from '../../../jobs.ts';
import { initialPath, stateBarLeaf, stateLeaf, termLeaf } from '../../../neurons/program.ts';
import type { Surrogate } from '../../../surrogates/definition.ts';
import { surrogateShape } from '../../../surrogates/shape.ts';
import { ArgumentLayout } from '../codegen/argument-block.ts';
import { FunctionWriter } from '../codegen/function-writer.ts';
import {
  blockParameters,
  countOperations,
  kernelModule,
  maxUnroll,
  runFunction,
  unrollFactor,
  unrollFactors,
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
import type { Node } from '../ir/node.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import { BackwardGraph, finalBarLeaf, gradKernelSpec, gradientName, lossFormsOf, type GradKernelSpec } from './grad-graph.ts';
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

const lossCodes: Readonly<Record<Loss['type'], string>> = { spike_count: 'c', firing_rate_mse: 'r', cotangent: 'l' };

/** The kernel of a gradient job through one surrogate. `wrt` is as `kernelWrt` gives it. */
export function gradKernelRequest(spec: NeuronKernelSpec, job: LifGradJob, surrogate: Surrogate, wrt: readonly string[]): KernelRequest {
  const { loss } = job;
  let key = `grad ${shapeKey(surrogateShape(surrogate))} ${spec.key} ${lossCodes[loss.type]} ${wrt.length === 1 ? wrt[0]! : wrt.join()}`;
  if (loss.type !== 'spike_count') {
    const forms = lossFormsOf(loss);
    for (const leaf in forms) key += ` ${leaf} ${forms[leaf]!}`;
  }
  return { key, print: () => gradKernel(gradKernelSpec(spec, job, surrogate, wrt)) };
}

/** Longer runs go in chunks, from checkpoints: of so many steps, or fewer, so that their trace stays near the first-level cache. */
const maxChunkSteps = 256;
const maxTraceBytes = 56 * 1024;

/** Where a gradient kernel keeps what outlives a chunk, in bytes from the start of its scratch. */
class TraceLayout {
  readonly chunkSteps: number;
  /** One step of the trace: what the backward step reads of the forward pass, for all vectors. */
  readonly stepBytes: number;
  /** Spike counts; sums of what neurons return; cotangents of the states; sums over time. */
  readonly counts: number;
  readonly returned: number;
  /** The states at the start of each chunk. */
  readonly checkpoints: number;
  readonly checkpointBytes: number;
  /** Bytes of one number of all vectors. */
  readonly bytes: number;
  readonly #bars: number;
  readonly #sums: number;

  constructor(states: number, { kept, stateBars, sums }: Pick<BackwardGraph, 'kept' | 'stateBars' | 'sums'>, unroll: number) {
    const bytes = 16 * unroll;
    this.bytes = bytes;
    this.stepBytes = bytes * kept.size;
    this.chunkSteps = Math.min(maxChunkSteps, Math.floor(maxTraceBytes / Math.max(1, this.stepBytes)));
    this.counts = this.chunkSteps * this.stepBytes;
    this.returned = this.counts + bytes;
    this.#bars = this.returned + bytes;
    this.#sums = this.#bars + stateBars.length * bytes;
    this.checkpoints = this.#sums + sums.terms.length * bytes;
    this.checkpointBytes = bytes * states;
  }

  bar(index: number): number {
    return this.#bars + index * this.bytes;
  }

  sum(index: number): number {
    return this.#sums + index * this.bytes;
  }
}

/**
 * A kernel that runs the neurons forward and straight back: the trace of a chunk of steps stays in the cache, and earlier
 * chunks are run again from the checkpoint at their start.
 */
function gradKernel(spec: GradKernelSpec): KernelWat {
  const layout = new ArgumentLayout();
  const single = new BlockWriter(spec, layout, 1).write();
  const operations = countOperations(single.body);
  const unroll = unrollFactor(operations);
  const factors = unrollFactors(unroll);
  const others = factors.filter((factor) => factor > 1).flatMap((factor) => new BlockWriter(spec, layout, factor).write().functions);
  const { checkpoints: bytes, checkpointBytes: bytesPerChunk, chunkSteps } = new BlockWriter(spec, layout, maxUnroll).trace;
  return {
    text: kernelModule([...others, ...single.functions, runFunction(factors)]),
    layout,
    operations,
    unroll,
    scratch: { bytes, bytesPerChunk, chunkSteps },
  };
}

const chunkParameters = `${blockParameters} (param $from i32) (param $to i32) (param $checkpoint i32)`;

const scratch = get('scratch');
const traceAt = get('trace');
const checkpoint = get('checkpoint');

/** A pass over one chunk as a function, and the body of its loop over the steps. */
interface PassText {
  readonly text: string;
  readonly body: readonly string[];
}

/** Writes the functions that run a block of `unroll` vectors. */
class BlockWriter {
  readonly trace: TraceLayout;
  readonly #spec: GradKernelSpec;
  readonly #backwardGraph: BackwardGraph;
  readonly #layout: ArgumentLayout;
  readonly #unroll: number;
  readonly #states: readonly string[];
  /** Whether the loss needs the sum of what a neuron returns beside its count. */
  readonly #sumsReturned: boolean;

  constructor(spec: GradKernelSpec, layout: ArgumentLayout, unroll: number) {
    const { step } = spec.program;
    this.#spec = spec;
    this.#backwardGraph = new BackwardGraph(spec);
    this.#layout = layout;
    this.#unroll = unroll;
    this.#states = step.states;
    this.#sumsReturned = step.spikes !== undefined && spec.loss !== 'cotangent';
    this.trace = new TraceLayout(step.states.length, this.#backwardGraph, unroll);
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
    const { lanes, forms, program } = this.#spec;
    const { step } = program;
    const { stepBytes, bytes, counts, returned: returnedAt, checkpointBytes } = this.trace;
    const { kept } = this.#backwardGraph;
    const builder = new NeuronKernelBuilder(this.#spec, { surrogate: this.#spec.surrogate, graph: this.#backwardGraph.graph });
    const next = this.#states.map((state): [string, Node] => [stateLeaf(state), builder.node(step.next[state] ?? step.graph.constant(0))]);
    const keptNodes = [...kept].map(([leaf, expression]): [string, Node] => [leaf, builder.node(expression)]);
    const spike = step.spike && builder.node(step.spike);
    const count = step.count && builder.node(step.count);
    const returned = this.#sumsReturned && step.spikes ? builder.node(step.spikes) : undefined;
    const writer = this.#function();
    loadNeuronTerms(writer, forms);
    if (forms.current === 'step') setRowCursors(writer, 'current', lanes.bytes, get('from'));
    const start = [writer.setI32('t', get('from')), writer.setI32('trace', scratch)];
    const finish: string[] = [];
    writer.forEachVector((vector) => {
      this.#states.forEach((state, i) => {
        start.push(writer.loadVector(stateLeaf(state), vector, checkpoint, i * bytes));
        finish.push(writer.storeVector(stateLeaf(state), vector, checkpoint, checkpointBytes + i * bytes));
      });
      start.push(writer.loadVector('count', vector, scratch, counts));
      finish.push(writer.storeVector('count', vector, scratch, counts));
      if (returned !== undefined) {
        writer.declare(`total.${vector}`, 'v128');
        const total = `(${lanes.name}.add ${loadVector(scratch, returnedAt + 16 * vector)} ${get(`total.${vector}`)})`;
        finish.push(storeVector(scratch, returnedAt + 16 * vector, total));
      }
    });
    const computed = keptNodes.map(([, node]) => node);
    const roots = [...computed, ...computed, spike, spike, count, returned].filter((node) => node !== undefined);
    const body = writer.body([...roots, ...next.map(([, node]) => node)], () => {
      writer.forEachVector((vector) => {
        if (forms.current === 'step') {
          loadStep(writer, 'current', vector);
          writer.emit(advance(`currentAt.${vector}`, i32(lanes.bytes)));
        }
        for (const [i, [leaf, node]] of keptNodes.entries()) {
          // A state is in its local already.
          if (node.op !== 'leaf' || node.detail !== leaf) writer.assign(leaf, vector, node);
          writer.emit(writer.storeVector(leaf, vector, traceAt, i * bytes));
        }
        if (spike !== undefined) {
          writer.assign('spike', vector, spike);
          countSpikes(writer, vector, count);
        }
        if (returned !== undefined)
          writer.emit(set(`total.${vector}`, `(${lanes.name}.add ${get(`total.${vector}`)} ${writer.value(returned, vector)})`));
        assignStates(writer, vector, next);
      });
      writer.emit(advance('trace', i32(stepBytes)));
    });
    const loop = [...start, ...countUp('steps', body, get('to')), ...finish];
    return { text: writer.functionText(`forward${this.#unroll}`, chunkParameters, loop), body };
  }

  /** Runs one chunk backward over its trace, adding to the sums. */
  #backward(): PassText {
    const { lanes } = this.#spec;
    const { currentBar, stateBars, sums, kept, stepArrays } = this.#backwardGraph;
    const { stepBytes, bytes } = this.trace;
    const writer = this.#function();
    this.#loadTerms(writer);
    const last = `(i32.sub ${get('to')} ${i32(1)})`;
    for (const name of stepArrays) setRowCursors(writer, name, lanes.bytes, last);
    if (currentBar !== undefined) setRowCursors(writer, gradientName('current'), lanes.bytes, last);
    const lastStep = `(i32.mul (i32.sub (i32.sub ${get('to')} ${get('from')}) ${i32(1)}) ${i32(stepBytes)})`;
    const start = [writer.setI32('t', get('to')), writer.setI32('trace', `(i32.add ${scratch} ${lastStep})`)];
    const finish: string[] = [];
    writer.forEachVector((vector) => {
      // Sums start from 0 in every chunk and are added to the total after it, which keeps rounding from growing with T.
      sums.terms.forEach((_, i) => {
        const offset = this.trace.sum(i) + 16 * vector;
        const sum = get(writer.declare(`sum${i}.${vector}`, 'v128'));
        finish.push(storeVector(scratch, offset, `(${lanes.name}.add ${loadVector(scratch, offset)} ${sum})`));
      });
      stateBars.forEach(([leaf], i) => {
        start.push(writer.loadVector(leaf, vector, scratch, this.trace.bar(i)));
        finish.push(writer.storeVector(leaf, vector, scratch, this.trace.bar(i)));
      });
    });
    const roots = [...stateBars.map(([, node]) => node), ...sums.terms, ...(currentBar === undefined ? [] : [currentBar])];
    const body = writer.body(roots, () => {
      writer.forEachVector((vector) => {
        for (const [i, leaf] of [...kept.keys()].entries()) writer.emit(writer.loadVector(leaf, vector, traceAt, i * bytes));
        for (const name of stepArrays) {
          loadStep(writer, name, vector);
          writer.emit(advance(`${name}At.${vector}`, i32(-lanes.bytes)));
        }
        sums.terms.forEach((term, i) => {
          const sum = `sum${i}.${vector}`;
          writer.emit(set(sum, `(${lanes.name}.add ${get(sum)} ${writer.value(term, vector)})`));
        });
        if (currentBar !== undefined) {
          const cursor = `${gradientName('current')}At.${vector}`;
          writer.assign('currentBar', vector, currentBar);
          writer.emit(...scatterRows(lanes, get(cursor), get(`currentBar.${vector}`), lanes.bytes), advance(cursor, i32(-lanes.bytes)));
        }
        assignStates(writer, vector, stateBars);
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
    const { forms, lossForms, lossStates } = this.#spec;
    const { stateBars, sums } = this.#backwardGraph;
    const { bytes, counts, returned, checkpoints, checkpointBytes, chunkSteps } = this.trace;
    const builder = this.#backwardGraph;
    const writer = this.#function();
    const initial = this.#states.map((state) => termLeaf(initialPath(state)));
    loadNeuronTerms(writer, Object.fromEntries(initial.map((leaf) => [leaf, forms[leaf] ?? 'zero'])));
    const steps = writer.argument('steps');
    const lines = [writer.setI32('checkpoint', `(i32.add ${scratch} ${i32(checkpoints)})`)];
    const cleared = [
      counts,
      ...(this.#sumsReturned ? [returned] : []),
      ...stateBars.map((_, i) => this.trace.bar(i)),
      ...sums.terms.map((_, i) => this.trace.sum(i)),
    ];
    const seeds: string[] = [];
    writer.forEachVector((vector) => {
      initial.forEach((leaf, i) => {
        lines.push(storeVector(checkpoint, i * bytes + 16 * vector, writer.value(builder.leaf(leaf), vector)));
      });
      for (const offset of cleared) lines.push(storeVector(scratch, offset + 16 * vector, zeroVector));
      for (const state of lossStates) {
        const leaf = finalBarLeaf(state);
        if (lossForms[leaf] === 'neuron') seeds.push(writer.loadVector(leaf, vector, writer.vectorAddress(arrayName(leaf))));
        const index = stateBars.findIndex(([live]) => live === stateBarLeaf(state));
        seeds.push(storeVector(scratch, this.trace.bar(index) + 16 * vector, writer.value(builder.leaf(leaf), vector)));
        // After the last chunk the next checkpoint holds the state after the last step.
        const final = loadVector(checkpoint, checkpointBytes + this.#states.indexOf(state) * bytes + 16 * vector);
        seeds.push(storeVector(writer.vectorAddress(arrayName(`${stateLeaf(state)}.final`)), 16 * vector, final));
      }
    });
    const from = get(writer.declare('from', 'i32'));
    const to = get(writer.declare('to', 'i32'));
    const call = (name: string) =>
      `(call $${name}${this.#unroll} ${get('arguments')} ${scratch} ${get('vector')} ${from} ${to} ${checkpoint})`;
    // Running a chunk again must leave the counts and sums, which are complete by then, as they are.
    const save: string[] = [];
    const restore: string[] = [];
    writer.forEachVector((vector) => {
      for (const [local, offset] of [['count', counts] as const, ...(this.#sumsReturned ? [['total', returned] as const] : [])]) {
        save.push(writer.loadVector(local, vector, scratch, offset));
        restore.push(writer.storeVector(local, vector, scratch, offset));
      }
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
      ...save,
      ...seeds,
      '(block $done (loop $back',
      breakIfStopped('stopped'),
      call('backward'),
      `(br_if $done (i32.eqz ${from}))`,
      set('to', from),
      set('from', `(i32.sub ${from} ${i32(chunkSteps)})`),
      advance('checkpoint', i32(-checkpointBytes)),
      call('forward'),
      ...restore,
      '(br $back)))',
      `(call $results${this.#unroll} ${get('arguments')} ${scratch} ${get('vector')})`,
      ')',
    );
    return writer.functionText(`block${this.#unroll}`, blockParameters, lines);
  }

  /** Writes a block's counts, loss and gradients from the sums over time. */
  #results(): string {
    const { lanes, loss } = this.#spec;
    const { stateBars, outputs, sums } = this.#backwardGraph;
    const writer = this.#function();
    this.#loadTerms(writer);
    const lines = writer.body(
      outputs.map(([, node]) => node),
      () => {
        writer.forEachVector((vector) => {
          stateBars.forEach(([leaf], i) => {
            writer.emit(writer.loadVector(leaf, vector, scratch, this.trace.bar(i)));
          });
          sums.terms.forEach((_, i) => {
            writer.emit(writer.loadVector(`sum${i}`, vector, scratch, this.trace.sum(i)));
          });
          const store = (name: string, value: string) => {
            writer.emit(storeVector(writer.vectorAddress(arrayName(name)), 16 * vector, value));
          };
          writer.emit(
            storeInt32(lanes, vector, writer.vectorAddress('spikeCountsArray', 4), loadVector(scratch, this.trace.counts + 16 * vector)),
          );
          if (loss === 'spike_count') store('loss', this.#returnedOf(vector));
          for (const [name, node] of outputs) store(name, writer.value(node, vector));
        });
      },
    );
    return writer.functionText(`results${this.#unroll}`, blockParameters, lines);
  }

  /** Loads what is the same in every step: terms, the loss's own, and what each neuron has returned where the loss depends on it. */
  #loadTerms(writer: FunctionWriter): void {
    loadNeuronTerms(writer, { ...this.#spec.forms, ...this.#spec.lossForms });
    if (this.#spec.loss !== 'firing_rate_mse') return;
    writer.forEachVector((vector) => {
      writer.emit(writer.setVector('returned', vector, this.#returnedOf(vector)));
    });
  }

  /** The sum of what a neuron has returned, as floats. */
  #returnedOf(vector: number): string {
    const { lanes } = this.#spec;
    return this.#sumsReturned
      ? loadVector(scratch, this.trace.returned + 16 * vector)
      : lanes.toFloats(loadVector(scratch, this.trace.counts + 16 * vector));
  }
}
