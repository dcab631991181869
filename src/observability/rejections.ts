import type { ProblemCode } from '../errors/problems.ts';
import type { Rejection } from './queue-metrics.ts';

/** The problems that turn a request away, and what each is counted as. */
const reasonOfProblem: Readonly<Partial<Record<ProblemCode, Rejection>>> = {
  body_too_large: 'too_large',
  too_much_work: 'too_large',
  out_of_memory: 'memory',
  overloaded: 'queue_full',
  deadline_exceeded: 'deadline',
  shutting_down: 'shutting_down',
};

/**
 * What an exchange is counted as, if it was a rejection.
 *
 * @param problem what was answered, if it was a problem.
 * @param status 499 where the client went away before it had the whole answer.
 */
export function rejectionOf(problem: ProblemCode | undefined, status: number): Rejection | undefined {
  return (problem && reasonOfProblem[problem]) ?? (status === 499 ? 'cancelled' : undefined);
}
