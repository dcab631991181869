import type { Job, LifSimulateJob } from '../../jobs.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { vectorsOf } from './launch.ts';

// Nanoseconds on one core of a common server, rounded up; they only decide whether a job is worth a hop to the workers.
const perValue = 3;
const forward = { perStep: 0.3, perVectorAlone: 4 };
const grad = { perStep: 2, perVectorAlone: 14 };
const perRowValue = 1;
const float64Factor = 4;

/** About how long a job's kernels take on one core. */
export function estimateNanoseconds(job: Job): number {
  switch (job.kind) {
    case 'surrogate_eval':
      return job.x.length * perValue * float64Factor * job.surrogates.length;
    case 'surrogate_grad':
      return job.x.length * perValue * weightOf(job.surrogates);
    case 'lif_simulate':
      return job.problem.steps * (stepNanoseconds(job.problem.neurons, forward) * (job.record.has('spike_times') ? 2 : 1) + job.problem.neurons * rowsOf(job) * perRowValue);
    case 'lif_grad':
      return job.problem.steps * stepNanoseconds(job.problem.neurons, grad) * weightOf(job.surrogates);
  }
}

/**
 * One step of all neurons. Vectors that are in flight together hide each other's latency; one that is left takes as long as its operations do one
 * after the other.
 */
function stepNanoseconds(neurons: number, { perStep, perVectorAlone }: typeof forward): number {
  const vectors = vectorsOf(neurons);
  const alone = vectors % 2;
  return 4 * (vectors - alone) * perStep + alone * perVectorAlone;
}

/** Values that are written for each neuron and step. */
function rowsOf({ record }: LifSimulateJob): number {
  return (['spikes', 'v', 'v_pre'] as const).filter((name) => record.has(name)).length;
}

function weightOf(surrogates: readonly Surrogate[]): number {
  return surrogates.reduce((sum, { name }) => sum + (surrogateDefinition(name).gradNeedsFloat64 ? float64Factor : 1), 0);
}
