import type { LifGradJob, LifSimulateJob, SurrogateEvalJob, SurrogateGradJob } from '../../../src/compute/jobs.ts';
import { job as same, lifProblem } from '../support/lif-problem.ts';

const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];

export function gradJob(neurons = 2, steps = 3): LifGradJob {
  const problem = lifProblem({ neurons, steps, current: same(1.5) });
  return { kind: 'lif_grad', problem, surrogates, loss: { type: 'spike_count' }, wrt: ['current'] };
}

export function simulateJob(neurons = 2, steps = 3): LifSimulateJob {
  return { kind: 'lif_simulate', problem: lifProblem({ neurons, steps, current: same(1.5) }), record: new Set(['spike_counts']) };
}

export function surrogateJob(elements = 3): SurrogateGradJob {
  return { kind: 'surrogate_grad', x: new Float64Array(elements), surrogates, cotangent: 1 };
}

export function evalJob(elements = 3): SurrogateEvalJob {
  return { kind: 'surrogate_eval', x: new Float64Array(elements), surrogates, outputs: { spike: true, value: true } };
}
