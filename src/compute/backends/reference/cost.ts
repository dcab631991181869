import type { Job } from '../../jobs.ts';
import { jobWork } from '../../job-size.ts';

// Nanoseconds on one core of a common server, rounded up; they only decide whether a job is worth a hop to the thread.
const perElement: Readonly<Record<Job['kind'], number>> = { surrogate_eval: 600, surrogate_grad: 300, lif_simulate: 30, lif_grad: 500 };

/** About how long a job takes. */
export function estimateNanoseconds(job: Job): number {
  return jobWork(job) * perElement[job.kind];
}
