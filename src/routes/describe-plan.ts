import type { FastifyRequest } from 'fastify';

import { dryRunAnswer } from '../answers/dry-run.ts';
import { BackendUnavailableError } from '../compute/backend.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';
import { checkReference } from './check-reference.ts';

/**
 * What a plan would be answered as, and what it would cost.
 *
 * @throws {Problem} when the job is too much for the reference, where that is to do it.
 */
export function describePlan<O extends Operation>(request: FastifyRequest, operation: O, plan: Plans[O]): object {
  checkReference(request, plan);
  const estimate = request.server.engine.estimate(plan.job, wishOf(plan.options));
  if (estimate === undefined) throw new BackendUnavailableError('no back-end takes the job');
  return dryRunAnswer(operation, plan, estimate);
}
