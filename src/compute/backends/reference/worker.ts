import { threadId } from 'node:worker_threads';
import type { Job, ResultOf } from '../../jobs.ts';
import { TaskControl, type Stoppable } from '../../engine/thread-pool.ts';
import { compute } from './compute.ts';
import { float64Algebra } from './float64-algebra.ts';
import { StopCheck } from './stop-check.ts';

export interface Work extends Stoppable {
  readonly job: Job;
}

/** What a thread makes of a job. */
export interface WorkDone {
  readonly result: ResultOf[Job['kind']];
  readonly computeMs: number;
}

/** @param task null for nothing. */
export default function work(task: Work | null): WorkDone | undefined {
  if (task === null) return undefined;
  const control = new TaskControl(task.control);
  control.begin(threadId);
  const start = performance.now();
  const result = compute(
    task.job,
    float64Algebra,
    new StopCheck(() => {
      control.checkpoint();
    }),
  );
  return { result, computeMs: performance.now() - start };
}
