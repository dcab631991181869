import type { FastifyRequest } from 'fastify';

import { jobWork } from '../compute/job-size.ts';
import { checkReferenceWork } from '../limits.ts';
import type { Plan } from '../requests/plan.ts';
import { wishOf } from '../requests/wish.ts';

/** @throws {Problem} when a job is too much for the reference, where that is to do it. */
export function checkReference({ server: { engine, config } }: FastifyRequest, { job, options }: Plan): void {
  if (engine.firstChoice(job, wishOf(options)) === 'reference') checkReferenceWork(jobWork(job), config.limits);
}
