import type { Job, ResultOf } from '../../jobs.ts';
import type { LaunchPlan, KernelContext } from './launch.ts';
import { lifGrad, lifSimulate } from './lif-jobs.ts';
import { surrogateEval, surrogateGrad } from './surrogate-jobs.ts';

/** A job of any kind as a program. */
export function planLaunches<J extends Job>(context: KernelContext, job: J): LaunchPlan<ResultOf[J['kind']]> {
  return planForKind(context, job) as LaunchPlan<ResultOf[J['kind']]>;
}

function planForKind(context: KernelContext, job: Job): LaunchPlan<ResultOf[Job['kind']]> {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(context, job);
    case 'surrogate_grad':
      return surrogateGrad(context, job);
    case 'lif_simulate':
      return lifSimulate(context, job);
    case 'lif_grad':
      return lifGrad(context, job);
  }
}
