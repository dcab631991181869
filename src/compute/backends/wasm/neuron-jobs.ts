import { memoizeName } from '../../cache.ts';
import type { Values } from '../../numbers.ts';
import { unwritten } from '../../pooled-numbers.ts';
import { recordedValues } from '../../job-size.ts';
import {
  dtypeOf,
  lossRecords,
  maxSpikeCount,
  quantityAt,
  type LifGradJob,
  type LifGradResult,
  type LifJvpJob,
  type LifJvpResult,
  type LifSimulateJob,
  type LifSimulateResult,
  type NeuronProblem,
} from '../../jobs.ts';
import { lossTangent } from '../../losses/backend-losses.ts';
import { addParameterGradient, termTangents, type TermNumbers } from '../../neurons/terms.ts';
import { initialPath, recordBarLeaf, stateLeaf, tangentLeaf, tangentStep, termLeaf } from '../../neurons/program.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import { ProblemLayout, specOf } from './problem-layout.ts';
import { scratchBytes } from './codegen/kernel-wat.ts';
import type { Kernel, KernelRequest } from './kernel-cache.ts';
import { carriedStates, forwardKernel, simulateKernelRequest, simulationOutputs, type ForwardSpec } from './kernels/forward-kernel.ts';
import { finalBarLeaf, gradientName, kernelWrt, targetLeaf } from './kernels/grad-graph.ts';
import { gradKernelRequest } from './kernels/grad-kernel.ts';
import { arrayName, withForms, type NeuronKernelSpec, type TermForm } from './kernels/neuron-kernel.ts';
import { setSurrogateParameters, shapeKey } from './kernels/surrogate-kernel.ts';
import type { KernelContext, LaunchSteps, Results } from './launch-steps.ts';

export function* lifSimulate({ kernels, arena, readBack }: KernelContext, job: LifSimulateJob): LaunchSteps<LifSimulateResult> {
  const { problem, record, surrogate } = job;
  const { neurons, steps } = problem;
  const layout = new ProblemLayout(arena, dtypeOf(job), problem);
  layout.putInput('current', problem.current);
  const { spec, program, lanes, vectors, padded, integers, parameters, loops } = layout;
  if (surrogate !== undefined) setSurrogateParameters(parameters, surrogate);
  yield* loops.run();
  const launch = (kernel: Kernel) => ({
    kernel,
    argumentBlock: kernel.layout.write(arena, integers, parameters),
    vectors,
    scratchBytes: scratchBytes(kernel.scratch, steps),
  });

  const { series, finals, sumsSpikes } = simulationOutputs(program.step, record);
  const from = arena.mark();
  const countsArray = (integers.spikeCountsArray = arena.allocate(4 * padded));
  if (sumsSpikes) integers.spikeSumsArray = arena.allocate(lanes.bytes * padded);
  for (const { name, isMask } of series) layout.allocate(name, (isMask ? 1 : lanes.bytes) * padded * steps);
  for (const state of finals) layout.allocate(finalName(state));
  const to = arena.mark();
  const request = simulateKernelRequest(spec, job, 'first');
  yield launch(kernels.find(request.key) ?? (yield request)!);

  const results = readBack(arena, from, to);
  const spikeCounts = results.integers(countsArray, neurons);
  let spikeSteps: LifSimulateResult['spike_steps'];
  if (record.has('spike_times')) {
    // The counts say how much room each neuron's spikes take; a second run, which costs little, fills it.
    const offsets = new Int32Array(neurons + 1);
    loops.add(neurons, (begin, end) => {
      writeRunningTotals(spikeCounts, offsets, begin, end);
    });
    yield* loops.run();
    const times = offsets[neurons]!;
    if (times > recordedValues('spike_times', problem)) {
      spikeSteps = { steps: new Int32Array(0), offsets };
    } else {
      const cursors = (integers.cursorsArray = arena.allocate(4 * padded));
      const eventsArray = (integers.eventsArray = arena.allocate(4 * times));
      const eventsEnd = arena.mark();
      const second = simulateKernelRequest(spec, job, 'events');
      // The kernel moves each neuron's cursor on as it writes.
      const prepare = () => {
        arena.setBytes(cursors, new Uint8Array(offsets.buffer, 0, 4 * neurons));
      };
      yield { ...launch(kernels.find(second.key) ?? (yield second)!), prepare };
      spikeSteps = { steps: readBack(arena, eventsArray, eventsEnd).integers(eventsArray, times), offsets };
    }
  }
  let rates: Values | undefined;
  if (record.has('firing_rates')) {
    const hertz = unwritten(lanes.dtype, neurons);
    const returned = sumsSpikes ? results.numbers(lanes.dtype, integers.spikeSumsArray ?? 0, neurons) : spikeCounts;
    loops.add(neurons, (begin, end) => {
      for (let b = begin; b < end; b++) hertz[b] = (returned[b]! / (steps * problem.dt)) * 1000;
    });
    yield* loops.run();
    rates = hertz;
  }
  const state: Record<string, Values> = {};
  for (const name of finals) state[name] = layout.read(results, finalName(name), neurons);
  const rows: Record<string, Values | Uint8Array> = {};
  for (const { name, isMask } of series) {
    rows[name] = isMask ? results.bytes(integers[arrayName(name)] ?? 0, neurons * steps) : layout.read(results, name, neurons * steps);
  }
  return {
    series: rows,
    ...(record.has('spike_counts') && { spike_counts: spikeCounts }),
    ...(rates && { firing_rates: rates }),
    ...(spikeSteps && { spike_steps: spikeSteps }),
    ...(record.has('v_final') && { v_final: state.v! }),
    ...(record.has('state') && { state }),
  };
}

/** The name of the array with a state after the last step. */
const finalName = memoizeName((state) => `${stateLeaf(state)}.final`);

/**
 * Writes 0, c[0], c[0] + c[1], ... to `totals`, which is one longer than `counts`; of counts [from, to), after those before them. They end at the
 * largest int32.
 */
export function writeRunningTotals(counts: Int32Array, totals: Int32Array, from: number, to: number): void {
  let total = totals[from]!;
  for (let i = from; i < to; i++) totals[i + 1] = total = Math.min(total + counts[i]!, maxSpikeCount);
}

/** The kernel requests of a gradient job, one a surrogate. */
export function gradKernelRequests(job: LifGradJob): readonly KernelRequest[] {
  const spec = specOf(dtypeOf(job), job.problem);
  const wrt = kernelWrt(spec.program, job.wrt);
  return job.surrogates.map((surrogate) => gradKernelRequest(spec, job, surrogate, wrt));
}

export function* lifGrad({ kernels, arena, readBack }: KernelContext, job: LifGradJob): LaunchSteps<LifGradResult> {
  const { problem, loss } = job;
  const { neurons, steps } = problem;
  const layout = new ProblemLayout(arena, dtypeOf(job), problem);
  layout.putInput('current', problem.current);
  const { spec, lanes, vectors, padded, integers, parameters, loops, program } = layout;
  const wrt = kernelWrt(program, job.wrt);
  const lossStates = loss.type === 'cotangent' ? Object.entries(loss.state ?? {}) : [];
  if (loss.type === 'firing_rate_mse') {
    layout.put(targetLeaf, loss.target);
    parameters.hzPerSpike = 1000 / (steps * problem.dt);
  } else if (loss.type === 'cotangent') {
    for (const name of lossRecords) {
      const given = loss[name];
      if (given !== undefined) layout.put(recordBarLeaf(name), given);
    }
    for (const [state, given] of lossStates) layout.put(finalBarLeaf(state), given);
  }
  yield* loops.run();

  const gradients: LifGradResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const request = gradKernelRequest(spec, job, surrogate, wrt);
    const from = arena.mark();
    const countsArray = (integers.spikeCountsArray = arena.allocate(4 * padded));
    layout.allocate('loss');
    for (const [state] of lossStates) layout.allocate(finalName(state));
    for (const name of wrt) {
      const values = padded * (name === 'current' && problem.current.per === 'step' ? steps : 1);
      layout.allocate(gradientName(name), lanes.bytes * values);
    }
    const to = arena.mark();
    const kernel = kernels.find(request.key) ?? (yield request)!;
    setSurrogateParameters(parameters, surrogate);
    const argumentBlock = kernel.layout.write(arena, integers, parameters);
    yield { kernel, argumentBlock, vectors, scratchBytes: scratchBytes(kernel.scratch, steps) };
    const results = readBack(arena, from, to);
    const losses = layout.read(results, 'loss', neurons);
    for (const [state, bar] of lossStates) {
      const final = layout.read(results, finalName(state), neurons);
      loops.add(neurons, (begin, end) => {
        for (let b = begin; b < end; b++) losses[b]! += final[b]! * quantityAt(bar, b, 0, steps);
      });
    }
    const grad: Record<string, number | Values> = {};
    for (const name of job.wrt) readGradient(grad, name, results, layout, problem);
    yield* loops.run();
    gradients.push({ loss: losses, spike_counts: results.integers(countsArray, neurons), grad });
  }
  return gradients;
}

/** Adds a quantity's gradient, in the form in which the problem gives the quantity; it is complete when the layout's loops have run. */
function readGradient(
  grad: Record<string, number | Values>,
  name: string,
  results: Results,
  layout: ProblemLayout,
  problem: NeuronProblem,
): void {
  const { neurons, steps, current } = problem;
  const { loops, program } = layout;
  const set = (gradient: number | Values) => {
    grad[name] = gradient;
  };
  // A copy, since parameters may share terms.
  const bars = (path: string) => layout.read(results, gradientName(path), neurons);
  const isSurrogates = name.startsWith('surrogate.');
  if (name !== 'current' && !isSurrogates) addParameterGradient(problem, program, name, bars, { loops, set });
  else if (!isSurrogates && current.per !== 'scalar')
    set(layout.read(results, gradientName(name), current.per === 'step' ? neurons * steps : neurons));
  else {
    const parts = bars(name);
    let sum = 0;
    loops.add(neurons, (from, to) => {
      for (let b = from; b < to; b++) sum += parts[b]!;
      set(sum);
    });
  }
}

/** What the kernel of a Jacobian-vector product writes, and how it is made. */
interface JvpKernel {
  /** The rows of tangents. */
  readonly series: readonly ('spikes' | 'v' | 'v_pre')[];
  /** The states whose tangents after the last step are written. */
  readonly lossStates: readonly string[];
  readonly key: string;
  /** Neurons that run forward with the tangents of their states. */
  readonly forward: () => Omit<ForwardSpec, 'surrogate'>;
}

/** @param tangents how they reach the kernel, by the leaves of what they move. */
function jvpKernel(spec: NeuronKernelSpec, { loss }: LifJvpJob, tangents: ReadonlyMap<string, TermForm>): JvpKernel {
  const { step } = spec.program;
  const added: Record<string, TermForm> = {};
  for (const state of step.states) added[tangentLeaf(termLeaf(initialPath(state)))] = 'zero';
  for (const [leaf, form] of tangents) added[tangentLeaf(leaf)] = form;
  const moved = withForms(spec, added);
  const lossStates = Object.keys(loss.type === 'cotangent' ? (loss.state ?? {}) : {});
  const series: JvpKernel['series'] = loss.type === 'cotangent' && loss.v_pre !== undefined ? ['spikes', 'v', 'v_pre'] : ['spikes', 'v'];
  const forward = () => {
    const movingStep = tangentStep(
      step,
      [...tangents.keys()].filter((leaf) => !leaf.startsWith(termLeaf(initialPath('')))),
    );
    const carried: Record<string, ForwardSpec['carried'][string]> = { ...carriedStates(step) };
    for (const state of step.states) {
      const initial = tangentLeaf(termLeaf(initialPath(state)));
      carried[tangentLeaf(stateLeaf(state))] = { next: movingStep.state[state] ?? step.graph.constant(0), initial };
    }
    return {
      ...moved,
      carried,
      series: series.map((name) => ({ name, expression: movingStep[name] })),
      finals: lossStates.map((state) => tangentLeaf(stateLeaf(state))),
      sumsSpikes: step.spikes !== undefined,
      writesEvents: false,
    };
  };
  return { series, lossStates, key: `${moved.key} ${series.length} ${lossStates.join()}`, forward };
}

function jvpKernelRequest({ forward, key }: JvpKernel, surrogate: Surrogate): KernelRequest {
  const shape = surrogateShape(surrogate);
  return { key: `jvp ${shapeKey(shape)} ${key}`, print: () => forwardKernel({ ...forward(), surrogate: shape }) };
}

/** The forms of a job's tangents, by the leaves of what they move. */
function tangentForms(job: LifJvpJob, terms: ReadonlyMap<string, TermNumbers>): Map<string, TermForm> {
  const forms = new Map<string, TermForm>();
  for (const [path, { per }] of terms) forms.set(termLeaf(path), per);
  for (const [name, { per }] of Object.entries(job.tangents)) {
    if (name === 'current') forms.set(name, per === 'scalar' ? 'neuron' : per);
    else if (name.startsWith('surrogate.')) forms.set(name, 'scalar');
  }
  return forms;
}

/** The kernel requests of a Jacobian-vector product, one a surrogate. */
export function jvpKernelRequests(job: LifJvpJob): readonly KernelRequest[] {
  const spec = specOf(dtypeOf(job), job.problem);
  const kernel = jvpKernel(spec, job, tangentForms(job, termTangents(job.problem, spec.program, job.tangents)));
  return job.surrogates.map((surrogate) => jvpKernelRequest(kernel, surrogate));
}

export function* lifJvp({ kernels, arena, readBack }: KernelContext, job: LifJvpJob): LaunchSteps<LifJvpResult> {
  const { problem } = job;
  const { neurons, steps } = problem;
  const layout = new ProblemLayout(arena, dtypeOf(job), problem);
  layout.putInput('current', problem.current);
  const { spec, lanes, vectors, padded, integers, parameters, loops, program } = layout;
  const terms = termTangents(problem, program, job.tangents);
  const kernel = jvpKernel(spec, job, tangentForms(job, terms));
  for (const [path, numbers] of terms) layout.putTerm(tangentLeaf(termLeaf(path)), numbers, neurons);
  for (const [name, tangent] of Object.entries(job.tangents)) {
    if (name === 'current') layout.putInput(tangentLeaf(name), tangent);
    else if (name.startsWith('surrogate.')) layout.put(tangentLeaf(name), tangent);
  }
  yield* loops.run();

  const { series, lossStates } = kernel;
  const sumsSpikes = program.step.spikes !== undefined;
  const tangents: LifJvpResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const request = jvpKernelRequest(kernel, surrogate);
    const from = arena.mark();
    const countsArray = (integers.spikeCountsArray = arena.allocate(4 * padded));
    if (sumsSpikes) integers.spikeSumsArray = arena.allocate(lanes.bytes * padded);
    for (const name of series) layout.allocate(name, lanes.bytes * padded * steps);
    for (const state of lossStates) layout.allocate(finalTangentName(state));
    const to = arena.mark();
    const compiled = kernels.find(request.key) ?? (yield request)!;
    setSurrogateParameters(parameters, surrogate);
    yield {
      kernel: compiled,
      argumentBlock: compiled.layout.write(arena, integers, parameters),
      vectors,
      scratchBytes: scratchBytes(compiled.scratch, steps),
    };
    const results = readBack(arena, from, to);
    const of = (name: string) => layout.read(results, name, neurons * steps);
    const inputs = {
      returned: sumsSpikes ? results.numbers(lanes.dtype, integers.spikeSumsArray ?? 0, neurons) : results.integers(countsArray, neurons),
      spikes: of('spikes'),
      v: of('v'),
      v_pre: series.includes('v_pre') ? of('v_pre') : undefined,
      state: Object.fromEntries(lossStates.map((state) => [state, layout.read(results, finalTangentName(state), neurons)])),
    };
    const loss = lossTangent(job, inputs, loops);
    yield* loops.run();
    tangents.push({ spikes: inputs.spikes, v: inputs.v, loss: lanes.dtype === 'float32' ? new Float32Array(loss) : loss });
  }
  return tangents;
}

/** The name of the array with a state's tangent after the last step. */
const finalTangentName = memoizeName((state) => `${tangentLeaf(stateLeaf(state))}.final`);
