import type { FastifyRequest } from 'fastify';

import type { RequestBody } from '../bodies/request-body.ts';
import type { Operation, Plans } from '../requests/plan.ts';
import { whileItLasts } from './while-it-lasts.ts';

/**
 * Reads a body: a small one at once, and a large one in a thread.
 *
 * @throws {Problem} when the body is not valid, asks for too much, or is not read in time.
 * @throws {OverloadError} when too many wait to be read.
 */
export function readPlan<O extends Operation>(request: FastifyRequest, operation: O, body: RequestBody): Plans[O] | Promise<Plans[O]> {
  const { lease, deadline, server } = request;
  const reading = server.requestReader.read(operation, body, lease, lease === null ? undefined : deadline?.signal);
  return reading instanceof Promise ? whileItLasts(request, reading) : reading;
}
