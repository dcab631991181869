import { dtypeOf, type Job, type ResultOf } from '../../jobs.ts';
import type { KernelRequest } from './kernel-cache.ts';
import { simulateKernelRequest } from './kernels/forward-kernel.ts';
import { surrogateEvalKernelRequest, surrogateGradKernelRequest } from './kernels/surrogate-kernel.ts';
import type { KernelContext, LaunchSteps } from './launch-steps.ts';
import { networkKernelRequests } from './networks/network-kernels.ts';
import { networkGrad, networkSimulate } from './networks/network-run.ts';
import { gradKernelRequests, jvpKernelRequests, lifGrad, lifJvp, lifSimulate } from './neuron-jobs.ts';
import { specOf } from './problem-layout.ts';
import { surrogateEval, surrogateGrad } from './surrogate-jobs.ts';

/** How jobs of a kind are run. */
interface JobKind<J extends Job> {
  launches(context: KernelContext, job: J): LaunchSteps<ResultOf[J['kind']]>;
  /** The kernels that a job needs. */
  kernels(job: J): readonly KernelRequest[];
}

const kinds: { readonly [K in Job['kind']]: JobKind<Extract<Job, { readonly kind: K }>> } = {
  surrogate_eval: {
    launches: surrogateEval,
    kernels: (job) => job.surrogates.map((surrogate) => surrogateEvalKernelRequest(job, surrogate)),
  },
  surrogate_grad: {
    launches: surrogateGrad,
    kernels: (job) => job.surrogates.map((surrogate) => surrogateGradKernelRequest(job, surrogate)),
  },
  lif_simulate: {
    launches: lifSimulate,
    kernels: (job) => {
      const spec = specOf(dtypeOf(job), job.problem);
      const runs = job.record.has('spike_times') ? (['first', 'events'] as const) : (['first'] as const);
      return runs.map((run) => simulateKernelRequest(spec, job, run));
    },
  },
  lif_grad: { launches: lifGrad, kernels: gradKernelRequests },
  lif_jvp: { launches: lifJvp, kernels: jvpKernelRequests },
  network_simulate: { launches: networkSimulate, kernels: networkKernelRequests },
  network_grad: { launches: networkGrad, kernels: networkKernelRequests },
};

/** The launches of a job of any kind. */
export function launchSteps<J extends Job>(context: KernelContext, job: J): LaunchSteps<ResultOf[J['kind']]>;
export function launchSteps(context: KernelContext, job: Job): LaunchSteps<ResultOf[Job['kind']]> {
  const kind: JobKind<Job> = kinds[job.kind];
  return kind.launches(context, job);
}

/** The kernels that a job of any kind needs. */
export function kernelRequests(job: Job): readonly KernelRequest[] {
  const kind: JobKind<Job> = kinds[job.kind];
  return kind.kernels(job);
}
