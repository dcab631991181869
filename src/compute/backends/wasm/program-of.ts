import type { Job, ResultOf } from '../../jobs.ts';
import type { Program, Surroundings } from './launch.ts';
import { lifGrad, lifSimulate } from './lif-jobs.ts';
import { surrogateEval, surrogateGrad } from './surrogate-jobs.ts';

/** A job of any kind as a program. */
export function programOf<J extends Job>(surroundings: Surroundings, job: J): Program<ResultOf[J['kind']]> {
  return programOfKind(surroundings, job) as Program<ResultOf[J['kind']]>;
}

function programOfKind(surroundings: Surroundings, job: Job): Program<ResultOf[Job['kind']]> {
  switch (job.kind) {
    case 'surrogate_eval':
      return surrogateEval(surroundings, job);
    case 'surrogate_grad':
      return surrogateGrad(surroundings, job);
    case 'lif_simulate':
      return lifSimulate(surroundings, job);
    case 'lif_grad':
      return lifGrad(surroundings, job);
  }
}
