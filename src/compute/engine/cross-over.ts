import type { Backend } from './backend.ts';
import { OutOfMemoryError } from './errors.ts';
import type { Job, NetworkJob, NeuronProblem } from '../jobs.ts';
import { jobElements } from '../job-size.ts';
import { spread, standardProblem } from '../standard-jobs.ts';

/**
 * The size of job from which on a back-end with a high fixed cost is faster than one without. The steps of a LIF neuron are sequential, so that
 * both the number of neurons and the number of neuron-steps have to be large.
 */
export interface CrossOver {
  /** Neuron-steps, or elements of x, times surrogates; Infinity where it is never faster. */
  readonly elements: number;
  readonly neurons: number;
}

/** By kinds of jobs; networks are never faster on the other back-end, which does not have them. */
export type CrossOvers = Readonly<Record<MeasuredKind, CrossOver>>;
type MeasuredKind = Exclude<Job['kind'], NetworkJob['kind']>;

export const never: CrossOver = { elements: Infinity, neurons: Infinity };

/** Whether a job has at least the size of the cross-over for its kind. */
export function reaches(job: Job, crossOvers: CrossOvers): boolean {
  if ('network' in job) return false;
  const { elements, neurons } = crossOvers[job.kind];
  return jobElements(job) >= elements && (!('problem' in job) || job.problem.neurons >= neurons);
}

export interface MeasureOptions {
  /** For each of the three kinds of job that are measured; the last run may end later. */
  readonly budgetMs?: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * Finds the sizes from which on `challenger` is faster than `incumbent`, by running both on the same jobs of growing size.
 *
 * @throws the errors of `challenger`, except an OutOfMemoryError, which ends the growing.
 */
export async function measureCrossOvers(challenger: Backend, incumbent: Backend, options: MeasureOptions = {}): Promise<CrossOvers> {
  const { budgetMs = 2000, now = () => performance.now() } = options;
  const crossOvers: Partial<Record<MeasuredKind, CrossOver>> = {};
  for (const trial of trials) {
    const deadline = now() + budgetMs;
    const samples: Sample[] = [];
    for (let elements = minElements; elements <= trial.maxElements && !isClear(samples); elements *= growth) {
      if (now() + runs * extrapolatedMs(samples, elements) > deadline) break;
      const job = trial.make(elements);
      if (challenger.accepts?.(job) === false) break;
      try {
        samples.push({ elements, challengerMs: await bestMs(challenger, job, now), incumbentMs: await bestMs(incumbent, job, now) });
      } catch (error) {
        if (error instanceof OutOfMemoryError) break;
        throw error;
      }
    }
    const elements = crossing(samples);
    for (const kind of trial.standsFor) crossOvers[kind] = elements === Infinity ? never : { elements, neurons: trial.neurons(elements) };
  }
  return crossOvers as CrossOvers;
}

/** A kind of job in several sizes. */
interface Trial {
  readonly standsFor: readonly MeasuredKind[];
  readonly make: (elements: number) => Job;
  readonly neurons: (elements: number) => number;
  readonly maxElements: number;
}

const minElements = 2 ** 14;
const growth = 8;
const steps = 100;
const surrogates = [{ name: 'sigmoid', parameters: { alpha: 4 } }];

const trials: readonly Trial[] = [
  {
    standsFor: ['lif_grad', 'lif_jvp'],
    make: (elements) => ({ kind: 'lif_grad', problem: problemOf(elements), surrogates, loss: { type: 'spike_count' }, wrt: ['current'] }),
    neurons: neuronsOf,
    maxElements: 2 ** 26,
  },
  {
    standsFor: ['lif_simulate'],
    make: (elements) => ({ kind: 'lif_simulate', problem: problemOf(elements), record: new Set(['spike_counts']) }),
    neurons: neuronsOf,
    maxElements: 2 ** 26,
  },
  {
    standsFor: ['surrogate_grad', 'surrogate_eval'],
    make: (elements) => ({ kind: 'surrogate_grad', x: spread(-2, 2, elements), surrogates, cotangent: 1 }),
    neurons: () => 0,
    maxElements: 2 ** 23,
  },
];

function neuronsOf(elements: number): number {
  return Math.ceil(elements / steps);
}

function problemOf(elements: number): NeuronProblem {
  return standardProblem(neuronsOf(elements), steps);
}

/** The times of both back-ends for one job. */
export interface Sample {
  readonly elements: number;
  readonly challengerMs: number;
  readonly incumbentMs: number;
}

/** Runs of each job; the first one also compiles its kernels. */
const runs = 4;

/** The best time of a job, after a first run that compiles. */
async function bestMs(backend: Backend, job: Job, now: () => number): Promise<number> {
  await backend.run(job);
  let best = Infinity;
  for (let i = 1; i < runs; i++) {
    const start = now();
    await backend.run(job);
    best = Math.min(best, now() - start);
  }
  return best;
}

/** How long both take for a larger job, on the line through the last two samples. */
function extrapolatedMs(samples: readonly Sample[], elements: number): number {
  const [previous, last] = [samples.at(-2), samples.at(-1)];
  if (last === undefined) return 0;
  const lastMs = last.challengerMs + last.incumbentMs;
  if (previous === undefined) return lastMs;
  const msPerElement = (lastMs - previous.challengerMs - previous.incumbentMs) / (last.elements - previous.elements);
  return lastMs + Math.max(0, msPerElement) * (elements - last.elements);
}

/** A lag that more than doubles while the job grows by 8 is not a fixed cost. */
const lostBy = 2;

/** By how many milliseconds the challenger is slower. */
function lag({ challengerMs, incumbentMs }: Sample): number {
  return challengerMs - incumbentMs;
}

function isClear(samples: readonly Sample[]): boolean {
  const [previous, last] = [samples.at(-2), samples.at(-1)];
  if (last === undefined) return false;
  return lag(last) < 0 || (previous !== undefined && lag(last) > lostBy * lag(previous));
}

/** How far beyond the larger of two samples the line through them is trusted. */
const maxExtrapolation = 64;

/**
 * The number of elements from which on the challenger is faster: where its lag is zero on the line through the last two samples, also a little
 * beyond the largest sample. Infinity when it never catches up.
 */
export function crossing(samples: readonly Sample[]): number {
  const [previous, last] = [samples.at(-2), samples.at(-1)];
  if (last === undefined) return Infinity;
  if (previous === undefined) return lag(last) < 0 ? last.elements : Infinity;
  const gain = lag(previous) - lag(last);
  if (gain <= 0) return Infinity;
  const elements = Math.ceil(previous.elements + ((last.elements - previous.elements) * lag(previous)) / gain);
  return elements <= maxExtrapolation * last.elements ? elements : Infinity;
}
