import {
  lossRecords,
  maxSpikeCount,
  recordPer,
  type Job,
  type LifGradJob,
  type LifGradResult,
  type LifSimulateJob,
  type LifSimulateResult,
  type NeuronProblem,
  type NeuronQuantity,
  type ResultOf,
  type SurrogateEvalJob,
  type SurrogateEvalResult,
  type SurrogateGradJob,
  type SurrogateGradResult,
} from '../../jobs.ts';
import type { Values } from '../../numbers.ts';
import { atOnce } from '../../loops.ts';
import { recordedValues } from '../../job-size.ts';
import { initialPath } from '../../neurons/program.ts';
import { addParameterGradient, programOf, pathsOf, termValuesByPath, type TermNumbers } from '../../neurons/terms.ts';
import { flatParameters } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { runtimeNames, surrogateShape } from '../../surrogates/shape.ts';
import { inSlices, type GraphJob, type GraphOutputs } from './graph-job.ts';
import { lifGradGraph, lifSimulateGraph, type LifGradGraphSpec, type LifSimulateGraphSpec } from './lif-graphs.ts';
import { termNames, type NeuronGraphSpec } from './neuron-chunk.ts';
import type { Program } from './program.ts';
import { parameterName, surrogateEvalGraph, surrogateGradGraph } from './surrogate-graphs.ts';

/** A job as runs of graphs, and the result that their outputs make. */
export interface LoweredJob<R> {
  readonly runs: readonly GraphJob[];
  readonly result: (outputs: readonly GraphOutputs[]) => R;
}

/** Whether there are graphs for a job: runs forward and gradients of neurons, with respect to all but the surrogate's parameters. */
export function hasGraphs(job: Job): boolean {
  if (job.kind === 'lif_jvp' || 'network' in job) return false;
  if ('problem' in job && job.problem.smooth === true) return false;
  return job.kind !== 'lif_grad' || !job.wrt.some((name) => name.startsWith('surrogate.'));
}

/** @throws {Error} when `hasGraphs` is false. */
export async function lowerJob(job: Job): Promise<LoweredJob<ResultOf[Job['kind']]>> {
  switch (job.kind) {
    case 'surrogate_eval':
      return lowerSurrogateEval(job);
    case 'surrogate_grad':
      return lowerSurrogateGrad(job);
    case 'lif_simulate':
      return lowerLifSimulate(job);
    case 'lif_grad':
      return lowerLifGrad(job);
    case 'lif_jvp':
    case 'network_simulate':
    case 'network_grad':
      throw new Error('there are no graphs for this job');
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
  const cotangent: NeuronQuantity =
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
function parameterTerms(surrogate: Surrogate): Record<string, NeuronQuantity> {
  const terms: Record<string, NeuronQuantity> = {};
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

/** A problem's inputs of its graphs. */
interface LoweredProblem {
  readonly spec: NeuronGraphSpec;
  /** The name of each term's input, by path. */
  readonly names: ReadonlyMap<string, string>;
  readonly inputs: Pick<GraphJob, 'rows' | 'steps' | 'capacity' | 'arrays' | 'terms' | 'series' | 'numbers'>;
}

async function lowerProblem(problem: NeuronProblem): Promise<LoweredProblem> {
  const { neurons, steps, current } = problem;
  const program = programOf(problem);
  const names = termNames(program);
  const numbers = termValuesByPath(problem, program);
  const initialPaths = new Set(program.step.states.map(initialPath));
  const arrays: Record<string, NeuronQuantity> = current.per === 'step' ? {} : { current };
  const terms: Record<string, NeuronQuantity> = {};
  for (const [path, name] of names) {
    // Both maps have every term of the program.
    const input = await rowInput(numbers.get(path)!, neurons);
    (initialPaths.has(path) ? arrays : terms)[name] = input;
  }
  const chunks = Math.ceil(steps / chunkSteps);
  const capacity = roundedUpLength(chunks) * chunkSteps;
  const overhang = steps % chunkSteps !== 0;
  return {
    spec: { program, chunkSteps, overhang, current: current.per === 'step' ? 'step' : 'neuron' },
    names,
    inputs: {
      rows: neurons,
      steps,
      capacity,
      arrays,
      terms,
      series: current.per === 'step' ? { current } : {},
      numbers: {
        chunks: { type: 'int32', value: chunks },
        capacity: { type: 'int32', value: capacity },
        ...(overhang && { steps: { type: 'int32', value: steps } }),
      },
    },
  };
}

async function rowInput(term: TermNumbers, neurons: number): Promise<NeuronQuantity> {
  if (!('fill' in term)) return term;
  const values = new Float32Array(neurons);
  await inSlices(neurons, (from, to) => {
    term.fill(values, from, to);
  });
  return { per: 'neuron', values };
}

/** The cache keys of a problem's graph: all that shapes it, and what jobs that run together have in common. */
function keysOf(kind: string, { program, ...shape }: NeuronGraphSpec, { steps }: NeuronProblem): Pick<GraphJob, 'graphKey' | 'batchKey'> {
  const graphKey = `${kind} ${program.key} ${JSON.stringify(shape)}`;
  return { graphKey, batchKey: `${graphKey} ${steps}` };
}

/** One run forward. */
async function lowerLifSimulate(job: LifSimulateJob): Promise<LoweredJob<LifSimulateResult>> {
  const { problem, record } = job;
  const { spec, inputs } = await lowerProblem(problem);
  const { states, spikes } = spec.program.step;
  const series = [...record].filter((name) => recordPer(name) === 'step');
  const simulateSpec: LifSimulateGraphSpec = {
    ...spec,
    series: record.has('spike_times') && !(record.has('spikes') && spikes === undefined) ? [...series, 'fired'] : series,
    finals: record.has('state') ? states : record.has('v_final') ? ['v'] : [],
    returned: spikes !== undefined && record.has('firing_rates'),
  };
  const run = { ...inputs, ...keysOf('lif_simulate', simulateSpec, problem), program: () => lifSimulateGraph(simulateSpec) };
  return { runs: [run], result: ([outputs]) => simulateResult(job, simulateSpec, outputs!) };
}

function simulateResult(
  { problem, record }: LifSimulateJob,
  { series, finals }: LifSimulateGraphSpec,
  outputs: GraphOutputs,
): LifSimulateResult {
  const counts = outputs.spike_counts as Int32Array;
  const hzPerSpike = 1000 / (problem.steps * problem.dt);
  const bySeries = Object.fromEntries(series.map((name, i) => [name, outputs[`series_${i}`] as Float32Array | Uint8Array]));
  const { fired = bySeries.spikes, ...recorded } = bySeries;
  const state = Object.fromEntries(finals.map((name, i) => [name, outputs[`final_${i}`] as Float32Array]));
  return {
    ...(record.has('spike_counts') && { spike_counts: counts }),
    ...(record.has('firing_rates') && { firing_rates: Float32Array.from(outputs.returned ?? counts, (sum) => sum * hzPerSpike) }),
    ...(record.has('spike_times') && { spike_steps: spikeSteps(fired!, problem) }),
    ...(record.has('v_final') && { v_final: state.v! }),
    ...(record.has('state') && { state }),
    series: recorded,
  };
}

/** The steps of the spikes; one in which a neuron fires several times stands there as often. */
function spikeSteps(fired: Uint8Array | Float32Array, problem: NeuronProblem): NonNullable<LifSimulateResult['spike_steps']> {
  const { neurons, steps } = problem;
  const maxTimes = recordedValues('spike_times', problem);
  const offsets = new Int32Array(neurons + 1);
  for (let b = 0, i = 0; b < neurons; b++) {
    let count = offsets[b]!;
    for (const end = i + steps; i < end; i++) count += fired[i]!;
    offsets[b + 1] = Math.min(count, maxSpikeCount);
  }
  if (offsets[neurons]! > maxTimes) return { steps: new Int32Array(0), offsets };
  const times = new Int32Array(offsets[neurons]!);
  let next = 0;
  for (let i = 0; i < fired.length; i++) for (let n = fired[i]!; n > 0; n--) times[next++] = i % steps;
  return { steps: times, offsets };
}

/** One run for each surrogate. */
async function lowerLifGrad(job: LifGradJob): Promise<LoweredJob<LifGradResult>> {
  const lowered = await lowerProblem(job.problem);
  const paths = pathsOf(lowered.spec.program, job.wrt);
  return {
    runs: job.surrogates.map((surrogate) => gradRun(job, surrogate, lowered, paths)),
    result: (outputs) => outputs.map((output) => gradResult(job, lowered, output)),
  };
}

function gradRun(job: LifGradJob, surrogate: Surrogate, { spec, inputs }: LoweredProblem, paths: readonly string[]): GraphJob {
  const { problem, loss, wrt } = job;
  const arrays = { ...inputs.arrays };
  const series = { ...inputs.series };
  const cotangents: Partial<Record<'spikes' | 'v' | 'v_pre', 'neuron' | 'step'>> = {};
  const seeded: string[] = [];
  if (loss.type === 'cotangent') {
    for (const name of lossRecords) {
      const given = loss[name];
      if (given === undefined) continue;
      if (given.per === 'step') series[`cotangent_${name}`] = given;
      else arrays[`cotangent_${name}`] = given;
      cotangents[name] = given.per === 'step' ? 'step' : 'neuron';
    }
    for (const [state, given] of Object.entries(loss.state ?? {})) arrays[`cotangent_state_${seeded.push(state) - 1}`] = given;
  }
  const gradSpec: LifGradGraphSpec = {
    ...spec,
    surrogate: surrogateShape(surrogate),
    loss: loss.type,
    cotangents,
    seeded,
    wrt: { current: wrt.includes('current'), terms: paths },
  };
  return {
    ...inputs,
    ...keysOf('lif_grad', gradSpec, problem),
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
    program: () => lifGradGraph(gradSpec),
  };
}

function gradResult({ problem, wrt }: LifGradJob, { spec, names }: LoweredProblem, outputs: GraphOutputs): LifGradResult[number] {
  const gradientOf = (input: string) => outputs[`grad_${input}`] as Float32Array;
  const grad: Record<string, number | Values> = {};
  for (const name of wrt) {
    if (name === 'current') grad.current = problem.current.per === 'scalar' ? sumOf(gradientOf('current')) : gradientOf('current');
    else
      addParameterGradient(problem, spec.program, name, (path) => gradientOf(names.get(path)!), {
        loops: atOnce,
        set: (gradient) => (grad[name] = gradient),
      });
  }
  return { loss: outputs.loss as Float32Array, spike_counts: outputs.spike_counts as Int32Array, grad };
}

/** Sum in float64. */
function sumOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
