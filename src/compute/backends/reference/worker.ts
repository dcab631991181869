import { threadId } from 'node:worker_threads';
import type { Job, ResultOf } from '../../jobs.ts';
import { TaskControl, type Stoppable } from '../../engine/thread-pool.ts';
import { float64Algebra } from '../../float64-algebra.ts';
import { compute } from './reference-backend.ts';

export interface ReferenceTask extends Stoppable {
  readonly job: Job;
}

/** A job's result. */
export interface ReferenceResult {
  readonly result: ResultOf[Job['kind']];
  readonly computeMs: number;
}

/** @param task null only wakes the thread. */
export default function runTask(task: ReferenceTask | null): ReferenceResult | undefined {
  if (task === null) return undefined;
  const control = new TaskControl(task.control);
  control.begin(threadId);
  const start = performance.now();
  const result = compute(task.job, float64Algebra, () => {
    control.checkpoint();
  });
  return { result, computeMs: performance.now() - start };
}
