import type { FastifyRequest } from 'fastify';

import { answerFields, type AnswerFields } from '../answers/answer.ts';
import { finalPotentials, longRunAnswer, summaryJob } from '../answers/long-run.ts';
import { metaNode } from '../answers/meta.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { NotFiniteError } from '../codecs/answer.ts';
import { maxNumberLength } from '../codecs/json-writer.ts';
import { requireFinite } from '../codecs/not-finite.ts';
import type { Arena } from '../compute/arena.ts';
import type { RunContext } from '../compute/backend-slot.ts';
import type { Answer } from '../compute/engine.ts';
import { jobBytes, jobElements, resultValues } from '../compute/job-size.ts';
import { dtypeOf, type Job, type ResultOf } from '../compute/jobs.ts';
import { isLongRun } from '../compute/long-run.ts';
import { leaseFor } from '../plugins/request-body.ts';
import type { LifSimulatePlan, Operation, Plans, RunOptions } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';
import { checkReference } from './check-reference.ts';
import { whenThere } from './when-there.ts';
import { whileItLasts } from './while-it-lasts.ts';

/** Results of more numbers stay where the kernels leave them until the answer has left. */
export const mostCopied = 65_536;

/** A plan that was run, and what it is answered as. */
export interface Outcome {
  readonly fields: AnswerFields;
  readonly answer: Omit<Answer, 'result'>;
  /** Whether the answer is still being computed while it leaves. */
  readonly streams: boolean;
}

/**
 * Runs a plan's job, or, of a long run, what has to be known before its answer begins.
 *
 * @param asText whether numbers of its answer are printed, which takes memory too.
 * @throws {Problem} when the job is too much for the reference, where that is to do it, is not done in time, or potentials leave their arithmetic's range.
 * @throws {OverloadError} when it would have to wait for too long, or there is no memory for it beside others.
 */
export function runPlan<O extends Operation>(request: FastifyRequest, operation: O, plan: Plans[O], asText: boolean): Outcome | Promise<Outcome> {
  const { job, options } = plan;
  checkReference(request, plan);
  if (job.kind === 'lif_simulate' && isLongRun(job)) return startLongRun(request, plan as LifSimulatePlan);
  if (jobElements(job) > mostCopied) reserveFor(request, jobBytes(job) + (asText ? maxNumberLength * resultValues(job) : 0));
  return whenThere<Answer, Outcome>(startJob(request, job, options, request.lease?.arena), (answer) =>
    whenThere(answerFields(operation, plan, answer.result as ResultOf[O]), (fields) => {
      fields.meta = metaNode(answer);
      return { fields, answer, streams: false };
    }));
}

/** Takes memory for the exchange, and of that which all share so many bytes beside those that it has taken. */
function reserveFor(request: FastifyRequest, bytes: number): void {
  const lease = leaseFor(request);
  lease.reserve(lease.arena.mark() + bytes);
}

async function startLongRun(request: FastifyRequest, plan: LifSimulatePlan): Promise<Outcome> {
  const { job, options } = plan;
  reserveFor(request, jobBytes(job));
  const answer = await startJob(request, summaryJob(job), options);
  await requireFinite(finalPotentials(plan, answer.result), dtypeOf(job)).catch((error: unknown) => {
    throw error instanceof NotFiniteError ? overflowProblem(error, job) : error;
  });
  const runBlock = async (block: typeof job) => (await startJob(request, block, options, undefined, true)).result;
  return { fields: { ...longRunAnswer(plan, answer.result, runBlock), meta: metaNode(answer) }, answer, streams: true };
}

/**
 * Starts a job: a small one is done at once.
 *
 * @param arena the memory in which it may run and leave its result, if it may.
 * @param begun whether the answer has begun.
 */
function startJob<J extends Job>(request: FastifyRequest, job: J, options: RunOptions, arena?: Arena, begun = false): Answer<J> | Promise<Answer<J>> {
  const running = request.server.engine.run(job, wishOf(options), new ExchangeContext(request, arena, begun));
  return running instanceof Promise ? whileItLasts(request, running) : running;
}

class ExchangeContext implements RunContext {
  readonly arena: Arena | undefined;
  readonly begun: boolean;
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, arena: Arena | undefined, begun: boolean) {
    this.#request = request;
    this.arena = arena;
    this.begun = begun;
  }

  /** Made when it is asked for: few exchanges need one. */
  get signal(): AbortSignal | undefined {
    return this.#request.deadline?.signal;
  }
}
