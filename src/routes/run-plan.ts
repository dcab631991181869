import type { FastifyRequest } from 'fastify';

import { answerFields, type AnswerFields } from '../answers/answer.ts';
import { finalPotentials, longRunAnswer, summaryJob } from '../answers/long-run.ts';
import { metaNode } from '../answers/meta.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { maxNumberLength } from '../codecs/json-writer.ts';
import { findNotFinite } from '../codecs/not-finite.ts';
import type { Answer } from '../compute/engine.ts';
import type { RunContext } from '../compute/backend-slot.ts';
import { jobBytes, jobElements, resultValues } from '../compute/job-size.ts';
import { dtypeOf, type Job, type ResultOf } from '../compute/jobs.ts';
import { isLongRun } from '../compute/long-run.ts';
import { leaseFor } from '../plugins/request-body.ts';
import type { LifSimulatePlan, Operation, Plans, RunOptions } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';
import { atEndOfTurn } from './at-end-of-turn.ts';
import { checkReference } from './check-reference.ts';
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
export async function runPlan<O extends Operation>(request: FastifyRequest, operation: O, plan: Plans[O], asText: boolean): Promise<Outcome> {
  const { job, options } = plan;
  checkReference(request, plan);
  if (job.kind === 'lif_simulate' && isLongRun(job)) return startLongRun(request, plan as LifSimulatePlan);
  if (jobElements(job) > mostCopied) reserveFor(request, jobBytes(job) + (asText ? maxNumberLength * resultValues(job) : 0));
  const answer = await runJob(request, job, options, { arena: request.lease?.arena });
  return { fields: { ...answerFields(operation, plan, answer.result as ResultOf[O]), meta: metaNode(answer) }, answer, streams: false };
}

/** Takes memory for the exchange, and of that which all share so many bytes beside those that it has taken. */
function reserveFor(request: FastifyRequest, bytes: number): void {
  const lease = leaseFor(request);
  lease.reserve(lease.arena.mark() + bytes);
}

async function startLongRun(request: FastifyRequest, plan: LifSimulatePlan): Promise<Outcome> {
  const { job, options } = plan;
  reserveFor(request, jobBytes(job));
  const answer = await runJob(request, summaryJob(job), options);
  const overflow = findNotFinite(finalPotentials(plan, answer.result), dtypeOf(job));
  if (overflow !== undefined) throw overflowProblem(overflow, job);
  const runBlock = async (block: typeof job) => (await runJob(request, block, options, { begun: true })).result;
  return { fields: { ...longRunAnswer(plan, answer.result, runBlock), meta: metaNode(answer) }, answer, streams: true };
}

/**
 * Runs a job. An answer that was computed at once is given at the end of the event loop's turn, with those of the other requests that
 * came in it: writing them one by one would wake a client that waits for several of them once for each.
 *
 * @param where the memory in which the job may run and leave its result, if it may, and whether the answer has begun.
 */
async function runJob<J extends Job>(request: FastifyRequest, job: J, options: RunOptions, where: Pick<RunContext, 'arena' | 'begun'> = {}): Promise<Answer<J>> {
  const { deadline, server } = request;
  const context: RunContext = {
    ...where,
    get signal() {
      return deadline?.signal;
    },
  };
  const running = server.engine.run(job, wishOf(options), context);
  return running instanceof Promise ? whileItLasts(request, running) : atEndOfTurn(running);
}
