import { describe, expect, it } from 'vitest';
import type { Backend, Computed } from '../../../src/compute/engine/backend.ts';
import { ComputeError, OutOfMemoryError } from '../../../src/compute/engine/errors.ts';
import { crossing, measureCrossOvers, never, reaches } from '../../../src/compute/engine/cross-over.ts';
import { jobElements } from '../../../src/compute/job-size.ts';
import type { Job } from '../../../src/compute/jobs.ts';
import { FakeBackend } from './fake-backend.ts';
import { gradJob } from './jobs.ts';

/** A clock that advances only while a back-end computes. */
class Clock {
  ms = 0;
  readonly now = (): number => this.ms;
}

/** A back-end that advances the clock, and further for a job of a new size. */
class TimedBackend extends FakeBackend {
  readonly sizes = new Set<string>();
  readonly #clock: Clock;
  readonly #ms: (job: Job) => number;
  readonly #compileMs: number;

  constructor(clock: Clock, ms: (job: Job) => number, compileMs = 0) {
    super('tensorflow');
    this.#clock = clock;
    this.#ms = ms;
    this.#compileMs = compileMs;
  }

  override run<J extends Job>(job: J): Computed<J> | Promise<Computed<J>> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const size = `${job.kind} ${jobElements(job)}`;
    this.#clock.ms += this.#ms(job) + (this.sizes.has(size) ? 0 : this.#compileMs);
    this.sizes.add(size);
    return { queueMs: 0, computeMs: 0 } as Computed<J>;
  }
}

const perMillion =
  (ms: number) =>
  (job: Job): number =>
    (ms * jobElements(job)) / 1e6;

function measure(clock: Clock, challenger: Backend, incumbent: Backend, budgetMs = 2000): ReturnType<typeof measureCrossOvers> {
  return measureCrossOvers(challenger, incumbent, { budgetMs, now: clock.now });
}

describe('measureCrossOvers', () => {
  it('finds the size that pays off a high fixed cost, whatever compiling takes', async () => {
    const clock = new Clock();
    // 10 ms and 1 ms a million against 5 ms a million: even at 2.5 million.
    const challenger = new TimedBackend(clock, (job) => 10 + perMillion(1)(job), 100);
    const {
      lif_grad: grad,
      lif_simulate: simulate,
      surrogate_grad: elementwise,
      surrogate_eval: evaluation,
    } = await measure(clock, challenger, new TimedBackend(clock, perMillion(5)));
    expect(grad.elements / 2.5e6).toBeCloseTo(1, 3);
    expect(grad.neurons).toBe(Math.ceil(grad.elements / 100));
    expect(simulate).toEqual(grad);
    expect(elementwise.elements / 2.5e6).toBeCloseTo(1, 3);
    expect(elementwise.neurons).toBe(0);
    expect(evaluation).toEqual(elementwise);
  });

  it('measures kinds of jobs separately', async () => {
    const clock = new Clock();
    const challenger = new TimedBackend(clock, (job) => 10 + perMillion(job.kind === 'lif_grad' ? 1 : 20)(job));
    const crossOvers = await measure(clock, challenger, new TimedBackend(clock, perMillion(5)));
    expect(crossOvers.lif_grad.elements).toBeLessThan(3e6);
    expect(crossOvers).toMatchObject({ lif_simulate: never, surrogate_grad: never, surrogate_eval: never });
  });

  it('stops early when the challenger is slower per element as well', async () => {
    const clock = new Clock();
    const slow = new TimedBackend(clock, perMillion(500));
    expect((await measure(clock, slow, new TimedBackend(clock, perMillion(5)))).lif_grad).toEqual(never);
    expect([...slow.sizes].filter((size) => size.startsWith('lif_grad'))).toHaveLength(2);
  });

  it('respects its time budget, and extrapolates from the samples so far', async () => {
    const clock = new Clock();
    const challenger = new TimedBackend(clock, (job) => 150 + perMillion(1)(job));
    const crossOvers = await measure(clock, challenger, new TimedBackend(clock, perMillion(20)));
    expect(clock.ms).toBeLessThanOrEqual(3 * 2000);
    // Even at 7.9 million, more than was tried.
    expect(crossOvers.lif_grad.elements / (150 / 19e-6)).toBeCloseTo(1, 3);
    expect([...challenger.sizes].every((size) => Number(size.split(' ')[1]) < 7e6)).toBe(true);
  });

  it('stops when a job is not accepted, or memory runs out', async () => {
    const clock = new Clock();
    const choosy = new TimedBackend(clock, perMillion(1));
    choosy.accepts = ({ kind }) => kind !== 'lif_grad';
    choosy.failures.push(new OutOfMemoryError('no memory'));
    const crossOvers = await measure(clock, choosy, new TimedBackend(clock, perMillion(5)));
    expect(crossOvers).toMatchObject({ lif_grad: never, lif_simulate: never, surrogate_grad: { elements: 2 ** 14 } });
  });

  it('throws other failures', async () => {
    const clock = new Clock();
    const broken = new TimedBackend(clock, perMillion(1));
    broken.failures.push(undefined, new ComputeError('lost its device'));
    await expect(measure(clock, broken, new TimedBackend(clock, perMillion(5)))).rejects.toThrow('lost its device');
  });
});

describe('crossing', () => {
  const sample = (elements: number, challengerMs: number, incumbentMs: number) => ({ elements, challengerMs, incumbentMs });

  it.each([
    ['nothing known', [], Infinity],
    ['faster from the first', [sample(10, 1, 2)], 10],
    ['slower at the only size', [sample(10, 2, 1)], Infinity],
    ['even half-way', [sample(10, 5, 4), sample(30, 6, 7)], 20],
    ['a little beyond', [sample(10, 5, 1), sample(30, 5, 3)], 50],
    ['too far beyond', [sample(10, 5, 1), sample(30, 5, 1.001)], Infinity],
    ['falling behind', [sample(10, 5, 1), sample(30, 7, 1)], Infinity],
  ])('%s', (_name, samples, elements) => {
    expect(crossing(samples)).toBe(elements);
  });
});

it('a job reaches the cross-over by its neurons and its neuron-steps', () => {
  const crossOver = { elements: 1000, neurons: 10 };
  const crossOvers = { lif_grad: crossOver, lif_jvp: never, lif_simulate: never, surrogate_grad: never, surrogate_eval: never };
  expect(reaches(gradJob(10, 100), crossOvers)).toBe(true);
  expect(reaches(gradJob(9, 1000), crossOvers)).toBe(false);
  expect(reaches(gradJob(10, 99), crossOvers)).toBe(false);
});
