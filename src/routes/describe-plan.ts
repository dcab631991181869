import type { FastifyRequest } from 'fastify';

import { dryRunAnswer } from '../answers/dry-run.ts';
import { BackendUnavailableError } from '../compute/backend.ts';
import { jobWork } from '../compute/job-size.ts';
import { checkReferenceWork } from '../limits.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';

/**
 * What a plan would be answered as, and what it would cost.
 *
 * @throws {Problem} when the job is too much for the reference, where that is to do it.
 */
export function describePlan<O extends Operation>({ server }: FastifyRequest, operation: O, plan: Plans[O]): object {
  const { engine, config } = server;
  const wish = wishOf(plan.options);
  if (engine.firstChoice(plan.job, wish) === 'reference') checkReferenceWork(jobWork(plan.job), config.limits);
  const estimate = engine.estimate(plan.job, wish);
  if (estimate === undefined) throw new BackendUnavailableError('no back-end takes the job');
  return dryRunAnswer(operation, plan, estimate);
}
