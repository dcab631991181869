import { valueAt, type Numbers } from '../../generated-numbers.ts';
import { leakFactor, leakSlope } from '../../lif.ts';
import { bytesPerNumber, dtypeOf } from '../../jobs.ts';
import type {
  Differentiable,
  LifGradJob,
  LifGradResult,
  LifProblem,
  LifSimulateJob,
  LifSimulateResult,
  Quantity,
  Values,
} from '../../jobs.ts';
import { maxBytes, type Arena } from '../../engine/arena.ts';
import { OutOfMemoryError } from '../../engine/errors.ts';
import type { Kernel } from './kernel-cache.ts';
import { forwardKernelRequest, forwardOutputs, lifGradKernelRequest, lifGradSpec, spikeEvents, termForms } from './kernel-requests.ts';
import { lanesOf, vectorsOf, type LaneType } from './lanes.ts';
import type { Kept, LaunchPlan, KernelContext } from './launch.ts';
import { gradScratchBytes } from './lif-grad-kernel.ts';
import type { LifTerm } from './lif-spec.ts';
import { SlicedLoops } from './sliced-loops.ts';
import { setSurrogateParameters } from './surrogate-kernel.ts';
import { writeJobBlock } from './uniforms.ts';

/** What a quantity is called in kernels: as a number, and as an array. */
type Bindable = LifTerm | 'target' | 'spikeBar' | 'vBarIn';
const arrayNames = {
  leak: 'leakArray',
  threshold: 'thresholdArray',
  vReset: 'vResetArray',
  vRest: 'vRestArray',
  resistance: 'resistanceArray',
  vInit: 'vInitArray',
  current: 'currentArray',
  target: 'targetArray',
  spikeBar: 'spikeBarArray',
  vBarIn: 'vBarInArray',
} as const satisfies Record<Bindable, string>;
const gradArrayNames = {
  current: 'currentGradArray',
  tau: 'tauGradArray',
  v_threshold: 'v_thresholdGradArray',
  v_reset: 'v_resetGradArray',
  v_rest: 'v_restGradArray',
  resistance: 'resistanceGradArray',
  v_init: 'v_initGradArray',
} as const satisfies Record<Differentiable, string>;

/** A problem's numbers laid down in memory. */
class Binding {
  readonly lanes: LaneType;
  /** Addresses and counts by the kernels' names. */
  readonly integers: Record<string, number>;
  readonly parameters: Record<string, number>;
  readonly vectors: number;
  /** Neurons including those that fill the last vector. */
  readonly padded: number;
  /** Over all neurons, or steps of all neurons. Kernels may be launched when they have run. */
  readonly loops = new SlicedLoops();
  readonly #arena: Arena;
  readonly #steps: number;

  constructor(arena: Arena, lanes: LaneType, problem: LifProblem) {
    const { neurons, steps, refractorySteps, dt, integration, tau } = problem;
    this.#arena = arena;
    this.lanes = lanes;
    this.#steps = steps;
    this.vectors = vectorsOf(neurons, lanes);
    this.padded = lanes.count * this.vectors;
    this.integers = { steps, refractorySteps };
    this.parameters = { steps };
    if (tau.per === 'job') this.parameters.leak = this.lanes.round(leakFactor(dt, tau.value, integration));
    else this.#mapped('leak', tau.values, (value) => leakFactor(dt, value, integration));
    this.quantity('threshold', problem.v_threshold);
    // Kernels do not ask for numbers that they leave out.
    const terms = termForms(problem);
    if (terms.vReset !== 'zero') this.quantity('vReset', problem.v_reset);
    if (terms.vRest !== 'zero') this.quantity('vRest', problem.v_rest);
    if (terms.resistance !== 'one') this.quantity('resistance', problem.resistance);
    if (terms.vInit !== 'zero') this.quantity('vInit', problem.v_init);
    this.#current(problem.current);
  }

  /** Binds one quantity: a number stays one, an array is copied. */
  quantity(name: Bindable, quantity: Quantity): void {
    if (quantity.per === 'job') {
      this.parameters[name] = this.lanes.round(quantity.value);
      return;
    }
    const length = quantity.per === 'neuron' ? this.padded : this.padded * this.#steps;
    this.integers[arrayNames[name]] = this.#arena.put(this.lanes.dtype, quantity.values, length, this.loops);
  }

  /** Binds what a function makes of each neuron's value. */
  #mapped(name: Bindable, values: Numbers, map: (value: number) => number): void {
    const { dtype } = this.lanes;
    const address = this.#arena.allocate(bytesPerNumber[dtype] * this.padded);
    const mapped = this.#arena.numbers(dtype, address, this.padded);
    mapped.fill(0, values.length);
    this.loops.add(values.length, (from, to) => {
      for (let b = from; b < to; b++) mapped[b] = map(valueAt(values, b));
    });
    this.integers[arrayNames[name]] = address;
  }

  #current(current: Quantity): void {
    // A number is an array to a kernel.
    if (current.per === 'job') this.integers.currentArray = this.#arena.fill(this.lanes.dtype, current.value, this.padded, this.loops);
    else this.quantity('current', current);
  }
}

export function* lifSimulate({ kernels, arena, readBack }: KernelContext, job: LifSimulateJob): LaunchPlan<LifSimulateResult> {
  const { problem, record } = job;
  const { neurons, steps } = problem;
  const lanes = lanesOf[dtypeOf(job)];
  const bound = new Binding(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = bound;
  if (loops.areWaiting) yield* loops.run();
  const launch = (kernel: Kernel) => ({ kernel, job: writeJobBlock(arena, kernel, integers, parameters), vectors, scratchBytes: 0 });

  const from = arena.mark();
  integers.spikeCountsArray = arena.allocate(4 * padded);
  if (record.has('spikes')) {
    integers.spikesArray = arena.allocate(padded * steps);
  }
  if (record.has('v')) {
    integers.vArray = arena.allocate(lanes.bytes * padded * steps);
  }
  if (record.has('v_pre')) {
    integers.vPreArray = arena.allocate(lanes.bytes * padded * steps);
  }
  if (record.has('v_final')) {
    integers.vFinalArray = arena.allocate(lanes.bytes * padded);
  }
  const to = arena.mark();
  const request = forwardKernelRequest(job, forwardOutputs(job));
  yield launch(kernels.find(request.key) ?? (yield request)!);

  const kept = readBack(arena, from, to);
  const counts = kept.integers(integers.spikeCountsArray, padded);
  const spikeCounts = counts.subarray(0, neurons);
  let events: LifSimulateResult['spike_steps'];
  if (record.has('spike_times')) {
    // The counts say how much room each neuron's spikes take; a second run, which costs little, fills it.
    const offsets = new Int32Array(padded + 1);
    loops.add(padded, (begin, end) => {
      writeRunningTotals(counts, offsets, begin, end);
    });
    if (loops.areWaiting) yield* loops.run();
    integers.cursorsArray = arena.allocate(4 * padded);
    integers.eventsArray = arena.allocate(4 * offsets[padded]!);
    const eventsEnd = arena.mark();
    const cursors = integers.cursorsArray;
    const setCursors = (begin: number, end: number) => {
      arena.setIntegers(cursors + 4 * begin, offsets.subarray(begin, end));
    };
    loops.add(padded, setCursors);
    if (loops.areWaiting) yield* loops.run();
    let areSet = true;
    // Only where the launch has to be run again are they written all at once.
    const prepare = () => {
      if (!areSet) setCursors(0, padded);
      areSet = false;
    };
    const second = forwardKernelRequest(job, spikeEvents);
    yield { ...launch(kernels.find(second.key) ?? (yield second)!), prepare };
    events = {
      steps: readBack(arena, integers.eventsArray, eventsEnd).integers(integers.eventsArray, offsets[neurons]!),
      offsets: offsets.subarray(0, neurons + 1),
    };
  }
  let rates: Values | undefined;
  if (record.has('firing_rates')) {
    const hertz = lanes.dtype === 'float32' ? new Float32Array(neurons) : new Float64Array(neurons);
    loops.add(neurons, (begin, end) => {
      for (let b = begin; b < end; b++) hertz[b] = (spikeCounts[b]! / (steps * problem.dt)) * 1000;
    });
    if (loops.areWaiting) yield* loops.run();
    rates = hertz;
  }
  return {
    ...(record.has('spike_counts') && { spike_counts: spikeCounts }),
    ...(rates && { firing_rates: rates }),
    ...(events && { spike_steps: events }),
    ...(record.has('spikes') && { spikes: kept.bytes(integers.spikesArray!, neurons * steps) }),
    ...(record.has('v') && { v: kept.numbers(lanes.dtype, integers.vArray!, neurons * steps) }),
    ...(record.has('v_pre') && { v_pre: kept.numbers(lanes.dtype, integers.vPreArray!, neurons * steps) }),
    ...(record.has('v_final') && { v_final: kept.numbers(lanes.dtype, integers.vFinalArray!, neurons) }),
  };
}

/**
 * Writes 0, c[0], c[0] + c[1], ... to `totals`, which is one longer than `counts`; of counts [from, to), after those before them.
 *
 * @throws {OutOfMemoryError} when so many steps are more than an arena holds.
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
  const bound = new Binding(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = bound;

  if (loss.type === 'firing_rate_mse') {
    bound.quantity('target', loss.target);
    parameters.hzPerSpike = 1000 / (steps * problem.dt);
  } else if (loss.type === 'cotangent') {
    if (loss.spikes !== undefined) bound.quantity('spikeBar', loss.spikes);
    if (loss.v !== undefined) bound.quantity('vBarIn', loss.v);
  }

  if (loops.areWaiting) yield* loops.run();

  const results: LifGradResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const spec = lifGradSpec(job, surrogate);
    const from = arena.mark();
    integers.spikeCountsArray = arena.allocate(4 * padded);
    integers.lossArray = arena.allocate(lanes.bytes * padded);
    for (const quantity of wrt) {
      integers[gradArrayNames[quantity]] = arena.allocate(
        lanes.bytes * padded * (quantity === 'current' && problem.current.per === 'step' ? steps : 1),
      );
    }
    const to = arena.mark();
    const request = lifGradKernelRequest(spec);
    const kernel = kernels.find(request.key) ?? (yield request)!;
    setSurrogateParameters(parameters, surrogate);
    const block = writeJobBlock(arena, kernel, integers, parameters);
    yield { kernel, job: block, vectors, scratchBytes: gradScratchBytes(spec, steps) };
    const kept = readBack(arena, from, to);
    const gradients: Partial<Record<Differentiable, number | Values>> = {};
    for (const quantity of wrt) bindGradient(gradients, kept, bound, problem, quantity);
    if (loops.areWaiting) yield* loops.run();
    results.push({
      loss: kept.numbers(lanes.dtype, integers.lossArray, neurons),
      spike_counts: kept.integers(integers.spikeCountsArray, neurons),
      grad: gradients,
    });
  }
  return results;
}

/** Adds one quantity's gradient, in the form in which the problem gives the quantity; it is whole when the binding's loops have run. */
function bindGradient(
  gradients: Partial<Record<Differentiable, number | Values>>,
  kept: Kept,
  { lanes, integers, loops }: Binding,
  problem: LifProblem,
  quantity: Differentiable,
): void {
  const { neurons, steps, dt, integration } = problem;
  const given = problem[quantity];
  const gradient = kept.numbers(lanes.dtype, integers[gradArrayNames[quantity]]!, given.per === 'step' ? neurons * steps : neurons);
  // The kernel's gradient of tau is with respect to k.
  const slope = (value: number) => leakSlope(dt, value, integration);
  if (given.per === 'job') {
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
