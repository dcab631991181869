import { answerFields, type AnswerFields } from '../src/answers/answer.ts';
import { inferenceAnswer } from '../src/answers/inference.ts';
import { frameHeader, mediaTypes } from '../src/bodies/request-body.ts';
import { encodeAnswer } from '../src/codecs/answer-json.ts';
import { bytesOf } from '../src/codecs/pieces.ts';
import { compute } from '../src/compute/backends/reference/compute.ts';
import type { LifGradJob, LifProblem, LifSimulateJob, LifSimulateResult, Values } from '../src/compute/jobs.ts';
import { Problem, type ProblemCode } from '../src/errors/problems.ts';
import type { Limits } from '../src/limits.ts';
import { mapArrays } from '../src/requests/map-arrays.ts';
import { requireOneTensor } from '../src/requests/npy-request.ts';
import type { Operation, Plan } from '../src/requests/plan.ts';
import { readRequest } from '../src/requests/read-request.ts';
import type { Message } from './messages.ts';

/** What a message has to be answered. */
export type Expectation =
  | { readonly kind: 'problem'; readonly code: ProblemCode }
  | { readonly kind: 'overflow' }
  | {
      readonly kind: 'answer';
      /** In float64, as JSON. */
      readonly exact: unknown;
      /** The same for inputs that float32 cannot tell from those given: how far rounding may move the answer. */
      readonly nudged: readonly unknown[];
      /** Whether rounding may decide a spike, so that only shapes are sure. */
      readonly isOnEdge: boolean;
      /** How far a number may be off, as a share of the largest in its tensor: beside the contract tests, which look closer, this is to find what is wrong. */
      readonly tolerance: number;
      /** Whether the answer is in float64. */
      readonly isFloat64: boolean;
      readonly media: string;
    };

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
    const plan: Plan = readRequest(operation, { form, bytes: body, jsonBytes, query }, limits);
    if (media === mediaTypes.npy) requireOneTensor(plan);
    const isFloat64 = plan.options.dtype === 'float64';
    // The reference takes numbers as they were sent; other back-ends round them first.
    const takesFloat64 = isFloat64 || plan.options.backend === 'reference';
    const rounded = takesFloat64 ? plan : mapArrays(plan, (array) => Float64Array.from(array, Math.fround));
    const exact = await answerOf(operation, rounded);
    const isLif = rounded.job.kind === 'lif_grad' || rounded.job.kind === 'lif_simulate';
    const nudged = isLif && !isFloat64 ? await Promise.all(nudgesOf(rounded).map((other) => answerOf(operation, other).catch(() => null))) : [];
    return { kind: 'answer', exact, nudged, isOnEdge: isLif && !isFloat64 && isOnEdge((rounded.job as LifGradJob).problem), tolerance: isFloat64 ? 1e-12 : isLif ? 5e-4 : 2e-5, isFloat64, media };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', code: error.code };
    if (error instanceof RangeError) return { kind: 'overflow' };
    throw error;
  }
}

async function answerOf(operation: Operation, plan: Plan): Promise<unknown> {
  const result = compute(plan.job);
  const fields: AnswerFields = answerFields<never>(operation as never, plan as never, result as never);
  const { text } = plan.reply === undefined ? encodeAnswer(fields, { encoding: 'json', dtype: 'float64' }) : inferenceAnswer(operation, { ...fields, meta: {} }, { ...plan.reply, binary: [] }, 'float64');
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(text)) chunks.push(Uint8Array.from(chunk));
  return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
}

/** The plan with current and threshold moved by half a unit in float32's last place. */
function nudgesOf(plan: Plan): Plan[] {
  const { job } = plan as { job: LifGradJob | LifSimulateJob };
  return (['current', 'v_threshold'] as const).flatMap((name) =>
    [1 + 2 ** -24, 1 - 2 ** -24].map((factor) => {
      const given = job.problem[name];
      const moved = given.per === 'job' ? { ...given, value: given.value * factor } : { ...given, values: given.values.map((value) => value * factor) as Values };
      return { ...plan, job: { ...job, problem: { ...job.problem, [name]: moved } } } as Plan;
    }));
}

/** Whether a potential comes so near to a threshold that rounding may decide a spike, or grows beyond what float32 follows. */
function isOnEdge(problem: LifProblem): boolean {
  const { neurons, steps, v_threshold } = problem;
  const { v_pre } = compute({ kind: 'lif_simulate', problem, record: new Set(['v_pre']) }) as LifSimulateResult;
  for (let b = 0; b < neurons; b++) {
    const threshold = v_threshold.per === 'job' ? v_threshold.value : v_threshold.values[b]!;
    for (let t = 0; t < steps; t++) {
      const v = v_pre![b * steps + t]!;
      if (!(Math.abs(v - threshold) > 1e-3 * Math.max(1, Math.abs(threshold)) && Math.abs(v) < 1e6)) return true;
    }
  }
  return false;
}
