import {
  adjointPart,
  firingRateLoss,
  leakFactor,
  leakSlope,
  lifAdjoint,
  lifStep,
  type LifStructure,
  type LifTerms,
} from '../../neurons/lif.ts';
import { valueAt } from '../../generated-numbers.ts';
import type { LifGradJob, LifGradResult, LifProblem, LifSimulateJob, LifSimulateResult, Quantity } from '../../jobs.ts';
import type { NumberAlgebra } from '../../float64-algebra.ts';
import type { StopCheck } from './stop-check.ts';
import { surrogateFunctions } from './surrogates.ts';

/** A quantity's value for neuron b at step t of T. */
function at(quantity: Quantity, b: number, t: number, steps: number): number {
  switch (quantity.per) {
    case 'scalar':
      return quantity.value;
    case 'neuron':
      return valueAt(quantity.values, b);
    case 'step':
      return valueAt(quantity.values, b * steps + t);
  }
}

function termsOf(ops: NumberAlgebra, problem: LifProblem, b: number): LifTerms<number> {
  const of = (quantity: Quantity): number => ops.constant(at(quantity, b, 0, problem.steps));
  return {
    leak: ops.constant(leakFactor(problem.dt, of(problem.tau), problem.integration)),
    threshold: of(problem.v_threshold),
    vReset: of(problem.v_reset),
    vRest: of(problem.v_rest),
    resistance: of(problem.resistance),
  };
}

/** One neuron's run of T steps. */
interface Trace {
  /** [T + 1]: the potential before each step, and after the last. */
  readonly v: Float64Array;
  /** [T]: the potential before each step's reset. */
  readonly vPre: Float64Array;
  /** [T]: 1 where the neuron fired. */
  readonly spikes: Uint8Array;
  /** [T]: 1 where it was refractory. */
  readonly refractory: Uint8Array;
  spikeCount: number;
}

function emptyTrace(steps: number): Trace {
  return {
    v: new Float64Array(steps + 1),
    vPre: new Float64Array(steps),
    spikes: new Uint8Array(steps),
    refractory: new Uint8Array(steps),
    spikeCount: 0,
  };
}

function structureOf(problem: LifProblem, detachReset: boolean): LifStructure {
  return { reset: problem.reset, inputScaling: problem.inputScaling, detachReset };
}

/** Fills `trace` with neuron b's run. */
function simulateNeuron(ops: NumberAlgebra, problem: LifProblem, b: number, trace: Trace, stop: StopCheck): void {
  const { steps } = problem;
  const structure = structureOf(problem, false);
  const terms = termsOf(ops, problem, b);
  let refractoryLeft = 0;
  trace.spikeCount = 0;
  trace.v[0] = at(problem.v_init, b, 0, steps);
  for (let t = 0; t < steps; t++) {
    stop.step();
    const refractory = refractoryLeft > 0;
    const step = lifStep(ops, structure, terms, { v: trace.v[t]!, current: ops.constant(at(problem.current, b, t, steps)), refractory });
    refractoryLeft = step.spike ? problem.refractorySteps : Math.max(refractoryLeft - 1, 0);
    trace.vPre[t] = step.vPre;
    trace.v[t + 1] = step.v;
    trace.spikes[t] = Number(step.spike);
    trace.refractory[t] = Number(refractory);
    trace.spikeCount += Number(step.spike);
  }
}

/** Runs the neurons of a job forward; returns what its `record` asks for. */
export function lifSimulate({ problem, record }: LifSimulateJob, ops: NumberAlgebra, stop: StopCheck): LifSimulateResult {
  const { neurons, steps, dt } = problem;
  const counts = new Int32Array(neurons);
  const rates = new Float64Array(neurons);
  const final = new Float64Array(neurons);
  const spikeSteps: number[] = [];
  const offsets = new Int32Array(neurons + 1);
  const series = (wanted: boolean): number => (wanted ? neurons * steps : 0);
  const spikes = new Uint8Array(series(record.has('spikes')));
  const v = new Float64Array(series(record.has('v')));
  const vPre = new Float64Array(series(record.has('v_pre')));

  const trace = emptyTrace(steps);
  for (let b = 0; b < neurons; b++) {
    simulateNeuron(ops, problem, b, trace, stop);
    counts[b] = trace.spikeCount;
    rates[b] = (trace.spikeCount / (steps * dt)) * 1000;
    final[b] = trace.v[steps]!;
    if (record.has('spikes')) spikes.set(trace.spikes, b * steps);
    if (record.has('v')) v.set(trace.v.subarray(1), b * steps);
    if (record.has('v_pre')) vPre.set(trace.vPre, b * steps);
    if (record.has('spike_times')) {
      for (let t = 0; t < steps; t++) {
        stop.step();
        if (trace.spikes[t] === 1) spikeSteps.push(t);
      }
    }
    offsets[b + 1] = spikeSteps.length;
  }

  return {
    ...(record.has('spike_counts') && { spike_counts: counts }),
    ...(record.has('firing_rates') && { firing_rates: rates }),
    ...(record.has('spike_times') && { spike_steps: { steps: Int32Array.from(spikeSteps), offsets } }),
    ...(record.has('spikes') && { spikes }),
    ...(record.has('v') && { v }),
    ...(record.has('v_pre') && { v_pre: vPre }),
    ...(record.has('v_final') && { v_final: final }),
  };
}

/** One neuron's loss, and what the loss adds to the cotangents of s[t] and v[t]. */
interface NeuronLoss {
  readonly loss: number;
  spikeBar(t: number): number;
  vBar(t: number): number;
}

function lossOf(ops: NumberAlgebra, { loss, problem }: LifGradJob, b: number, trace: Trace, stop: StopCheck): NeuronLoss {
  const { steps, dt } = problem;
  switch (loss.type) {
    case 'spike_count':
      return { loss: trace.spikeCount, spikeBar: () => 1, vBar: () => 0 };
    case 'firing_rate_mse': {
      const rate = firingRateLoss(ops, trace.spikeCount, 1000 / (steps * dt), at(loss.target, b, 0, steps));
      return { loss: rate.loss, spikeBar: () => rate.spikeBar, vBar: () => 0 };
    }
    case 'cotangent': {
      const cotangent = (quantity: Quantity | undefined) => (t: number) => (quantity === undefined ? 0 : at(quantity, b, t, steps));
      const spikeBar = cotangent(loss.spikes);
      const vBar = cotangent(loss.v);
      let sum = 0;
      for (let t = 0; t < steps; t++) {
        stop.step();
        sum = ops.add(sum, ops.add(spikeBar(t) * trace.spikes[t]!, ops.mul(vBar(t), trace.v[t + 1]!)));
      }
      return { loss: sum, spikeBar, vBar };
    }
  }
}

/** A gradient in the form of its quantity: summed over the neurons and steps that share a value. */
class Accumulator {
  readonly #ops: NumberAlgebra;
  readonly #per: Quantity['per'];
  readonly #sums: Float64Array;
  readonly #steps: number;

  constructor(ops: NumberAlgebra, quantity: Quantity, { neurons, steps }: LifProblem) {
    this.#ops = ops;
    this.#per = quantity.per;
    this.#steps = steps;
    this.#sums = new Float64Array({ scalar: 1, neuron: neurons, step: neurons * steps }[quantity.per]);
  }

  add(b: number, t: number, contribution: number): void {
    const i = { scalar: 0, neuron: b, step: b * this.#steps + t }[this.#per];
    this.#sums[i] = this.#ops.add(this.#sums[i]!, contribution);
  }

  get result(): number | Float64Array {
    return this.#per === 'scalar' ? this.#sums[0]! : this.#sums;
  }
}

/** Gradients of the loss by back-propagation through time, neuron by neuron. */
export function lifGrad(job: LifGradJob, ops: NumberAlgebra, stop: StopCheck): LifGradResult {
  const { problem, surrogates, wrt } = job;
  const { neurons, steps, dt, integration } = problem;
  const structure = structureOf(problem, job.detachReset);
  const runs = surrogates.map((surrogate) => ({
    surrogateGrad: surrogateFunctions(surrogate, ops).grad,
    loss: new Float64Array(neurons),
    spike_counts: new Int32Array(neurons),
    gradients: wrt.map((name) => ({ name, sums: new Accumulator(ops, problem[name], problem) })),
  }));

  const trace = emptyTrace(steps);
  for (let b = 0; b < neurons; b++) {
    simulateNeuron(ops, problem, b, trace, stop);
    const terms = termsOf(ops, problem, b);
    const slope = ops.constant(leakSlope(dt, at(problem.tau, b, 0, steps), integration));
    const neuronLoss = lossOf(ops, job, b, trace, stop);
    for (const run of runs) {
      run.loss[b] = neuronLoss.loss;
      run.spike_counts[b] = trace.spikeCount;
      let vBar = 0;
      for (let t = steps - 1; t >= 0; t--) {
        stop.step();
        const adjoint = lifAdjoint(ops, structure, terms, {
          vBar: ops.add(vBar, neuronLoss.vBar(t)),
          spikeBar: neuronLoss.spikeBar(t),
          v: trace.v[t]!,
          vPre: trace.vPre[t]!,
          spike: trace.spikes[t] === 1,
          current: ops.constant(at(problem.current, b, t, steps)),
          surrogateGrad: run.surrogateGrad(ops.sub(trace.vPre[t]!, terms.threshold), terms.threshold),
          refractory: trace.refractory[t] === 1,
        });
        vBar = adjoint.v;
        for (const { name, sums } of run.gradients) {
          if (name !== 'v_init') sums.add(b, t, name === 'tau' ? ops.mul(adjoint.leak, slope) : adjoint[adjointPart[name]]);
        }
      }
      run.gradients.find(({ name }) => name === 'v_init')?.sums.add(b, 0, vBar);
    }
  }

  return runs.map((run) => ({
    loss: run.loss,
    spike_counts: run.spike_counts,
    grad: Object.fromEntries(run.gradients.map(({ name, sums }) => [name, sums.result])),
  }));
}
