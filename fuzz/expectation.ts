import { answerFields, type AnswerFields } from '../src/responses/answer.ts';
import { dryRunAnswer } from '../src/responses/dry-run.ts';
import { inferenceAnswer } from '../src/responses/inference.ts';
import { frameHeader, mediaTypes } from '../src/requests/request-body.ts';
import { encodeAnswer } from '../src/codecs/answer-json.ts';
import { bytesOf } from '../src/codecs/chunks.ts';
import { compute } from '../src/compute/backends/reference/reference-backend.ts';
import type { NumberAlgebra } from '../src/compute/backends/reference/float64-algebra.ts';
import { materialize, valueAt, type Numbers } from '../src/compute/generated-numbers.ts';
import type { LifProblem, LifSimulateResult } from '../src/compute/jobs.ts';
import { Problem, type ProblemCode } from '../src/errors/problems.ts';
import type { Limits } from '../src/config/limits.ts';
import { requireOneTensor } from '../src/requests/npy-request.ts';
import type { Operation, Plan } from '../src/requests/plan.ts';
import { readRequest } from '../src/requests/read-request.ts';
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
    const plan: Plan = readRequest(operation, { form, bytes: body, jsonBytes, query }, limits);
    if (media === mediaTypes.npy) requireOneTensor(plan);
    if (plan.options.dryRun === true) return dryRunOf(operation, plan, form);
    const isFloat64 = plan.job.dtype === 'float64';
    // The reference takes numbers as they were sent; other back-ends round them first.
    const takesFloat64 = isFloat64 || plan.options.backend === 'reference';
    const given = takesFloat64 ? plan : roundedToFloat32(plan);
    const exact = await answerOf(operation, given);
    if (!isFloat64 && !('problem' in given.job)) return { kind: 'answer', exact, rounded: [], isOnEdge: false, isFloat64, media };
    // The same for every message, so that one can be tried again.
    const ops = (isFloat64 ? stochasticFloat64Algebra : stochasticAlgebra)(randomNumbers(1));
    const rounded = await Promise.all(Array.from({ length: roundedRuns }, () => answerOf(operation, given, ops).catch(() => null)));
    // In float64 neurons step as the reference's do, to the bit.
    return {
      kind: 'answer',
      exact,
      rounded,
      isOnEdge: !isFloat64 && 'problem' in given.job && isOnEdge(given.job.problem),
      isFloat64,
      media,
    };
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', code: error.code };
    if (error instanceof RangeError) return { kind: 'overflow' };
    throw error;
  }
}

function dryRunOf(operation: Operation, plan: Plan, form: Message['form']): Expectation {
  if (form === 'inference') return { kind: 'problem', code: 'invalid_request' };
  const exact = dryRunAnswer<never>(operation as never, plan as never, {
    backend: { name: 'reference', device: '', dtype: 'float32' },
    computeMs: 0,
    queueMs: 0,
  });
  return { kind: 'answer', exact, rounded: [], isOnEdge: false, isFloat64: true, media: mediaTypes.json };
}

async function answerOf(operation: Operation, plan: Plan, ops?: NumberAlgebra): Promise<unknown> {
  const result = compute(plan.job, ops);
  const fields: AnswerFields = await answerFields<never>(operation as never, plan as never, result as never);
  const { text } =
    plan.reply === undefined
      ? encodeAnswer(fields, { encoding: 'json', dtype: 'float64' })
      : inferenceAnswer(operation, { ...fields, meta: {} }, { ...plan.reply, binary: [] }, 'float64');
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

/** Whether a potential comes so near to a threshold that rounding may decide a spike, or grows beyond what float32 follows. */
function isOnEdge(problem: LifProblem): boolean {
  const { neurons, steps, current, v_threshold } = problem;
  // An input that a held neuron does not take may still overflow where it is multiplied.
  if (
    (current.per === 'scalar' ? [current.value] : Array.from<number>(materialize(current.values))).some((value) => Math.abs(value) > 1e30)
  )
    return true;
  const { v_pre } = compute({ kind: 'lif_simulate', problem, record: new Set(['v_pre']) }) as LifSimulateResult;
  for (let b = 0; b < neurons; b++) {
    const threshold = v_threshold.per === 'scalar' ? v_threshold.value : valueAt(v_threshold.values, b);
    for (let t = 0; t < steps; t++) {
      const v = v_pre![b * steps + t]!;
      if (!(Math.abs(v - threshold) > 1e-3 * Math.max(1, Math.abs(threshold)) && Math.abs(v) < 1e6)) return true;
    }
  }
  return false;
}
