import { maxBytes, type Arena } from '../../engine/arena.ts';
import { OutOfMemoryError } from '../../engine/errors.ts';
import { valueAt, type Numbers, type Values } from '../../generated-numbers.ts';
import {
  bytesPerNumber,
  differentiable,
  dtypeOf,
  type Differentiable,
  type LifGradJob,
  type LifGradResult,
  type LifProblem,
  type LifSimulateJob,
  type LifSimulateResult,
  type Quantity,
} from '../../jobs.ts';
import { leakFactor, leakSlope } from '../../neurons/lif.ts';
import type { Kernel } from './kernel-cache.ts';
import { lanesOf, vectorsOf, type LaneType } from './ir/lanes.ts';
import { forwardKernelRequest, forwardOutputs, spikeEvents } from './kernels/lif-forward-kernel.ts';
import { lifGradKernelRequest } from './kernels/lif-grad-kernel.ts';
import { lifTerms, termForms, type LifTerm } from './kernels/lif-kernel.ts';
import { setSurrogateParameters } from './kernels/surrogate-kernel.ts';
import { SlicedLoops, type KernelContext, type LaunchPlan, type Results } from './launch-plan.ts';

/** The quantities that kernels read, each as a number or as an array. */
type Bindable = LifTerm | 'target' | 'spikeBar' | 'vBarIn';

// Cached: V8 takes twenty times as long to look up a name that is a new string.
const arrayNames = suffixed([...lifTerms, 'target', 'spikeBar', 'vBarIn'], 'Array');
const gradArrayNames = suffixed(differentiable, 'GradArray');

function suffixed<Name extends string>(names: readonly Name[], suffix: string): Readonly<Record<Name, string>> {
  return Object.fromEntries(names.map((name) => [name, name + suffix])) as Record<Name, string>;
}

/** A problem's numbers laid out in memory. */
class ProblemLayout {
  readonly lanes: LaneType;
  /** Addresses and counts by the kernels' names. */
  readonly integers: Record<string, number>;
  readonly parameters: Record<string, number>;
  readonly vectors: number;
  /** Neurons including those that fill the last vector. */
  readonly padded: number;
  /** Loops over all neurons, or steps of all neurons; they run before the first launch. */
  readonly loops = new SlicedLoops();
  readonly #arena: Arena;
  readonly #steps: number;

  constructor(arena: Arena, lanes: LaneType, problem: LifProblem) {
    const { neurons, steps, refractorySteps, dt, integration, tau, current } = problem;
    this.#arena = arena;
    this.lanes = lanes;
    this.#steps = steps;
    this.vectors = vectorsOf(neurons, lanes);
    this.padded = lanes.count * this.vectors;
    this.integers = { steps, refractorySteps };
    this.parameters = { steps };
    if (tau.per === 'scalar') this.parameters.leak = lanes.round(leakFactor(dt, tau.value, integration));
    else this.#putMapped('leak', tau.values, (value) => leakFactor(dt, value, integration));
    this.put('threshold', problem.v_threshold);
    const forms = termForms(problem);
    if (forms.vReset !== 'zero') this.put('vReset', problem.v_reset);
    if (forms.vRest !== 'zero') this.put('vRest', problem.v_rest);
    if (forms.resistance !== 'one') this.put('resistance', problem.resistance);
    if (forms.vInit !== 'zero') this.put('vInit', problem.v_init);
    // Kernels read even a single number as an array.
    if (current.per === 'scalar') this.integers.currentArray = arena.fill(lanes.dtype, current.value, this.padded, this.loops);
    else this.put('current', current);
  }

  /** Binds a quantity: a number stays one, an array is copied into the arena. */
  put(name: Bindable, quantity: Quantity): void {
    if (quantity.per === 'scalar') {
      this.parameters[name] = this.lanes.round(quantity.value);
      return;
    }
    const length = quantity.per === 'neuron' ? this.padded : this.padded * this.#steps;
    this.integers[arrayNames[name]] = this.#arena.put(this.lanes.dtype, quantity.values, length, this.loops);
  }

  #putMapped(name: Bindable, values: Numbers, map: (value: number) => number): void {
    const { dtype } = this.lanes;
    const address = this.#arena.allocate(bytesPerNumber[dtype] * this.padded);
    const mapped = this.#arena.numbers(dtype, address, this.padded);
    mapped.fill(0, values.length);
    this.loops.add(values.length, (from, to) => {
      for (let b = from; b < to; b++) mapped[b] = map(valueAt(values, b));
    });
    this.integers[arrayNames[name]] = address;
  }
}

export function* lifSimulate({ kernels, arena, readBack }: KernelContext, job: LifSimulateJob): LaunchPlan<LifSimulateResult> {
  const { problem, record } = job;
  const { neurons, steps } = problem;
  const lanes = lanesOf[dtypeOf(job)];
  const layout = new ProblemLayout(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = layout;
  yield* loops.run();
  const launch = (kernel: Kernel) => ({
    kernel,
    argumentBlock: kernel.layout.write(arena, integers, parameters),
    vectors,
    scratchBytes: 0,
  });

  const from = arena.mark();
  const allocate = (name: string, bytes: number) => (integers[name] = arena.allocate(bytes));
  const countsArray = allocate('spikeCountsArray', 4 * padded);
  const spikesArray = record.has('spikes') ? allocate('spikesArray', padded * steps) : 0;
  const vArray = record.has('v') ? allocate('vArray', lanes.bytes * padded * steps) : 0;
  const vPreArray = record.has('v_pre') ? allocate('vPreArray', lanes.bytes * padded * steps) : 0;
  const vFinalArray = record.has('v_final') ? allocate('vFinalArray', lanes.bytes * padded) : 0;
  const to = arena.mark();
  const request = forwardKernelRequest(job, forwardOutputs(job));
  yield launch(kernels.find(request.key) ?? (yield request)!);

  const results = readBack(arena, from, to);
  const counts = results.integers(countsArray, padded);
  const spikeCounts = counts.subarray(0, neurons);
  let spikeSteps: LifSimulateResult['spike_steps'];
  if (record.has('spike_times')) {
    // The counts say how much room each neuron's spikes take; a second run, which costs little, fills it.
    const offsets = new Int32Array(padded + 1);
    loops.add(padded, (begin, end) => {
      writeRunningTotals(counts, offsets, begin, end);
    });
    yield* loops.run();
    const cursors = allocate('cursorsArray', 4 * padded);
    const eventsArray = allocate('eventsArray', 4 * offsets[padded]!);
    const eventsEnd = arena.mark();
    const second = forwardKernelRequest(job, spikeEvents);
    // The kernel moves each neuron's cursor on as it writes.
    const prepare = () => {
      arena.setBytes(cursors, new Uint8Array(offsets.buffer, 0, 4 * padded));
    };
    yield { ...launch(kernels.find(second.key) ?? (yield second)!), prepare };
    spikeSteps = {
      steps: readBack(arena, eventsArray, eventsEnd).integers(eventsArray, offsets[neurons]!),
      offsets: offsets.subarray(0, neurons + 1),
    };
  }
  let rates: Values | undefined;
  if (record.has('firing_rates')) {
    const hertz = lanes.dtype === 'float32' ? new Float32Array(neurons) : new Float64Array(neurons);
    loops.add(neurons, (begin, end) => {
      for (let b = begin; b < end; b++) hertz[b] = (spikeCounts[b]! / (steps * problem.dt)) * 1000;
    });
    yield* loops.run();
    rates = hertz;
  }
  return {
    ...(record.has('spike_counts') && { spike_counts: spikeCounts }),
    ...(rates && { firing_rates: rates }),
    ...(spikeSteps && { spike_steps: spikeSteps }),
    ...(record.has('spikes') && { spikes: results.bytes(spikesArray, neurons * steps) }),
    ...(record.has('v') && { v: results.numbers(lanes.dtype, vArray, neurons * steps) }),
    ...(record.has('v_pre') && { v_pre: results.numbers(lanes.dtype, vPreArray, neurons * steps) }),
    ...(record.has('v_final') && { v_final: results.numbers(lanes.dtype, vFinalArray, neurons) }),
  };
}

/**
 * Writes 0, c[0], c[0] + c[1], ... to `totals`, which is one longer than `counts`; of counts [from, to), after those before them.
 *
 * @throws {OutOfMemoryError} when the steps at which neurons spiked are more than an arena holds.
 */
export function writeRunningTotals(counts: Int32Array, totals: Int32Array, from: number, to: number): void {
  let total = totals[from]!;
  for (let i = from; i < to; i++) totals[i + 1] = total += counts[i]!;
  if (total > maxBytes / 4) throw new OutOfMemoryError('a job has no more than 4 GiB of memory for spike times');
}

export function* lifGrad({ kernels, arena, readBack }: KernelContext, job: LifGradJob): LaunchPlan<LifGradResult> {
  const { problem, loss, wrt } = job;
  const { neurons, steps } = problem;
  const lanes = lanesOf[dtypeOf(job)];
  const layout = new ProblemLayout(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = layout;
  if (loss.type === 'firing_rate_mse') {
    layout.put('target', loss.target);
    parameters.hzPerSpike = 1000 / (steps * problem.dt);
  } else if (loss.type === 'cotangent') {
    if (loss.spikes !== undefined) layout.put('spikeBar', loss.spikes);
    if (loss.v !== undefined) layout.put('vBarIn', loss.v);
  }
  yield* loops.run();

  const gradients: LifGradResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const request = lifGradKernelRequest(job, surrogate);
    const from = arena.mark();
    const countsArray = (integers.spikeCountsArray = arena.allocate(4 * padded));
    const lossArray = (integers.lossArray = arena.allocate(lanes.bytes * padded));
    for (const quantity of wrt) {
      const values = padded * (quantity === 'current' && problem.current.per === 'step' ? steps : 1);
      integers[gradArrayNames[quantity]] = arena.allocate(lanes.bytes * values);
    }
    const to = arena.mark();
    const kernel = kernels.find(request.key) ?? (yield request)!;
    setSurrogateParameters(parameters, surrogate);
    const argumentBlock = kernel.layout.write(arena, integers, parameters);
    yield { kernel, argumentBlock, vectors, scratchBytes: request.scratchBytes };
    const results = readBack(arena, from, to);
    const grad: Partial<Record<Differentiable, number | Values>> = {};
    for (const quantity of wrt) readGradient(grad, quantity, results, layout, problem);
    yield* loops.run();
    gradients.push({ loss: results.numbers(lanes.dtype, lossArray, neurons), spike_counts: results.integers(countsArray, neurons), grad });
  }
  return gradients;
}

/** Adds a quantity's gradient, in the form in which the problem gives the quantity; it is complete when the layout's loops have run. */
function readGradient(
  gradients: Partial<Record<Differentiable, number | Values>>,
  quantity: Differentiable,
  results: Results,
  { lanes, integers, loops }: ProblemLayout,
  problem: LifProblem,
): void {
  const { neurons, steps, dt, integration } = problem;
  const given = problem[quantity];
  const gradient = results.numbers(lanes.dtype, integers[gradArrayNames[quantity]]!, given.per === 'step' ? neurons * steps : neurons);
  // The kernel's gradient of tau is with respect to the leak factor.
  const slope = (value: number) => leakSlope(dt, value, integration);
  if (given.per === 'scalar') {
    let sum = 0;
    loops.add(neurons, (from, to) => {
      for (let b = from; b < to; b++) sum += gradient[b]!;
      gradients[quantity] = quantity === 'tau' ? slope(given.value) * sum : sum;
    });
    return;
  }
  gradients[quantity] = gradient;
  if (quantity === 'tau')
    loops.add(neurons, (from, to) => {
      for (let b = from; b < to; b++) gradient[b]! *= slope(valueAt(given.values, b));
    });
}
