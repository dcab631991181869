import type { FastifyReply, FastifyRequest } from 'fastify';

import { answerFields } from '../responses/answer.ts';
import { dryRunAnswer } from '../responses/dry-run.ts';
import { finalPotentials, longRunAnswer, summaryJob } from '../responses/long-run.ts';
import { metaNode } from '../responses/meta.ts';
import { checkAnswerSize } from '../responses/size.ts';
import { jsonInUtf8, type RequestBody } from '../requests/request-body.ts';
import { BackendUnavailableError } from '../compute/engine/errors.ts';
import type { Engine } from '../compute/engine/engine.ts';
import { jobBytes, jobElements, jobWork } from '../compute/job-size.ts';
import type { ResultOf } from '../compute/jobs.ts';
import { isLongRun } from '../compute/long-run.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import { checkReferenceWork, type Limits } from '../config/limits.ts';
import { shortenDeadline } from '../plugins/request-scope.ts';
import type { RequestReader } from '../requests/request-reader.ts';
import type { LifSimulatePlan, Operation, Plan, Plans } from '../requests/plan.ts';
import { preferenceOf } from '../requests/backend-preference.ts';
import type { ResponseFormat } from './response-format.ts';
import { checkFinite, encodeBody, sendResponse, type Outcome } from './send-response.ts';
import { TickQueue } from './tick-queue.ts';

/** Results of more numbers stay where the kernels leave them until the answer has left. */
export const maxCopiedElements = 65_536;

/** What a request that computes needs of the service. */
export interface ComputeServices {
  readonly engine: Engine;
  readonly reader: RequestReader;
  readonly limits: Limits;
}

const ticks = new TickQueue();

/**
 * The path of a request that computes, from its body to its answer. All that it takes, it takes from its scope.
 *
 * @throws {Problem} when the body is not valid, asks for too much, is not done in time, or leaves its arithmetic's range.
 * @throws {OverloadError} when it would have to wait for too long, or there is no memory for it beside others.
 */
export async function compute(
  { engine, reader, limits }: ComputeServices,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation,
  format: ResponseFormat,
): Promise<FastifyReply> {
  const { scope } = request;
  request.operation = operation;
  await ticks.wait();
  scope.throwIfEnded();

  const decodeFrom = performance.now();
  const plan = await scope.run(() => reader.read(operation, request.body as RequestBody, scope));
  const decodeMs = performance.now() - decodeFrom;
  if (plan.reply?.timeoutUs !== undefined) shortenDeadline(request, plan.reply.timeoutUs);
  format.accept(plan);
  checkAnswerSize(operation, plan, format.countedAs(plan), limits);
  checkReference(engine, plan, limits);
  if (plan.options.dryRun === true) return reply.type(jsonInUtf8).send(JSON.stringify(describePlan(engine, operation, plan)));

  const outcome = await runPlan(engine, operation, plan, scope);
  const encodeFrom = performance.now();
  const encoded = await encodeBody(scope, format, operation, plan, outcome);
  return sendResponse(reply, plan, outcome, encoded, { decodeFrom, decodeMs, encodeFrom });
}

/** @throws {Problem} when a job is too much for the reference, where that is to do it. */
function checkReference(engine: Engine, { job, options }: Plan, limits: Limits): void {
  if (engine.firstChoice(job, preferenceOf(options)) === 'reference') checkReferenceWork(jobWork(job), limits);
}

/** What a plan would be answered as, and what it would cost. */
function describePlan<O extends Operation>(engine: Engine, operation: O, plan: Plans[O]): object {
  const estimate = engine.estimate(plan.job, preferenceOf(plan.options));
  if (estimate === undefined) throw new BackendUnavailableError('no back-end takes the job');
  return dryRunAnswer(operation, plan, estimate);
}

/** Runs a plan's job in memory that is reserved before it is taken. */
async function runPlan<O extends Operation>(engine: Engine, operation: O, plan: Plans[O], scope: RequestScope): Promise<Outcome> {
  const { job, options } = plan;
  if (job.kind === 'lif_simulate' && isLongRun(job)) return startLongRun(engine, plan as LifSimulatePlan, scope);
  const arena = jobElements(job) > maxCopiedElements ? scope.memory.arena : scope.arena;
  if (arena !== undefined) scope.memory.reserve(jobBytes(job));
  const answer = await scope.run(() => engine.run(job, preferenceOf(options), scope));
  const fields = await scope.run(() => answerFields(operation, plan, answer.result as ResultOf[O]));
  fields.meta = metaNode(answer);
  return { fields, answer, streams: false };
}

/** Runs what of a long run has to be known before its answer begins. Each of its blocks is a job of its own, which is run when it is its turn. */
async function startLongRun(engine: Engine, plan: LifSimulatePlan, scope: RequestScope): Promise<Outcome> {
  const { job, options } = plan;
  scope.memory.reserve(jobBytes(job));
  const run = async (part: typeof job, neverShed: boolean) =>
    scope.run(() => engine.run(part, preferenceOf(options), { signal: scope.signal, neverShed }));
  const answer = await run(summaryJob(job), false);
  await checkFinite(scope, job, finalPotentials(plan, answer.result));
  const runBlock = async (block: typeof job) => (await run(block, true)).result;
  return { fields: { ...longRunAnswer(plan, answer.result, runBlock), meta: metaNode(answer) }, answer, streams: true };
}
