import type { Job } from './jobs.ts';

/** How much a job computes: neuron-steps, or elements of x, times surrogates. */
export function jobElements(job: Job): number {
  switch (job.kind) {
    case 'surrogate_eval':
    case 'surrogate_grad':
      return job.x.length * job.surrogates.length;
    case 'lif_simulate':
      return job.problem.neurons * job.problem.steps;
    case 'lif_grad':
      return job.problem.neurons * job.problem.steps * job.surrogates.length;
  }
}

/** What a job costs who does it plainly: its elements; a batch without neurons still takes the memory of one neuron's steps. */
export function jobWork(job: Job): number {
  return 'problem' in job && job.problem.neurons === 0 ? job.problem.steps : jobElements(job);
}
