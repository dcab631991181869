import { dtypeOf, type Dtype, type Job, type LifSimulateJob } from '../../jobs.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { surrogateShape } from '../../surrogates/shape.ts';
import { lanesOf, vectorsOf, type LaneType } from './ir/lanes.ts';

// Nanoseconds on one core of a common server, rounded up; they only decide whether a job is worth a hop to the workers.
const perValue = 3;
const forward = { perStep: 0.25, perVectorAlone: 4 };
const grad = { perStep: 1.3, perVectorAlone: 14 };
const perRowValue = 1;
/** Of laying down what a neuron has of its own, and of reading what it leaves. */
const perNeuron = 5;

/** Of a formula in float64 lanes, whose functions are longer too, beside float32 lanes. */
const float64Factor = 4;

interface Factors {
  /** Of what is plain arithmetic. */
  readonly arithmetic: number;
  readonly value: number;
  /** Of gradients that float32 can do. */
  readonly gradient: number;
  /** Of each term of a series. */
  readonly term: number;
}

const factorsOf: Readonly<Record<Dtype, Factors>> = {
  float32: { arithmetic: 1, value: float64Factor, gradient: 1, term: 0 },
  float64: { arithmetic: 2, value: 2 * float64Factor, gradient: 2, term: 2 },
};

/** About how long it takes to print and compile a kernel. */
export const compileMs = 15;

/** About how long a job's kernels take on one core. */
export function estimateNanoseconds(job: Job): number {
  const factors = factorsOf[dtypeOf(job)];
  const lanes = lanesOf[dtypeOf(job)];
  switch (job.kind) {
    case 'surrogate_eval':
      return job.x.length * perValue * job.surrogates.reduce((sum, surrogate) => sum + factors.value + seriesWeight(surrogate, factors), 0);
    case 'surrogate_grad':
      return job.x.length * perValue * gradWeight(job.surrogates, factors);
    case 'lif_simulate':
      return (
        job.problem.neurons * perNeuron +
        job.problem.steps *
          (stepNanoseconds(job.problem.neurons, lanes, forward) * (job.record.has('spike_times') ? 2 : 1) +
            job.problem.neurons * factors.arithmetic * rowsOf(job) * perRowValue)
      );
    case 'lif_grad':
      return (
        job.problem.neurons * perNeuron +
        (job.problem.steps * stepNanoseconds(job.problem.neurons, lanes, grad) * gradWeight(job.surrogates, factors)) / factors.arithmetic
      );
  }
}

/**
 * One step of all neurons. Vectors that are in flight together hide each other's latency; one that is left takes as long as its operations do one
 * after the other.
 */
function stepNanoseconds(neurons: number, lanes: LaneType, { perStep, perVectorAlone }: typeof forward): number {
  const vectors = vectorsOf(neurons, lanes);
  const alone = vectors % 2;
  return 4 * (vectors - alone) * perStep + alone * perVectorAlone;
}

/** Values that are written for each neuron and step. */
function rowsOf({ record }: LifSimulateJob): number {
  return (['spikes', 'v', 'v_pre'] as const).filter((name) => record.has(name)).length;
}

function gradWeight(surrogates: readonly Surrogate[], factors: Factors): number {
  return surrogates.reduce(
    (sum, surrogate) =>
      sum + (surrogateDefinition(surrogate.name).gradNeedsFloat64 ? float64Factor : factors.gradient) + seriesWeight(surrogate, factors),
    0,
  );
}

/** Of a surrogate that is a series, for its terms. */
function seriesWeight(surrogate: Surrogate, { term }: Factors): number {
  if (term === 0) return 0;
  return term * Object.values(surrogateShape(surrogate).integers).reduce((sum, terms) => sum + terms, 0);
}
