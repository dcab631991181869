import { dtypeOf, type Job, type ResultOf } from '../../jobs.ts';
import type { KernelRequest } from './kernel-cache.ts';
import { simulateKernelRequest } from './kernels/forward-kernel.ts';
import { evalKernelRequest, gradKernelRequest } from './kernels/surrogate-kernel.ts';
import type { KernelContext, LaunchPlan } from './launch-plan.ts';
import { gradKernelRequests, jvpKernelRequests, lifGrad, lifJvp, lifSimulate } from './neuron-jobs.ts';
import { networkKernelRequests } from './network-kernels.ts';
import { networkGrad, networkSimulate } from './network-run.ts';
import { specOf } from './problem-layout.ts';
import { surrogateEval, surrogateGrad } from './surrogate-jobs.ts';

/** The launches of a job of any kind. */
export function planLaunches<J extends Job>(context: KernelContext, job: J): LaunchPlan<ResultOf[J['kind']]>;
export function planLaunches(context: KernelContext, job: Job): LaunchPlan<ResultOf[Job['kind']]> {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(context, job);
    case 'surrogate_grad':
      return surrogateGrad(context, job);
    case 'lif_simulate':
      return lifSimulate(context, job);
    case 'lif_grad':
      return lifGrad(context, job);
    case 'lif_jvp':
      return lifJvp(context, job);
    case 'network_simulate':
      return networkSimulate(context, job);
    case 'network_grad':
      return networkGrad(context, job);
  }
}

/** The kernels that a job needs. */
export function kernelRequests(job: Job): readonly KernelRequest[] {
  switch (job.kind) {
    case 'surrogate_eval':
      return job.surrogates.map((surrogate) => evalKernelRequest(job, surrogate));
    case 'surrogate_grad':
      return job.surrogates.map((surrogate) => gradKernelRequest(job, surrogate));
    case 'lif_simulate': {
      const spec = specOf(dtypeOf(job), job.problem);
      return [
        simulateKernelRequest(spec, job, 'first'),
        ...(job.record.has('spike_times') ? [simulateKernelRequest(spec, job, 'events')] : []),
      ];
    }
    case 'lif_grad':
      return gradKernelRequests(job);
    case 'lif_jvp':
      return jvpKernelRequests(job);
    case 'network_simulate':
    case 'network_grad':
      return networkKernelRequests(job);
  }
}
