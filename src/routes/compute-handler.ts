import type { FastifyReply, FastifyRequest } from 'fastify';

import { finalState, longRunResponse, summaryJob } from '../responses/long-run.ts';
import { notesOf, simulationNotes } from '../responses/notes/notes.ts';
import { checkAnswerSize, responseOutline, type AnswerFormat, type ResponseOutline } from '../responses/outline.ts';
import { planNotes } from '../responses/notes/plan-notes.ts';
import { findOverflow } from '../responses/overflow.ts';
import { dryRunResponse, respond, type ComputeResponse } from '../responses/response.ts';
import { emptyBody } from '../codecs/json-body.ts';
import type { RequestBody } from '../requests/bodies/body.ts';
import { jsonInUtf8 } from '../codecs/media-types.ts';
import type { BackendPreference } from '../compute/engine/backend-router.ts';
import { BackendUnavailableError, ComputeError } from '../compute/engine/errors.ts';
import type { Answer, Engine } from '../compute/engine/engine.ts';
import { jobBytes, jobElements, jobWork } from '../compute/job-size.ts';
import type { Job, LifGradJob, LifGradResult, LifSimulateJob } from '../compute/jobs.ts';
import { forwardJobs, runRecordLoss } from '../compute/losses/run-record-loss.ts';
import { isLongRun } from '../compute/long-run.ts';
import type { RequestScope } from '../compute/engine/request-scope.ts';
import { checkReferenceWork, type Limits } from '../config/limits.ts';
import { shortenDeadline } from '../plugins/request-lifetime.ts';
import type { RequestReader } from '../requests/bodies/request-reader.ts';
import { axesOf, hasRecordLoss, planBytes, type NetworkPlan, type Operation, type Plan, type RecordLossPlan } from '../requests/plan.ts';
import type { TensorCache } from '../requests/networks/tensor-cache.ts';
import type { ResponseFormat } from '../responses/formats.ts';
import { encodeBody, sendResponse } from './send-response.ts';
import { TickQueue } from './tick-queue.ts';

/** Results of more numbers stay where the kernels leave them until the answer has left. */
export const maxCopiedElements = 65_536;

/** What a request that computes needs of the service. */
export interface ComputeServices {
  readonly engine: Engine;
  readonly reader: RequestReader;
  readonly limits: Limits;
  /** Keeps the weights of networks; undefined where none are kept. */
  readonly tensors: TensorCache | undefined;
}

const ticks = new TickQueue();

/**
 * The path of a request that computes, from its body to its answer. All that it takes, it takes from its scope.
 *
 * @throws {Problem} when the body is not valid, asks for too much, is not done in time, or leaves its arithmetic's range.
 * @throws {OverloadError} when it would have to wait for too long, or there is no memory for it beside others.
 */
export async function compute(
  { engine, reader, limits, tensors }: ComputeServices,
  request: FastifyRequest,
  reply: FastifyReply,
  operation: Operation,
  format: ResponseFormat,
): Promise<FastifyReply> {
  const { scope } = request;
  const body = request.body as RequestBody | undefined;
  // A request without a body and without a media type reaches no parser.
  if (body === undefined) throw emptyBody();
  request.operation = operation;
  await ticks.wait();
  scope.throwIfEnded();

  const decodeFrom = performance.now();
  const plan = await scope.run(() => reader.read(operation, body, scope));
  const decodeMs = performance.now() - decodeFrom;
  if (plan.reply?.timeoutUs !== undefined) shortenDeadline(request, plan.reply.timeoutUs);
  const outline = responseOutline(plan);
  const answeredAs = format.countedAs(plan);
  format.accept(outline);
  checkAnswerSize(outline, answeredAs, limits);
  checkReference(engine, plan, limits);
  if (plan.options.dry_run === true) return reply.type(jsonInUtf8).send(JSON.stringify(describePlan(engine, outline, answeredAs)));

  const response = await runPlan(engine, outline, answeredAs, scope);
  const encodeFrom = performance.now();
  const encoded = await encodeBody(format, response, scope);
  if (tensors !== undefined && 'sent' in plan && plan.sent.length > 0) keep(tensors, plan, scope);
  return sendResponse(reply, response, encoded, { decodeFrom, decodeMs, encodeFrom });
}

/** Keeps the weights that a request sent, for others that name them. The answer does not wait for it; it is no failure where the request ends first. */
function keep(tensors: TensorCache, { job, sent }: NetworkPlan, scope: RequestScope): void {
  Promise.resolve(scope.run(() => tensors.keepSent(job.network, sent))).catch(() => undefined);
}

/** @throws {Problem} when a job is too much for the reference, where that is to do it. */
function checkReference(engine: Engine, { job, options }: Plan, limits: Limits): void {
  if (engine.firstChoice(job, options) === 'reference') checkReferenceWork(jobWork(job), limits);
}

function describePlan(engine: Engine, outline: ResponseOutline, answeredAs: AnswerFormat): object {
  const { plan } = outline;
  const { job, options } = plan;
  const estimate = engine.estimate(job, options);
  if (estimate === undefined) throw new BackendUnavailableError('no back-end takes the job');
  const time = { ...estimate, computeMs: estimate.computeMs + forwardMs(engine, plan) };
  return dryRunResponse(outline, time, planNotes(plan, answeredAs));
}

/** The estimated time of what runs before a plan's job, for its loss. */
function forwardMs(engine: Engine, plan: Plan): number {
  if (!hasRecordLoss(plan)) return 0;
  return forwardJobs(plan.job, plan.recordLoss).reduce((ms, job) => ms + (engine.estimate(job, plan.options)?.computeMs ?? 0), 0);
}

/** Runs a plan's job in memory that is reserved before it is taken. */
async function runPlan(engine: Engine, outline: ResponseOutline, answeredAs: AnswerFormat, scope: RequestScope): Promise<ComputeResponse> {
  const { plan } = outline;
  const { job, options } = plan;
  if (job.kind === 'lif_simulate' && isLongRun(job)) return startLongRun(engine, { outline, job, answeredAs }, scope);
  const arena = jobElements(job) > maxCopiedElements ? scope.memory.arena : scope.arena;
  if (arena !== undefined) scope.memory.reserve(planBytes(plan));
  const answer: Answer & { readonly job?: Job | undefined } = await scope.run(() =>
    hasRecordLoss(plan) ? runWithLoss(engine, plan, scope) : engine.run(job, options, scope),
  );
  const ran = hasRecordLoss(plan) ? answer.job : job;
  const found = scope.run(() => notesOf(plan, ran, answeredAs, answer, (again) => runAgain(engine, plan, again, scope)));
  // Most are there at once: a microtask costs more than they do.
  const notes = found instanceof Promise ? await found : found;
  return scope.run(() => respond(outline, answer, notes));
}

/** Runs a plan's job and, before it, what its loss reads: on the back-end that is the first choice for the job, so that both see the same spikes. */
function runWithLoss(engine: Engine, { job, options, recordLoss }: RecordLossPlan, scope: RequestScope): ReturnType<typeof runRecordLoss> {
  const backend = engine.firstChoice(job, options);
  const run = <J extends Job>(part: J) =>
    part.kind === 'lif_simulate'
      ? engine.run(part, { ...(backend && { backend }) }, scope)
      : engine.run(part, options, { arena: scope.arena, signal: scope.signal, neverShed: true });
  return runRecordLoss(job, recordLoss, run, scope.signal);
}

/** Runs a small job beside that of a plan, whose answer does not depend on it: it is left out where there is no memory or no back-end for it. */
async function runAgain(engine: Engine, { options }: Plan, job: LifGradJob, scope: RequestScope): Promise<LifGradResult | undefined> {
  if (!scope.memory.tryReserve(jobBytes(job))) return undefined;
  // The reference has nothing to compile for float64.
  const preference: BackendPreference = job.dtype === 'float64' ? { backend: 'reference' } : options;
  try {
    return (await scope.run(() => engine.run(job, preference, { signal: scope.signal, neverShed: true }))).result;
  } catch (error) {
    scope.throwIfEnded();
    if (error instanceof ComputeError) return undefined;
    throw error;
  }
}

interface LongRun {
  readonly outline: ResponseOutline;
  /** The outline's. */
  readonly job: LifSimulateJob;
  readonly answeredAs: AnswerFormat;
}

/** Runs what of a long run has to be known before its answer begins. Each of its blocks is a job of its own, which is run when it is its turn. */
async function startLongRun(engine: Engine, { outline, job, answeredAs }: LongRun, scope: RequestScope): Promise<ComputeResponse> {
  const { plan } = outline;
  const { options } = plan;
  scope.memory.reserve(jobBytes(job));
  const run = async (part: LifSimulateJob, neverShed: boolean) =>
    scope.run(() => engine.run(part, options, { signal: scope.signal, neverShed }));
  const summary = await run(summaryJob(job), false);
  const overflow = await scope.run(() => findOverflow(finalState(summary.result, axesOf(plan)), plan));
  if (overflow !== undefined) throw overflow;
  const runBlock = async (block: LifSimulateJob) => (await run(block, true)).result;
  const notes = simulationNotes(plan, answeredAs, summary.result);
  return longRunResponse(outline, job, { summary, notes }, runBlock);
}
