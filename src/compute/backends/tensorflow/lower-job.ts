import { valueAt, type Values } from '../../generated-numbers.ts';
import type {
  Differentiable,
  Job,
  LifGradJob,
  LifGradResult,
  LifProblem,
  LifSimulateJob,
  LifSimulateResult,
  Quantity,
  ResultOf,
  SurrogateEvalJob,
  SurrogateEvalResult,
  SurrogateGradJob,
  SurrogateGradResult,
} from '../../jobs.ts';
import { leakFactor, leakSlope } from '../../neurons/lif.ts';
import { flatParameters } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { runtimeNames, surrogateShape } from '../../surrogates/shape.ts';
import type { GraphJob, GraphOutputs, RowInput } from './graph-job.ts';
import { lifGradGraph, lifSimulateGraph, type LifGradGraphSpec, type SeriesOutput } from './lif-graphs.ts';
import type { LifGraphSpec } from './neuron-chunk.ts';
import type { Program } from './program.ts';
import { parameterName, surrogateEvalGraph, surrogateGradGraph } from './surrogate-graphs.ts';

/** A job as runs of graphs, and the result that their outputs make. */
export interface LoweredJob<R> {
  readonly runs: readonly GraphJob[];
  readonly result: (outputs: readonly GraphOutputs[]) => R;
}

export function lowerJob(job: Job): LoweredJob<ResultOf[Job['kind']]> {
  switch (job.kind) {
    case 'surrogate_eval':
      return lowerSurrogateEval(job);
    case 'surrogate_grad':
      return lowerSurrogateGrad(job);
    case 'lif_simulate':
      return lowerLifSimulate(job);
    case 'lif_grad':
      return lowerLifGrad(job);
  }
}

function lowerSurrogateEval(job: SurrogateEvalJob): LoweredJob<SurrogateEvalResult> {
  const { surrogates, outputs: wanted } = job;
  return {
    runs: surrogates.map((surrogate) =>
      elementwise(job, surrogate, `surrogate_eval ${wanted.spike} ${wanted.value}`, () =>
        surrogateEvalGraph(surrogateShape(surrogate), wanted),
      ),
    ),
    result: (outputs) =>
      outputs.map(({ spike, value }) => ({
        ...(wanted.spike && { spike: spike as Uint8Array }),
        ...(wanted.value && { value: value as Float32Array }),
      })),
  };
}

function lowerSurrogateGrad(job: SurrogateGradJob): LoweredJob<SurrogateGradResult> {
  const cotangent: RowInput =
    typeof job.cotangent === 'number' ? { per: 'scalar', value: job.cotangent } : { per: 'neuron', values: job.cotangent };
  return {
    runs: job.surrogates.map((surrogate) => {
      const run = elementwise(job, surrogate, 'surrogate_grad', () => surrogateGradGraph(surrogateShape(surrogate)));
      return { ...run, terms: { ...run.terms, cotangent } };
    }),
    result: (outputs) => outputs.map(({ grad }) => ({ grad: grad as Float32Array })),
  };
}

function elementwise(job: SurrogateEvalJob | SurrogateGradJob, surrogate: Surrogate, kind: string, program: () => Program): GraphJob {
  const key = `${kind} ${JSON.stringify(surrogateShape(surrogate))}`;
  return {
    graphKey: key,
    batchKey: key,
    program,
    rows: job.x.length,
    steps: 0,
    capacity: 0,
    arrays: { x: { per: 'neuron', values: job.x } },
    terms: parameterTerms(surrogate),
    series: {},
    numbers: {},
  };
}

/** A surrogate's real-valued parameters as the inputs of `parameterInputs`. */
function parameterTerms(surrogate: Surrogate): Record<string, RowInput> {
  const terms: Record<string, RowInput> = {};
  const numbers = flatParameters(surrogate.parameters);
  for (const parameter of runtimeNames(surrogateShape(surrogate))) {
    const value = numbers[parameter]!;
    const high = Math.fround(value);
    terms[`${parameterName(parameter)}_high`] = { per: 'scalar', value: high };
    terms[`${parameterName(parameter)}_low`] = { per: 'scalar', value: value - high };
  }
  return terms;
}

/**
 * Steps that a graph holds one after the other. More would make kernels that XLA compiles for seconds; fewer would write every
 * neuron's state to memory more often than computing takes.
 */
const chunkSteps = 10;

/** List lengths are rounded up by a quarter at most: with few lengths XLA compiles few variants of a graph. */
function roundedUpLength(chunks: number): number {
  if (chunks <= 8) return chunks;
  const quarter = 2 ** (Math.floor(Math.log2(chunks - 1)) - 2);
  return Math.ceil(chunks / quarter) * quarter;
}

type ProblemInputs = Pick<GraphJob, 'rows' | 'steps' | 'capacity' | 'arrays' | 'terms' | 'series' | 'numbers'>;

function lowerProblem(problem: LifProblem, detachReset: boolean): { readonly spec: LifGraphSpec; readonly inputs: ProblemInputs } {
  const { neurons, steps, dt, integration, tau, current, refractorySteps } = problem;
  const chunks = Math.ceil(steps / chunkSteps);
  const capacity = roundedUpLength(chunks) * chunkSteps;
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
    inputs: {
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
        // Limited to the length of the run: the graph counts in float32.
        ...(refractorySteps > 0 && { refractory_steps: { type: 'float32', value: Math.min(refractorySteps, steps) } }),
      },
    },
  };
}

/** One run forward. */
function lowerLifSimulate(job: LifSimulateJob): LoweredJob<LifSimulateResult> {
  const { problem, record } = job;
  const { spec, inputs } = lowerProblem(problem, false);
  const series: SeriesOutput[] = [
    ...(record.has('spikes') || record.has('spike_times') ? (['spikes'] as const) : []),
    ...(['v', 'v_pre'] as const).filter((name) => record.has(name)),
  ];
  const graphKey = `lif_simulate ${JSON.stringify(spec)} ${series.join()}`;
  const run: GraphJob = {
    ...inputs,
    graphKey,
    batchKey: `${graphKey} ${problem.steps} ${problem.refractorySteps}`,
    program: () => lifSimulateGraph(spec, series),
  };
  return { runs: [run], result: ([outputs]) => simulateResult(job, outputs!) };
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
function lowerLifGrad(job: LifGradJob): LoweredJob<LifGradResult> {
  return {
    runs: job.surrogates.map((surrogate) => gradRun(job, surrogate)),
    result: (outputs) => outputs.map((output) => gradResult(job, output)),
  };
}

function gradRun(job: LifGradJob, surrogate: Surrogate): GraphJob {
  const { problem, loss, wrt } = job;
  const { spec, inputs } = lowerProblem(problem, job.detachReset);
  const arrays = { ...inputs.arrays };
  const series = { ...inputs.series };
  const cotangent = (name: 'spikes' | 'v'): 'none' | 'neuron' | 'step' => {
    const given: Quantity | undefined = loss.type === 'cotangent' ? loss[name] : undefined;
    if (given === undefined) return 'none';
    if (given.per === 'step') series[`cotangent_${name}`] = given;
    else arrays[`cotangent_${name}`] = given;
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
    ...inputs,
    arrays,
    series,
    terms: {
      ...inputs.terms,
      ...parameterTerms(surrogate),
      ...(loss.type === 'firing_rate_mse' && {
        target: loss.target,
        hz_per_spike: { per: 'scalar', value: 1000 / (problem.steps * problem.dt) },
      }),
    },
    numbers: { ...inputs.numbers, checkpoints: { type: 'int32', value: roundedUpLength(Math.ceil(problem.steps / chunkSteps)) } },
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
    return tau.per === 'scalar' ? slope(0) * sumOf(gradient) : gradient.map((value, b) => value * slope(b));
  }
  return problem[name].per === 'scalar' ? sumOf(gradient) : gradient;
}

/** Sum in float64. */
function sumOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
