import { valueAt } from '../../generated-numbers.ts';
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
import { leakFactor, leakSlope } from '../../lif.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import type { GraphJob, GraphOutputs, RowInput, SeriesInput } from './graph-job.ts';
import { lifGradGraph, type LifGradGraphSpec } from './lif-grad-graph.ts';
import { lifSimulateGraph, type SeriesOutput } from './lif-simulate-graph.ts';
import type { LifGraphSpec } from './neuron-chunk.ts';
import { parameterTerms } from './surrogate-jobs.ts';

/**
 * Steps that a graph holds one after the other. More would make kernels that XLA compiles for seconds; fewer would write every
 * neuron's state to memory more often than computing takes.
 */
const chunkSteps = 10;

/** Lengths that lists are given: with few of them XLA compiles a graph for few. A quarter more than needed at most. */
function roomFor(chunks: number): number {
  if (chunks <= 8) return chunks;
  const quarter = 2 ** (Math.floor(Math.log2(chunks - 1)) - 2);
  return Math.ceil(chunks / quarter) * quarter;
}

interface BoundProblem {
  readonly spec: LifGraphSpec;
  readonly chunks: number;
  readonly job: Pick<GraphJob, 'rows' | 'steps' | 'capacity' | 'arrays' | 'terms' | 'series' | 'numbers'>;
}

function bind(problem: LifProblem, detachReset: boolean): BoundProblem {
  const { neurons, steps, dt, integration, tau, current, refractorySteps } = problem;
  const chunks = Math.ceil(steps / chunkSteps);
  const capacity = roomFor(chunks) * chunkSteps;
  const overhang = steps % chunkSteps !== 0;
  const factor = (value: number) => leakFactor(dt, value, integration);
  const leak: RowInput = tau.per === 'scalar' ? { per: 'scalar', value: factor(tau.value) } : { ...tau, map: factor };
  return {
    spec: {
      structure: { reset: problem.reset, inputScaling: problem.inputScaling, detachReset },
      refractory: refractorySteps > 0,
      chunkSteps,
      overhang,
      current: current.per === 'step' ? 'step' : 'neuron',
    },
    chunks,
    job: {
      rows: neurons,
      steps,
      capacity,
      arrays: { v_init: problem.v_init, ...(current.per !== 'step' && { current }) },
      terms: { leak, v_threshold: problem.v_threshold, v_reset: problem.v_reset, v_rest: problem.v_rest, resistance: problem.resistance },
      series: current.per === 'step' ? { current } : {},
      numbers: {
        chunks: { type: 'int32', value: chunks },
        capacity: { type: 'int32', value: capacity },
        ...(overhang && { steps: { type: 'int32', value: steps } }),
        // A neuron cannot be held for longer than the run; the graph counts in float32.
        ...(refractorySteps > 0 && { refractory_steps: { type: 'float32', value: Math.min(refractorySteps, steps) } }),
      },
    },
  };
}

/** One run forward, and the result that its outputs make. */
export function lifSimulateWork(job: LifSimulateJob): {
  readonly jobs: readonly GraphJob[];
  result(outputs: readonly GraphOutputs[]): LifSimulateResult;
} {
  const { problem, record } = job;
  const { spec, job: bound } = bind(problem, false);
  const series: SeriesOutput[] = [
    ...(record.has('spikes') || record.has('spike_times') ? (['spikes'] as const) : []),
    ...(['v', 'v_pre'] as const).filter((name) => record.has(name)),
  ];
  const graphKey = `lif_simulate ${JSON.stringify(spec)} ${series.join()}`;
  const graphJob: GraphJob = {
    ...bound,
    graphKey,
    batchKey: `${graphKey} ${problem.steps} ${problem.refractorySteps}`,
    program: () => lifSimulateGraph(spec, series),
  };
  return { jobs: [graphJob], result: ([outputs]) => simulateResult(job, outputs!) };
}

function simulateResult({ problem, record }: LifSimulateJob, outputs: GraphOutputs): LifSimulateResult {
  const counts = outputs.spike_counts as Int32Array;
  const hzPerSpike = 1000 / (problem.steps * problem.dt);
  const spikes = outputs.spikes as Uint8Array | undefined;
  return {
    ...(record.has('spike_counts') && { spike_counts: counts }),
    ...(record.has('firing_rates') && { firing_rates: Float32Array.from(counts, (count) => count * hzPerSpike) }),
    ...(record.has('spike_times') && { spike_steps: spikeSteps(spikes!, counts, problem.steps) }),
    ...(record.has('spikes') && { spikes: spikes! }),
    ...(record.has('v') && { v: outputs.v as Float32Array }),
    ...(record.has('v_pre') && { v_pre: outputs.v_pre as Float32Array }),
    ...(record.has('v_final') && { v_final: outputs.v_final as Float32Array }),
  };
}

function spikeSteps(spikes: Uint8Array, counts: Int32Array, steps: number): NonNullable<LifSimulateResult['spike_steps']> {
  const offsets = new Int32Array(counts.length + 1);
  counts.forEach((count, b) => {
    offsets[b + 1] = offsets[b]! + count;
  });
  const times = new Int32Array(offsets[counts.length]!);
  let next = 0;
  for (let i = 0; i < spikes.length; i++) if (spikes[i] === 1) times[next++] = i % steps;
  return { steps: times, offsets };
}

/** One run for each surrogate. */
export function lifGradWork(job: LifGradJob): {
  readonly jobs: readonly GraphJob[];
  result(outputs: readonly GraphOutputs[]): LifGradResult;
} {
  return {
    jobs: job.surrogates.map((surrogate) => gradJob(job, surrogate)),
    result: (outputs) => outputs.map((output) => gradResult(job, output)),
  };
}

function gradJob(job: LifGradJob, surrogate: Surrogate): GraphJob {
  const { problem, loss, wrt } = job;
  const { spec, chunks, job: bound } = bind(problem, job.detachReset);
  const arrays: Record<string, RowInput> = { ...bound.arrays };
  const series: Record<string, SeriesInput> = { ...bound.series };
  const cotangent = (of: 'spikes' | 'v'): 'none' | 'neuron' | 'step' => {
    const given: Quantity | undefined = loss.type === 'cotangent' ? loss[of] : undefined;
    if (given === undefined) return 'none';
    if (given.per === 'step') series[`cotangent_${of}`] = given;
    else arrays[`cotangent_${of}`] = given;
    return given.per === 'step' ? 'step' : 'neuron';
  };
  const gradSpec: LifGradGraphSpec = {
    ...spec,
    surrogate: surrogateShape(surrogate),
    loss: loss.type,
    cotangents: { spikes: cotangent('spikes'), v: cotangent('v') },
    wrt,
  };
  const graphKey = `lif_grad ${JSON.stringify(gradSpec)}`;
  return {
    ...bound,
    arrays,
    series,
    terms: {
      ...bound.terms,
      ...parameterTerms(surrogate),
      ...(loss.type === 'firing_rate_mse' && {
        target: loss.target,
        hz_per_spike: { per: 'scalar', value: 1000 / (problem.steps * problem.dt) },
      }),
    },
    numbers: { ...bound.numbers, checkpoints: { type: 'int32', value: roomFor(chunks) } },
    graphKey,
    batchKey: `${graphKey} ${problem.steps} ${problem.refractorySteps}`,
    program: () => lifGradGraph(gradSpec),
  };
}

function gradResult({ problem, wrt }: LifGradJob, outputs: GraphOutputs): LifGradResult[number] {
  return {
    loss: outputs.loss as Float32Array,
    spike_counts: outputs.spike_counts as Int32Array,
    grad: Object.fromEntries(wrt.map((name) => [name, gradientOf(problem, name, outputs[`grad_${name}`] as Float32Array)])),
  };
}

/** One quantity's gradient in the form in which the problem gives the quantity. */
function gradientOf(problem: LifProblem, name: Differentiable, gradient: Float32Array): number | Values {
  const { dt, integration, tau } = problem;
  if (name === 'tau') {
    // The graph's gradient is with respect to the leak factor.
    const slope = (b: number) => leakSlope(dt, tau.per === 'scalar' ? tau.value : valueAt(tau.values, b), integration);
    return tau.per === 'scalar' ? slope(0) * total(gradient) : gradient.map((value, b) => value * slope(b));
  }
  return problem[name].per === 'scalar' ? total(gradient) : gradient;
}

/** Sum in float64. */
function total(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
