import type { Job } from '../compute/jobs.ts';

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
