import { OutOfMemoryError, type Backend } from './backend.ts';
import type { Job, LifProblem } from '../jobs.ts';
import { jobElements } from '../job-size.ts';
import { spread, standardProblem } from '../standard-jobs.ts';

/**
 * The job from which on a back-end with a dear start is faster than one without. A LIF neuron's steps follow each other, so that
 * what makes up for the start is the number of neurons as much as the number of neuron-steps: a job has to reach both.
 */
export interface CrossOver {
  /** Neuron-steps, or elements of x, times surrogates; Infinity where it is never faster. */
  readonly elements: number;
  readonly neurons: number;
}

export type CrossOvers = Readonly<Record<Job['kind'], CrossOver>>;

export const never: CrossOver = { elements: Infinity, neurons: Infinity };

/** Whether a job is as large as the cross-over of its kind. */
export function reaches(job: Job, crossOvers: CrossOvers): boolean {
  const { elements, neurons } = crossOvers[job.kind];
  return jobElements(job) >= elements && (!('problem' in job) || job.problem.neurons >= neurons);
}

export interface MeasureOptions {
  /** For each of the three kinds of job that are tried; the last run may end later. */
  readonly budgetMs?: number;
  /** Milliseconds. */
  readonly now?: () => number;
}

/**
 * Finds from where on `challenger` is faster than `incumbent`, by running both on the same jobs of growing size.
 *
 * @throws whatever `challenger` does, but for memory that it lacks: that only ends the growing.
 */
export async function measureCrossOvers(challenger: Backend, incumbent: Backend, options: MeasureOptions = {}): Promise<CrossOvers> {
  const { budgetMs = 2000, now = () => performance.now() } = options;
  const crossOvers: Partial<Record<Job['kind'], CrossOver>> = {};
  for (const trial of trials) {
    const race = new Race(challenger, incumbent, now);
    await race.run(trial, now() + budgetMs);
    const elements = crossing(race.samples);
    for (const kind of trial.standsFor) crossOvers[kind] = elements === Infinity ? never : { elements, neurons: trial.neurons(elements) };
  }
  return crossOvers as CrossOvers;
}

/** A kind of job in several sizes. */
interface Trial {
  readonly standsFor: readonly Job['kind'][];
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
    standsFor: ['lif_grad'],
    make: (elements) => ({
      kind: 'lif_grad',
      problem: problemOf(elements),
      surrogates,
      loss: { type: 'spike_count' },
      detachReset: false,
      wrt: ['current'],
    }),
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

function problemOf(elements: number): LifProblem {
  return standardProblem(neuronsOf(elements), steps);
}

/** Times of both back-ends on one job. */
export interface Sample {
  readonly elements: number;
  readonly challengerMs: number;
  readonly incumbentMs: number;
}

class Race {
  readonly samples: Sample[] = [];
  readonly #challenger: Backend;
  readonly #incumbent: Backend;
  readonly #now: () => number;

  constructor(challenger: Backend, incumbent: Backend, now: () => number) {
    this.#challenger = challenger;
    this.#incumbent = incumbent;
    this.#now = now;
  }

  /** Grows the job until the outcome is clear, or the next size would not be done by the deadline. */
  async run({ make, maxElements }: Trial, deadline: number): Promise<void> {
    for (let elements = minElements; elements <= maxElements && !isClear(this.samples); elements *= growth) {
      if (this.#now() + runs * this.#expectedMs(elements) > deadline) return;
      const job = make(elements);
      if (this.#challenger.accepts?.(job) === false) return;
      try {
        this.samples.push({
          elements,
          challengerMs: await this.#time(this.#challenger, job),
          incumbentMs: await this.#time(this.#incumbent, job),
        });
      } catch (error) {
        if (error instanceof OutOfMemoryError) return;
        throw error;
      }
    }
  }

  /** How long both take for a larger job, by the line through the last two samples. */
  #expectedMs(elements: number): number {
    const [previous, last] = [this.samples.at(-2), this.samples.at(-1)];
    if (last === undefined) return 0;
    const lastMs = last.challengerMs + last.incumbentMs;
    if (previous === undefined) return lastMs;
    const msPerElement = (lastMs - previous.challengerMs - previous.incumbentMs) / (last.elements - previous.elements);
    return lastMs + Math.max(0, msPerElement) * (elements - last.elements);
  }

  /** The best of a few runs after a first, in which kernels are compiled. */
  async #time(backend: Backend, job: Job): Promise<number> {
    await backend.run(job);
    let best = Infinity;
    for (let i = 1; i < runs; i++) {
      const start = this.#now();
      await backend.run(job);
      best = Math.min(best, this.#now() - start);
    }
    return best;
  }
}

/** Of each job, the first of which only compiles. */
const runs = 4;
/** A lead that more than doubles while the job grows by 8 is no longer that of the one that starts faster. */
const lostBy = 2;

/** By how much the challenger is behind. */
function lag({ challengerMs, incumbentMs }: Sample): number {
  return challengerMs - incumbentMs;
}

function isClear(samples: readonly Sample[]): boolean {
  const [previous, last] = [samples.at(-2), samples.at(-1)];
  if (last === undefined) return false;
  return lag(last) < 0 || (previous !== undefined && lag(last) > lostBy * lag(previous));
}

/** As far as the line through two samples is trusted beyond the larger of them. */
const farthest = 64;

/**
 * The number of elements from which on the challenger is faster: where the line through the last two samples says that its lag is
 * nothing, also a little beyond the largest sample. Infinity when it catches up nowhere.
 */
export function crossing(samples: readonly Sample[]): number {
  const [previous, last] = [samples.at(-2), samples.at(-1)];
  if (last === undefined) return Infinity;
  if (previous === undefined) return lag(last) < 0 ? last.elements : Infinity;
  const gain = lag(previous) - lag(last);
  if (gain <= 0) return Infinity;
  const elements = Math.ceil(previous.elements + ((last.elements - previous.elements) * lag(previous)) / gain);
  return elements <= farthest * last.elements ? elements : Infinity;
}
