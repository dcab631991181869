import { memoize } from '../../cache.ts';
import { reachable } from '../../expressions.ts';
import { jobElements, networkEntries, networkWeights } from '../../job-size.ts';
import { dtypeOf, recordPer, type Dtype, type Job, type NeuronProblem } from '../../jobs.ts';
import { programOf } from '../../neurons/terms.ts';
import type { NeuronProgram } from '../../neurons/program.ts';
import { surrogateDefinition } from '../../surrogates/catalogue.ts';
import type { Surrogate } from '../../surrogates/definition.ts';
import { lanesOf, vectorsOf } from './ir/lanes.ts';

// Nanoseconds on one core of a common server, rounded up; they only decide whether handing a job to the workers pays.
const perValue = 3;
/** A neuron's step in a vector that shares its loop, and a step of a vector that is alone in it, whose operations wait for each other. */
const forward = { perStep: 0.25, perVectorAlone: 4 };
const backward = { perStep: 1.3, perVectorAlone: 14 };
const perRecordedValue = 1;
/** A neuron's step of a network, or what counts as one of its products. */
const perNetworkElement = 0.15;
/** Copying a weight and transposing it, listing a number of the input, and sorting an event, which the thread of the request does. */
const perWeight = 3;
const perNetworkInput = 2;
const perEvent = 10;
/** Some ten launches of a layer. */
const perNetworkLayer = 50_000;
/** Operations of the LIF neuron's step. */
const lifOperations = 10;
/** Laying out a neuron's numbers and reading its results. */
const perNeuron = 5;

/** How much longer plain arithmetic takes in a job of that type. */
const arithmeticFactor: Readonly<Record<Dtype, number>> = { float32: 1, float64: 2 };
/** How much longer a formula takes in float64 lanes, whose functions are longer too. */
const float64Factor = 4;

/** About how long it takes to print and compile a kernel. */
export const compileMs = 15;

/** About how long a job's kernels take on one core. */
export function estimateNanoseconds(job: Job): number {
  const dtype = dtypeOf(job);
  const arithmetic = arithmeticFactor[dtype];
  switch (job.kind) {
    case 'surrogate_eval':
      return job.x.length * perValue * sum(job.surrogates, (surrogate) => float64Factor * arithmetic + structureWeight(surrogate, dtype));
    case 'surrogate_grad':
      return job.x.length * perValue * sum(job.surrogates, (surrogate) => gradientWeight(surrogate, dtype));
    case 'lif_simulate': {
      const { problem, record } = job;
      const rows = [...record].filter((name) => recordPer(name) === 'step').length;
      const runs = record.has('spike_times') ? 2 : 1;
      const perStep = runs * stepNanoseconds(problem, dtype, forward) + problem.neurons * arithmetic * rows * perRecordedValue;
      return problem.neurons * perNeuron + problem.steps * perStep;
    }
    case 'lif_grad': {
      const { neurons, steps } = job.problem;
      const weight = sum(job.surrogates, (surrogate) => gradientWeight(surrogate, dtype)) / arithmetic;
      return neurons * perNeuron + steps * stepNanoseconds(job.problem, dtype, backward) * weight;
    }
    case 'lif_jvp': {
      const { problem, surrogates } = job;
      const perStep = 3 * stepNanoseconds(problem, dtype, forward) + 2 * problem.neurons * arithmetic * perRecordedValue;
      return surrogates.length * (problem.neurons * perNeuron + problem.steps * perStep);
    }
    case 'network_simulate':
    case 'network_grad':
      return (
        job.network.layers.length * perNetworkLayer +
        arithmetic *
          (jobElements(job) * perNetworkElement +
            networkWeights(job.network) * perWeight +
            networkEntries(job.network) * (job.network.input.form === 'events' ? perEvent : perNetworkInput))
      );
  }
}

function sum(surrogates: readonly Surrogate[], weight: (surrogate: Surrogate) => number): number {
  return surrogates.reduce((total, surrogate) => total + weight(surrogate), 0);
}

/** One step of all neurons. Vectors that share a loop hide each other's latency. */
function stepNanoseconds(problem: NeuronProblem, dtype: Dtype, { perStep, perVectorAlone }: typeof forward): number {
  const { neurons } = problem;
  const vectors = vectorsOf(neurons, lanesOf[dtype]);
  const alone = vectors % 2;
  return stepWeight(programOf(problem)) * (4 * (vectors - alone) * perStep + alone * perVectorAlone);
}

/** How much longer a step takes than the LIF neuron's, by its number of operations. */
const stepWeight = memoize(({ step }: NeuronProgram): number => {
  const operations = reachable(Object.values(step.next)).filter(({ args }) => args.length > 0).length;
  return Math.max(1, operations / lifOperations);
});

function gradientWeight(surrogate: Surrogate, dtype: Dtype): number {
  const needsFloat64 = surrogateDefinition(surrogate.name).gradNeedsFloat64 === true;
  return (needsFloat64 ? float64Factor : arithmeticFactor[dtype]) + structureWeight(surrogate, dtype);
}

/**
 * What a surrogate's structure adds. The terms of a series: float64 computes each by itself, float32 by a cheap recurrence. The items of
 * lists: a few operations each.
 */
function structureWeight({ name, parameters }: Surrogate, dtype: Dtype): number {
  let weight = 0;
  for (const parameter in parameters) {
    const value = parameters[parameter]!;
    if (typeof value !== 'number') weight += (arithmeticFactor[dtype] * value.length) / 8;
    else if (dtype === 'float64' && surrogateDefinition(name).parameters[parameter]?.integer) weight += 2 * value;
  }
  return weight;
}
