import { setImmediate as atEndOfTurn } from 'node:timers/promises';

import type { FastifyRequest } from 'fastify';

import { answerFields, type AnswerFields } from '../answers/answer.ts';
import { finalPotentials, longRunAnswer, summaryJob } from '../answers/long-run.ts';
import { metaNode } from '../answers/meta.ts';
import { overflowProblem } from '../answers/overflow.ts';
import { findNotFinite } from '../codecs/not-finite.ts';
import type { Answer } from '../compute/engine.ts';
import { jobElements, jobWork } from '../compute/job-size.ts';
import type { Job, ResultOf } from '../compute/jobs.ts';
import { isLongRun } from '../compute/long-run.ts';
import { checkReferenceWork } from '../limits.ts';
import { leaseFor } from '../plugins/request-body.ts';
import type { LifSimulatePlan, Operation, Plans, RunOptions } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';

/** Results of more numbers stay where the kernels leave them until the answer has left. */
const mostCopied = 65_536;

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
 * @throws {Problem} when the job is too much for the reference, where that is to do it, or potentials leave float32.
 */
export async function runPlan<O extends Operation>(request: FastifyRequest, operation: O, plan: Plans[O]): Promise<Outcome> {
  const { job, options } = plan;
  const { engine, config } = request.server;
  if (engine.firstChoice(job, wishOf(options)) === 'reference') checkReferenceWork(jobWork(job), config.limits);
  if (job.kind === 'lif_simulate' && isLongRun(job)) return startLongRun(request, plan as LifSimulatePlan);
  if (jobElements(job) > mostCopied) leaseFor(request);
  const answer = await runJob(request, job, options, true);
  return { fields: { ...answerFields(operation, plan, answer.result as ResultOf[O]), meta: metaNode(answer) }, answer, streams: false };
}

async function startLongRun(request: FastifyRequest, plan: LifSimulatePlan): Promise<Outcome> {
  const { job, options } = plan;
  const answer = await runJob(request, summaryJob(job), options, false);
  const overflow = findNotFinite(finalPotentials(plan, answer.result), options.dtype ?? 'float32');
  if (overflow !== undefined) throw overflowProblem(overflow, job);
  const runBlock = async (block: typeof job) => (await runJob(request, block, options, false)).result;
  return { fields: { ...longRunAnswer(plan, answer.result, runBlock), meta: metaNode(answer) }, answer, streams: true };
}

/**
 * Runs a job. An answer that was computed at once is given at the end of the event loop's turn, with those of the other requests that
 * came in it: writing them one by one would wake a client that waits for several of them once for each.
 *
 * @param inPlace whether the job may run, and leave its result, in the memory that the exchange has.
 */
async function runJob<J extends Job>(request: FastifyRequest, job: J, options: RunOptions, inPlace: boolean): Promise<Answer<J>> {
  const { lease } = request;
  // The job's numbers may lie in it, whoever goes away meanwhile.
  lease?.hold();
  try {
    const running = request.server.engine.run(job, wishOf(options), { arena: inPlace ? lease?.arena : undefined });
    return running instanceof Promise ? await running : await atEndOfTurn(running);
  } catch (error) {
    lease?.spoil();
    throw error;
  } finally {
    lease?.letGo();
  }
}
