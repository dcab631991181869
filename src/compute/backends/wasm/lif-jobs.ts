import { valueAt, type Numbers } from '../../generated-numbers.ts';
import { bytesPerNumber, differentiable, dtypeOf } from '../../jobs.ts';
import { leakFactor, leakSlope } from '../../lif.ts';
import type { LifStructure } from '../../lif.ts';
import type {
  Differentiable,
  LifGradJob,
  LifGradResult,
  LifProblem,
  LifSimulateJob,
  LifSimulateResult,
  Loss,
  NeuronQuantity,
  Quantity,
  Values,
} from '../../jobs.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import type { Arena } from '../../arena.ts';
import { lanesOf, vectorsOf, type LaneType } from './lanes.ts';
import type { Kept, Program, Surroundings } from './launch.ts';
import { lifForwardKernel } from './lif-forward-kernel.ts';
import { gradScratchBytes, lifGradKernel } from './lif-grad-kernel.ts';
import { lifTerms } from './lif-spec.ts';
import type { ForwardOutput, LifGradKernelSpec, LifKernelSpec, LifTerm, TermForm } from './lif-spec.ts';
import { shapeKey } from './surrogate-jobs.ts';
import { SlicedLoops } from './sliced-loops.ts';
import { setSurrogateParameters } from './surrogate-kernel.ts';
import { writeJobBlock } from './uniforms.ts';

/** What a quantity is called in kernels: as a number, and as an array. */
type Bindable = LifTerm | 'target' | 'spikeBar' | 'vBarIn';
const arrayNames = {
  leak: 'leakArray', threshold: 'thresholdArray', vReset: 'vResetArray', vRest: 'vRestArray', resistance: 'resistanceArray', vInit: 'vInitArray', current: 'currentArray',
  target: 'targetArray', spikeBar: 'spikeBarArray', vBarIn: 'vBarInArray',
} as const satisfies Record<Bindable, string>;
const gradArrayNames = {
  current: 'currentGradArray', tau: 'tauGradArray', v_threshold: 'v_thresholdGradArray', v_reset: 'v_resetGradArray', v_rest: 'v_restGradArray', resistance: 'resistanceGradArray', v_init: 'v_initGradArray',
} as const satisfies Record<Differentiable, string>;

/** A problem's numbers laid down in memory, with what a kernel must know of their form. */
class Binding {
  readonly lanes: LaneType;
  /** Addresses and counts by the kernels' names. */
  readonly integers: Record<string, number>;
  readonly parameters: Record<string, number>;
  readonly terms: Readonly<Record<LifTerm, TermForm>>;
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
    const leak = (value: number) => leakFactor(dt, value, integration);
    this.terms = {
      leak: tau.per === 'job' ? this.quantity('leak', { per: 'job', value: leak(tau.value) }) : this.#mapped('leak', tau.values, leak),
      threshold: this.quantity('threshold', problem.v_threshold),
      vReset: this.#optional('vReset', problem.v_reset, 'zero'),
      vRest: this.#optional('vRest', problem.v_rest, 'zero'),
      resistance: this.#optional('resistance', problem.resistance, 'one'),
      vInit: this.#optional('vInit', problem.v_init, 'zero'),
      current: this.#current(problem.current),
    };
  }

  /** Binds one quantity: a number stays one, an array is copied. */
  quantity(name: Bindable, quantity: Quantity): 'job' | 'neuron' | 'step' {
    if (quantity.per === 'job') {
      this.parameters[name] = this.lanes.round(quantity.value);
      return 'job';
    }
    const length = quantity.per === 'neuron' ? this.padded : this.padded * this.#steps;
    this.integers[arrayNames[name]] = this.#arena.put(this.lanes.dtype, quantity.values, length, this.loops);
    return quantity.per;
  }

  /** Binds what a function makes of each neuron's value. */
  #mapped(name: Bindable, values: Numbers, map: (value: number) => number): 'neuron' {
    const { dtype } = this.lanes;
    const address = this.#arena.allocate(bytesPerNumber[dtype] * this.padded);
    const mapped = this.#arena.numbers(dtype, address, this.padded);
    mapped.fill(0, values.length);
    this.loops.add(values.length, (from, to) => { for (let b = from; b < to; b++) mapped[b] = map(valueAt(values, b)); });
    this.integers[arrayNames[name]] = address;
    return 'neuron';
  }

  /** The same, with numbers that take an operation out of the kernel recognised. */
  #optional(name: Bindable, quantity: NeuronQuantity, without: 'zero' | 'one'): TermForm {
    const absent = without === 'zero' ? 0 : 1;
    return quantity.per === 'job' && quantity.value === absent ? without : this.quantity(name, quantity);
  }

  #current(current: Quantity): TermForm {
    if (current.per !== 'job') return this.quantity('current', current);
    // As an array, so that a number and an array of equal numbers go through the same operations.
    this.integers.currentArray = this.#arena.fill(this.lanes.dtype, current.value, this.padded, this.loops);
    return 'neuron';
  }
}

function structureOf(problem: LifProblem, detachReset: boolean): LifStructure {
  return { reset: problem.reset, inputScaling: problem.inputScaling, detachReset };
}

const formCodes: Readonly<Record<TermForm, number>> = { zero: 0, one: 1, job: 2, neuron: 3, step: 4 };
const resetCodes: Readonly<Record<LifStructure['reset'], number>> = { hard: 0, soft: 1, none: 2 };

/** What distinguishes one problem's kernel from another's, as one number: a key is made for every request. */
function specCode({ lanes, structure, terms, refractory }: LifKernelSpec): number {
  let code = resetCodes[structure.reset];
  code = 2 * code + (structure.inputScaling ? 1 : 0);
  code = 2 * code + (structure.detachReset ? 1 : 0);
  code = 2 * code + (refractory ? 1 : 0);
  code = 2 * code + (lanes.bits === 64 ? 1 : 0);
  for (const name of lifTerms) code = 5 * code + formCodes[terms[name]];
  return code;
}

const lossCodes: Readonly<Record<Loss['type'], number>> = { spike_count: 0, firing_rate_mse: 1, cotangent: 2 };

/** The same of what is differentiated, and with respect to what. */
function gradCode({ loss, target, cotangents, wrt }: LifGradKernelSpec): number {
  let code = lossCodes[loss];
  for (const form of [target, cotangents.spikeBar, cotangents.vBarIn]) code = 5 * code + formCodes[form];
  for (const quantity of differentiable) code = 2 * code + (wrt.includes(quantity) ? 1 : 0);
  return code;
}

export function* lifSimulate({ kernels, arena, keep }: Surroundings, job: LifSimulateJob): Program<LifSimulateResult> {
  const { problem, record } = job;
  const { neurons, steps } = problem;
  const lanes = lanesOf[dtypeOf(job)];
  const bound = new Binding(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = bound;
  if (loops.areWaiting) yield* loops.run();
  const spec: LifKernelSpec = {
    lanes,
    structure: structureOf(problem, false),
    terms: bound.terms,
    refractory: problem.refractorySteps > 0,
  };
  const launch = (outputs: ReadonlySet<ForwardOutput>) => {
    const kernel = kernels.get(`simulate ${[...outputs].sort().join()} ${specCode(spec)}`, () => lifForwardKernel(spec, outputs));
    return { kernel, job: writeJobBlock(arena, kernel, integers, parameters), vectors, steps, scratchBytes: 0 };
  };

  const outputs = new Set<ForwardOutput>(['spikeCounts']);
  const from = arena.mark();
  integers.spikeCountsArray = arena.allocate(4 * padded);
  if (record.has('spikes')) {
    outputs.add('spikes');
    integers.spikesArray = arena.allocate(padded * steps);
  }
  if (record.has('v')) {
    outputs.add('v');
    integers.vArray = arena.allocate(lanes.bytes * padded * steps);
  }
  if (record.has('v_pre')) {
    outputs.add('vPre');
    integers.vPreArray = arena.allocate(lanes.bytes * padded * steps);
  }
  if (record.has('v_final')) {
    outputs.add('vFinal');
    integers.vFinalArray = arena.allocate(lanes.bytes * padded);
  }
  const to = arena.mark();
  yield launch(outputs);

  const kept = keep(arena, from, to);
  const counts = kept.integers(integers.spikeCountsArray, padded);
  const spikeCounts = counts.subarray(0, neurons);
  let events: LifSimulateResult['spike_steps'];
  if (record.has('spike_times')) {
    // The counts say how much room each neuron's spikes take; a second run, which costs little, fills it.
    const offsets = new Int32Array(padded + 1);
    loops.add(padded, (begin, end) => { for (let b = begin; b < end; b++) offsets[b + 1] = offsets[b]! + counts[b]!; });
    if (loops.areWaiting) yield* loops.run();
    integers.cursorsArray = arena.allocate(4 * padded);
    integers.eventsArray = arena.allocate(4 * offsets[padded]!);
    const eventsEnd = arena.mark();
    const cursors = integers.cursorsArray;
    const setCursors = (begin: number, end: number) => { arena.setIntegers(cursors + 4 * begin, offsets.subarray(begin, end)); };
    loops.add(padded, setCursors);
    if (loops.areWaiting) yield* loops.run();
    let areSet = true;
    // Only where the launch has to be run again are they written all at once.
    const prepare = () => {
      if (!areSet) setCursors(0, padded);
      areSet = false;
    };
    yield { ...launch(new Set<ForwardOutput>(['spikeEvents'])), prepare };
    events = {
      steps: keep(arena, integers.eventsArray, eventsEnd).integers(integers.eventsArray, offsets[neurons]!),
      offsets: offsets.subarray(0, neurons + 1),
    };
  }
  let rates: Values | undefined;
  if (record.has('firing_rates')) {
    const hertz = lanes.dtype === 'float32' ? new Float32Array(neurons) : new Float64Array(neurons);
    loops.add(neurons, (begin, end) => { for (let b = begin; b < end; b++) hertz[b] = (spikeCounts[b]! / (steps * problem.dt)) * 1000; });
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

export function* lifGrad({ kernels, arena, keep }: Surroundings, job: LifGradJob): Program<LifGradResult> {
  const { problem, loss, wrt } = job;
  const { neurons, steps } = problem;
  const lanes = lanesOf[dtypeOf(job)];
  const bound = new Binding(arena, lanes, problem);
  const { vectors, padded, integers, parameters, loops } = bound;

  let target: LifGradKernelSpec['target'] = 'job';
  let cotangents: LifGradKernelSpec['cotangents'] = { spikeBar: 'zero', vBarIn: 'zero' };
  if (loss.type === 'firing_rate_mse') {
    target = bound.quantity('target', loss.target) as 'job' | 'neuron';
    parameters.hzPerSpike = 1000 / (steps * problem.dt);
  } else if (loss.type === 'cotangent') {
    const form = (name: 'spikeBar' | 'vBarIn', cotangent: Quantity | undefined) => (cotangent === undefined ? 'zero' : bound.quantity(name, cotangent));
    cotangents = { spikeBar: form('spikeBar', loss.spikes), vBarIn: form('vBarIn', loss.v) };
  }

  if (loops.areWaiting) yield* loops.run();

  const results: LifGradResult[number][] = [];
  for (const surrogate of job.surrogates) {
    const spec: LifGradKernelSpec = {
      lanes,
      structure: structureOf(problem, job.detachReset),
      terms: bound.terms,
      refractory: problem.refractorySteps > 0,
      surrogate: surrogateShape(surrogate),
      loss: loss.type,
      target,
      cotangents,
      wrt,
    };
    const from = arena.mark();
    integers.spikeCountsArray = arena.allocate(4 * padded);
    integers.lossArray = arena.allocate(lanes.bytes * padded);
    for (const quantity of wrt) {
      integers[gradArrayNames[quantity]] = arena.allocate(lanes.bytes * padded * (quantity === 'current' && problem.current.per === 'step' ? steps : 1));
    }
    const to = arena.mark();
    const kernel = kernels.get(`lif ${shapeKey(spec.surrogate)} ${specCode(spec)} ${gradCode(spec)}`, () => lifGradKernel(spec));
    setSurrogateParameters(parameters, surrogate);
    const block = writeJobBlock(arena, kernel, integers, parameters);
    yield { kernel, job: block, vectors, steps, scratchBytes: gradScratchBytes(spec, steps) };
    const kept = keep(arena, from, to);
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
function bindGradient(gradients: Partial<Record<Differentiable, number | Values>>, kept: Kept, { lanes, integers, loops }: Binding, problem: LifProblem, quantity: Differentiable): void {
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
  if (quantity === 'tau') loops.add(neurons, (from, to) => { for (let b = from; b < to; b++) gradient[b]! *= slope(valueAt(given.values, b)); });
}
