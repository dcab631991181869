import type { Job, ResultOf } from '../../jobs.ts';
import { compute } from './compute.ts';
import { float64Algebra } from './float64-algebra.ts';
import { StopCheck } from './stop-check.ts';

/** A job, and the word of shared memory that stops it once it is other than 0. */
export interface Work {
  readonly job: Job;
  readonly stopFlag: Int32Array;
}

/** What a thread makes of a job. */
export interface WorkDone {
  readonly result: ResultOf[Job['kind']];
  readonly computeMs: number;
}

/** @param task null for nothing. */
export default function work(task: Work | null): WorkDone | undefined {
  if (task === null) return undefined;
  const start = performance.now();
  const result = compute(task.job, float64Algebra, new StopCheck(task.stopFlag));
  return { result, computeMs: performance.now() - start };
}
