import type { Job, ResultOf } from '../../jobs.ts';
import { compute } from './compute.ts';

/** What a thread makes of a job. */
export interface WorkDone {
  readonly result: ResultOf[Job['kind']];
  readonly computeMs: number;
}

/** @param job null for nothing. */
export default function work(job: Job | null): WorkDone | undefined {
  if (job === null) return undefined;
  const start = performance.now();
  const result = compute(job);
  return { result, computeMs: performance.now() - start };
}
