import {
  bytesPerNumber,
  dtypeOf,
  records,
  type Job,
  type LifGradJob,
  type LifProblem,
  type LifSimulateJob,
  type Quantity,
  type Recordable,
  type SurrogateEvalJob,
  type SurrogateGradJob,
} from './jobs.ts';
import { blockBounds, isLongRun, isPerStep } from './long-run.ts';
import { lifParameterNames } from './neurons/lif-parameters.ts';

/** The size of one kind of job. */
interface JobSize<J extends Job> {
  /** Neuron-steps, or elements of x, times surrogates. */
  elements(job: J): number;
  /** Numbers of the result; of a long run, those in memory at the same time. */
  resultValues(job: J): number;
  /** Numbers in memory beside the body: inputs in the job's arithmetic, copied or generated, results and intermediate values. */
  memoryValues(job: J): number;
}

const sizes: { readonly [Kind in Job['kind']]: JobSize<Extract<Job, { kind: Kind }>> } = {
  surrogate_eval: { elements: surrogateElements, resultValues: evalValues, memoryValues: (job) => job.x.length + evalValues(job) },
  surrogate_grad: {
    elements: surrogateElements,
    resultValues: surrogateElements,
    memoryValues: (job) => job.x.length + (typeof job.cotangent === 'number' ? 0 : job.cotangent.length) + surrogateElements(job),
  },
  lif_simulate: {
    elements: ({ problem: { neurons, steps } }) => neurons * steps,
    resultValues: simulateValues,
    memoryValues: (job) => {
      const { problem, record } = job;
      const rows = padded(problem.neurons);
      const kept = (rows / Math.max(1, problem.neurons)) * simulateValues(job) + rows * (record.has('spike_times') ? 3 : 1);
      return inputValues(problem) + kept;
    },
  },
  lif_grad: {
    elements: ({ problem: { neurons, steps }, surrogates }) => neurons * steps * surrogates.length,
    resultValues: ({ problem, surrogates, wrt }) =>
      surrogates.length * wrt.reduce((sum, name) => sum + quantityValues(problem[name], problem), 2 * problem.neurons),
    memoryValues: (job) => {
      const { problem, surrogates, wrt } = job;
      // Gradients are per neuron before they are summed over neurons.
      const kept = surrogates.length * wrt.reduce((sum, name) => sum + arrayValues(problem[name], problem), 2 * padded(problem.neurons));
      return inputValues(problem, cotangentsOf(job)) + kept + checkpointValues(problem);
    },
  },
};

function sizeOfKind({ kind }: Job): JobSize<Job> {
  return sizes[kind];
}

/** How much a job computes: neuron-steps, or elements of x, times surrogates. */
export function jobElements(job: Job): number {
  return sizeOfKind(job).elements(job);
}

/** The work of a plain loop over a job: its elements; a batch without neurons still allocates one neuron's steps. */
export function jobWork(job: Job): number {
  return 'problem' in job && job.problem.neurons === 0 ? job.problem.steps : jobElements(job);
}

/** Numbers of a job's result; of a long run, those in memory at the same time. */
export function resultValues(job: Job): number {
  return sizeOfKind(job).resultValues(job);
}

/** Bytes of memory that a job takes beside its body. */
export function jobBytes(job: Job): number {
  return bytesPerNumber[dtypeOf(job)] * sizeOfKind(job).memoryValues(job);
}

/** Values of a record; of spike times an upper bound. */
export function recordedValues(name: Recordable, { neurons, steps, refractorySteps }: LifProblem): number {
  switch (records[name].per) {
    case 'neuron':
      return neurons;
    case 'step':
      return neurons * steps;
    case 'spike':
      return neurons * Math.ceil(steps / (refractorySteps + 1));
  }
}

function surrogateElements({ x, surrogates }: SurrogateEvalJob | SurrogateGradJob): number {
  return x.length * surrogates.length;
}

function evalValues(job: SurrogateEvalJob): number {
  return surrogateElements(job) * (Number(job.outputs.spike) + Number(job.outputs.value));
}

function simulateValues(job: LifSimulateJob): number {
  const { problem, record } = job;
  const streams = isLongRun(job);
  let values = streams ? 2 * blockValues(problem) : 0;
  for (const name of record) if (!streams || !isPerStep(name)) values += recordedValues(name, problem);
  return values;
}

function blockValues(problem: LifProblem): number {
  const [first] = blockBounds(problem);
  return first === undefined ? 0 : (first[1] - first[0]) * problem.steps;
}

function quantityValues({ per }: Quantity, { neurons, steps }: LifProblem): number {
  return per === 'scalar' ? 1 : per === 'neuron' ? neurons : neurons * steps;
}

/** Kernels compute whole vectors of neurons: the last one is padded. */
function padded(neurons: number): number {
  return 4 * Math.ceil(neurons / 4);
}

/** Numbers of an array that kernels read or write for a quantity. */
function arrayValues({ per }: Quantity, { neurons, steps }: LifProblem): number {
  return padded(neurons) * (per === 'step' ? steps : 1);
}

function inputValues(problem: LifProblem, cotangents: readonly Quantity[] = []): number {
  const arrays = [...lifParameterNames.map((name) => problem[name]), ...cotangents].filter(({ per }) => per !== 'scalar');
  // The current is always an array.
  return [problem.current, ...arrays].reduce((sum, quantity) => sum + arrayValues(quantity, problem), 0);
}

/** The quantities of a loss. */
function cotangentsOf({ loss }: LifGradJob): readonly Quantity[] {
  if (loss.type === 'spike_count') return [];
  if (loss.type === 'firing_rate_mse') return [loss.target];
  return [loss.spikes, loss.v].filter((quantity) => quantity !== undefined);
}

/** A thread's backward pass has this many neurons in flight, with a checkpoint every so many steps. */
const checkpoint = { neurons: 28, everySteps: 256 };

/** Checkpoints of one thread: long runs, where they count, have few neurons, and one thread is enough for them. */
function checkpointValues({ steps, refractorySteps }: LifProblem): number {
  // The potential, and the refractory steps that are left.
  const values = refractorySteps > 0 ? 2 : 1;
  return values * checkpoint.neurons * Math.ceil(steps / checkpoint.everySteps);
}
