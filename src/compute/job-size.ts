import {
  bytesPerNumber,
  dtypeOf,
  type Job,
  type LifGradJob,
  type LifProblem,
  type LifSimulateJob,
  type Quantity,
  type Recordable,
} from './jobs.ts';
import { blockBounds, isLongRun, isPerStep } from './long-run.ts';

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

/** What a job costs who does it plainly: its elements; a batch without neurons still takes the memory of one neuron's steps. */
export function jobWork(job: Job): number {
  return 'problem' in job && job.problem.neurons === 0 ? job.problem.steps : jobElements(job);
}

/** Numbers of a quantity. */
function quantityValues({ per }: Quantity, { neurons, steps }: LifProblem): number {
  return per === 'scalar' ? 1 : per === 'neuron' ? neurons : neurons * steps;
}

/** Values that a record takes; for spike times at most, since nobody knows before. */
export function recordedValues(name: Recordable, { neurons, steps, refractorySteps }: LifProblem): number {
  switch (name) {
    case 'spike_counts':
    case 'firing_rates':
    case 'v_final':
      return neurons;
    case 'spikes':
    case 'v':
    case 'v_pre':
      return neurons * steps;
    case 'spike_times':
      return neurons * Math.ceil(steps / (refractorySteps + 1));
  }
}

/** Numbers of a job's result, those of a long run's blocks among them that are there at the same time. */
export function resultValues(job: Job): number {
  switch (job.kind) {
    case 'surrogate_eval':
      return jobElements(job) * (Number(job.outputs.spike) + Number(job.outputs.value));
    case 'surrogate_grad':
      return jobElements(job);
    case 'lif_simulate': {
      const streams = isLongRun(job);
      let values = streams ? 2 * blockValues(job.problem) : 0;
      for (const name of job.record) if (!streams || !isPerStep(name)) values += recordedValues(name, job.problem);
      return values;
    }
    case 'lif_grad': {
      const { problem, surrogates, wrt } = job;
      return surrogates.length * wrt.reduce((sum, name) => sum + quantityValues(problem[name], problem), 2 * problem.neurons);
    }
  }
}

function blockValues(problem: LifProblem): number {
  const [first] = blockBounds(problem);
  return first === undefined ? 0 : (first[1] - first[0]) * problem.steps;
}

/** Bytes of memory that a job takes beside its body: its input in its arithmetic, copied or made, its result, and what it keeps on the way. */
export function jobBytes(job: Job): number {
  return bytesPerNumber[dtypeOf(job)] * (inputValues(job) + keptValues(job) + checkpointValues(job));
}

/** Kernels compute whole vectors of neurons: the last one is filled up. */
function padded(neurons: number): number {
  return 4 * Math.ceil(neurons / 4);
}

/** Numbers of an array that kernels read or write for a quantity. */
function arrayValues({ per }: Quantity, { neurons, steps }: LifProblem): number {
  return padded(neurons) * (per === 'step' ? steps : 1);
}

function inputValues(job: Job): number {
  switch (job.kind) {
    case 'surrogate_eval':
      return job.x.length;
    case 'surrogate_grad':
      return job.x.length + (typeof job.cotangent === 'number' ? 0 : job.cotangent.length);
    case 'lif_simulate':
    case 'lif_grad': {
      const { problem } = job;
      const arrays = [
        problem.tau,
        problem.v_threshold,
        problem.v_reset,
        problem.v_rest,
        problem.resistance,
        problem.v_init,
        ...cotangents(job),
      ].filter(({ per }) => per !== 'scalar');
      // The current is an array always.
      return [problem.current, ...arrays].reduce((sum, quantity) => sum + arrayValues(quantity, problem), 0);
    }
  }
}

/** What of a loss is given as numbers. */
function cotangents(job: LifSimulateJob | LifGradJob): readonly Quantity[] {
  if (job.kind === 'lif_simulate' || job.loss.type === 'spike_count') return [];
  if (job.loss.type === 'firing_rate_mse') return [job.loss.target];
  return [job.loss.spikes, job.loss.v].filter((quantity) => quantity !== undefined);
}

/** Numbers that kernels leave behind: the result, gradients before they are summed over neurons, and where each neuron's spikes go. */
function keptValues(job: Job): number {
  switch (job.kind) {
    case 'surrogate_eval':
    case 'surrogate_grad':
      return resultValues(job);
    case 'lif_simulate': {
      const { neurons } = job.problem;
      const rows = padded(neurons);
      return (rows / Math.max(1, neurons)) * resultValues(job) + rows * (job.record.has('spike_times') ? 3 : 1);
    }
    case 'lif_grad': {
      const { problem, surrogates, wrt } = job;
      return surrogates.length * wrt.reduce((sum, name) => sum + arrayValues(problem[name], problem), 2 * padded(problem.neurons));
    }
  }
}

/** A thread that goes back over so many neurons at a time has kept their potentials at every so many steps. */
const checkpoint = { neurons: 28, everySteps: 256 };

/** Of one thread: only where neurons are few, and one is enough for them, are there so many steps that it counts. */
function checkpointValues(job: Job): number {
  if (job.kind !== 'lif_grad') return 0;
  const { steps, refractorySteps } = job.problem;
  // How long each is still held, beside its potential.
  const values = refractorySteps > 0 ? 2 : 1;
  return values * checkpoint.neurons * Math.ceil(steps / checkpoint.everySteps);
}
