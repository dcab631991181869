import { inferenceAnswer } from '../src/responses/formats.ts';
import { requireOneTensor, responseOutline, type ResponseOutline } from '../src/responses/outline.ts';
import { dryRunResponse, respond, responseTree } from '../src/responses/response.ts';
import { frameHeader, mediaTypes } from '../src/codecs/media-types.ts';
import { encodeAnswer } from '../src/codecs/answer-json.ts';
import { bytesOf } from '../src/codecs/chunks.ts';
import { compute } from '../src/compute/backends/reference/reference-backend.ts';
import type { Answer } from '../src/compute/engine/engine.ts';
import type { NumberAlgebra } from '../src/compute/float64-algebra.ts';
import { materialize, type Numbers } from '../src/compute/numbers.ts';
import type { Job, LifSimulateJob, LifSimulateResult, NetworkJob, NetworkSimulateResult, ResultOf } from '../src/compute/jobs.ts';
import { runRecordLoss } from '../src/compute/losses/run-record-loss.ts';
import { layerPath, layerProblem } from '../src/compute/networks/layers.ts';
import { programOf } from '../src/compute/neurons/terms.ts';
import { Problem, type ProblemCode } from '../src/errors/problems.ts';
import type { Limits } from '../src/config/limits.ts';
import { NamedTensorsError } from '../src/requests/networks/named-tensors.ts';
import { hasRecordLoss, type Plan } from '../src/requests/plan.ts';
import { planOfBody } from '../src/requests/bodies/body-to-plan.ts';
import { randomNumbers } from '../support/random-numbers.ts';
import type { Message } from './messages.ts';
import { stochasticAlgebra, stochasticFloat64Algebra } from './stochastic-algebra.ts';

/** What a message has to be answered. */
export type Expectation =
  | { readonly kind: 'problem'; readonly code: ProblemCode }
  | { readonly kind: 'overflow' }
  | {
      readonly kind: 'answer';
      /** In float64, as JSON. */
      readonly exact: unknown;
      /** The same in the answer's arithmetic, rounding by chance, several times: how far rounding may move the answer. */
      readonly rounded: readonly unknown[];
      /** Whether rounding may decide a spike, so that only shapes are sure. */
      readonly isOnEdge: boolean;
      /** Whether all digits of float64 have to be right but the last few. */
      readonly isFloat64: boolean;
      readonly media: string;
    };

type NeuronJob = Extract<Job, { readonly problem: unknown }>;
type SteppedJob = NeuronJob | NetworkJob;

function hasSteps(job: Job): job is SteppedJob {
  return 'problem' in job || 'network' in job;
}

/** So many that chance hardly makes all of them round alike. */
const roundedRuns = 12;

/**
 * Foretells an answer by reading the body with JSON.parse and computing with the float64 reference; undefined where the headers
 * make it too uncertain what the body is.
 */
export async function expectationOf(message: Message, limits: Limits): Promise<Expectation | undefined> {
  const { operation, form, body, headers, query, isPlain } = message;
  if (!isPlain || body.length === 0) return undefined;
  const jsonBytes = headers[frameHeader] === undefined ? body.length : Number(headers[frameHeader]);
  if (jsonBytes > body.length) return { kind: 'problem', code: 'invalid_frame' };
  const media = form === 'inference' ? mediaTypes.json : (headers.accept ?? (form === 'npy' ? mediaTypes.npy : mediaTypes.json));
  try {
    const plan: Plan = planOfBody(operation, { form, bytes: body, jsonBytes, query }, limits);
    const outline = responseOutline(plan);
    if (media === mediaTypes.npy) requireOneTensor(outline);
    if (plan.options.dry_run === true) return dryRunOf(outline, form);
    const isFloat64 = plan.job.dtype === 'float64';
    // The reference takes numbers as they were sent; other back-ends round them first.
    const takesFloat64 = isFloat64 || plan.options.backend === 'reference';
    const given = takesFloat64 ? plan : roundedToFloat32(plan);
    const exact = await answerOf(given).catch(async (error: unknown) => {
      // Parameters that are all but equal may be equal once they are rounded; what is derived from them then overflows in one arithmetic alone.
      if (error instanceof RangeError && given !== plan) await answerOf(plan);
      else throw error;
      return null;
    });
    if (exact === null) return undefined;
    if (!isFloat64 && !hasSteps(given.job)) return { kind: 'answer', exact, rounded: [], isOnEdge: false, isFloat64, media };
    // The same for every message, so that one can be tried again.
    const ops = (isFloat64 ? stochasticFloat64Algebra : stochasticAlgebra)(randomNumbers(1));
    const runs = Array.from({ length: roundedRuns }, () => answerOf(given, ops));
    // What follows from parameters is derived from them as they were sent: a difference of two of them may be moved far by rounding them first.
    if (given !== plan) runs.push(answerOf(plan));
    const rounded = await Promise.all(runs.map((run) => run.catch(() => null)));
    // In float64 neurons step as the reference's do, to the bit.
    return { kind: 'answer', exact, rounded, isOnEdge: !isFloat64 && hasSteps(given.job) && isOnEdge(given.job), isFloat64, media };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', code: error.code };
    if (error instanceof RangeError) return { kind: 'overflow' };
    // No tensor has a digest that is made up.
    if (error instanceof NamedTensorsError) return { kind: 'problem', code: 'tensor_unknown' };
    throw error;
  }
}

function dryRunOf(outline: ResponseOutline, form: Message['form']): Expectation {
  if (form === 'inference') return { kind: 'problem', code: 'invalid_request' };
  const backend = { name: 'reference', device: '', dtype: 'float32' } as const;
  const exact = dryRunResponse(outline, { backend, computeMs: 0, queueMs: 0 });
  return { kind: 'answer', exact, rounded: [], isOnEdge: false, isFloat64: true, media: mediaTypes.json };
}

async function answerOf(plan: Plan, ops?: NumberAlgebra): Promise<unknown> {
  const { job, reply } = plan;
  const backend = { name: 'reference', device: '', dtype: 'float64' } as const;
  // `compute` pairs every kind of job with its result.
  const run = <J extends Job>(job: J): Answer<J> => {
    const result = compute(job, ops) as ResultOf[J['kind']];
    return { result, backend, fallback: undefined, queueMs: 0, computeMs: 0 };
  };
  const computed: Answer = hasRecordLoss(plan) ? await runRecordLoss(plan.job, plan.recordLoss, run) : run(job);
  const response = await respond(responseOutline(plan), computed);
  const { text } =
    reply === undefined
      ? encodeAnswer(responseTree(response), { encoding: 'json', dtype: 'float64' })
      : inferenceAnswer(response, { ...reply, binary: [] }, 'float64');
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(text)) chunks.push(Uint8Array.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

/** A copy of plain data, all of whose numbers are there and rounded to float32. */
function roundedToFloat32<Data>(data: Data): Data {
  const copy = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (ArrayBuffer.isView(node) || 'generate' in node) return Float64Array.from(materialize(node as Numbers), Math.fround);
    if (Array.isArray(node)) return node.map(copy);
    if (Object.getPrototypeOf(node) !== Object.prototype) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(data) as Data;
}

/** A run for each surrogate of a smooth job, whose steps depend on it; else one. */
function runsOf(job: NeuronJob): readonly LifSimulateJob[] {
  const { problem } = job;
  const { states, spike } = programOf(problem).step;
  const record = new Set([
    'v_pre',
    'v_post',
    ...states.filter((state) => state !== 'v'),
    ...(spike ? ['spike_counts', 'spike_times'] : []),
  ]);
  const run = { kind: 'lif_simulate', problem, record } as const;
  if (problem.smooth !== true) return [run];
  const surrogates = job.kind === 'lif_simulate' ? [job.surrogate!] : job.surrogates;
  return surrogates.map((surrogate) => ({ ...run, surrogate }));
}

const coarseRuns = 6;
/** Of a float32's 24 digits: rounding that is 64 times as coarse. */
const coarseDigits = 18;

/** Whether coarser rounding decides a spike or moves the states far, or they grow beyond what float32 follows. */
function isOnEdge(job: SteppedJob): boolean {
  return 'network' in job ? isNetworkOnEdge(job) : areNeuronsOnEdge(job);
}

function areNeuronsOnEdge(job: NeuronJob): boolean {
  const { current } = job.problem;
  // An input that a held neuron does not take may still overflow where it is multiplied.
  if (
    (current.per === 'scalar' ? [current.value] : Array.from<number>(materialize(current.values))).some((value) => Math.abs(value) > 1e30)
  )
    return true;
  return runsOf(job).some((run) => {
    const exact = compute(run) as LifSimulateResult;
    return isMovedFar(exact.series, spikesOf(exact), (ops) => {
      const coarse = compute(run, ops) as LifSimulateResult;
      return { series: coarse.series, spikes: spikesOf(coarse) };
    });
  });
}

function isNetworkOnEdge({ network }: NetworkJob): boolean {
  const record = network.layers.flatMap((_, layer) => {
    const { states, spike } = programOf(layerProblem(network, layer)).step;
    const names = ['v_pre', 'v_post', ...states.filter((state) => state !== 'v'), ...(spike ? ['spikes'] : [])];
    return names.map((name) => layerPath(layer, name));
  });
  const run = (ops?: NumberAlgebra) => {
    const { records } = compute({ kind: 'network_simulate', network, record }, ops) as NetworkSimulateResult;
    const isOfSpikes = (path: string) => path.endsWith('/spikes');
    const entries = Object.entries(records);
    return {
      series: Object.fromEntries(entries.filter(([path]) => !isOfSpikes(path))),
      spikes: entries.flatMap(([path, values]) => (isOfSpikes(path) ? [values.join()] : [])).join(';'),
    };
  };
  const exact = run();
  return isMovedFar(exact.series, exact.spikes, run);
}

type Series = Readonly<Record<string, ArrayLike<number>>>;

function isMovedFar(
  exact: Series,
  spikes: string,
  runCoarsely: (ops: NumberAlgebra) => { readonly series: Series; readonly spikes: string },
): boolean {
  if (Object.values(exact).some((values) => Array.from(values).some((value) => !(Math.abs(value) < 1e6)))) return true;
  const ops = stochasticAlgebra(randomNumbers(2), coarseDigits);
  return Array.from({ length: coarseRuns }).some(() => {
    const coarse = runCoarsely(ops);
    return coarse.spikes !== spikes || Object.entries(exact).some(([name, values]) => isFar(coarse.series[name]!, values));
  });
}

function spikesOf({ spike_counts, spike_steps }: LifSimulateResult): string {
  return [spike_counts ?? [], spike_steps?.steps ?? []].map((one) => one.join()).join(';');
}

/** Whether numbers differ by more than rounding makes of them. */
function isFar(moved: ArrayLike<number>, values: ArrayLike<number>): boolean {
  const exact = Array.from(values);
  const scale = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return exact.some((value, i) => !(Math.abs(moved[i]! - value) <= 1e-2 * scale));
}
