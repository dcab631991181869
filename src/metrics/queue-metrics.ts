import { Counter, Histogram, Reading, type Count } from './instruments.ts';
import type { Registry } from './registry.ts';

/** Why a request was not computed, or its answer not waited for. */
export const rejections = ['queue_full', 'deadline', 'cancelled', 'memory', 'too_large', 'shutting_down'] as const;
export type Rejection = (typeof rejections)[number];

/** What waits, and how much may. */
export interface QueueState {
  /** Neuron-steps, or elements of x, times surrogates. */
  readonly elements: number;
  readonly bytes: number;
  readonly mostElements: number;
  readonly mostBytes: number;
}

const nothing: QueueState = { elements: 0, bytes: 0, mostElements: 0, mostBytes: 0 };

/** What is told of requests that wait, and of those that are turned away. */
export class QueueMetrics {
  readonly #delay: Histogram<'op'>;
  readonly #rejected: Readonly<Record<Rejection, Count>>;
  readonly #replaced: Count;
  readonly #retried: Count;
  #read = () => nothing;

  constructor(registry: Registry, buckets: readonly number[]) {
    this.#delay = registry.add(new Histogram({
      name: 'surrogate_queue_delay_seconds',
      help: 'Time that a job waits to be admitted.',
      labelNames: ['op'],
      buckets,
    }));
    let state = nothing;
    registry.beforeScrape(() => { state = this.#read(); });
    const add = (name: string, help: string, read: () => number) => registry.add(Reading.of({ name, help, read }));
    add('surrogate_queue_elements', 'Elements of the jobs that wait.', () => state.elements);
    add('surrogate_queue_bytes', 'Bytes of the jobs that wait.', () => state.bytes);
    add('surrogate_queue_limit_elements', 'Elements of the jobs that may wait; 0 where there is no queue.', () => state.mostElements);
    add('surrogate_queue_limit_bytes', 'Bytes of the jobs that may wait; 0 where there is no queue.', () => state.mostBytes);

    const rejected = registry.add(new Counter({
      name: 'surrogate_rejected_total',
      help: 'Requests that were turned away, or whose client went away before it had the answer.',
      labelNames: ['reason'],
    }));
    this.#rejected = Object.fromEntries(rejections.map((reason) => [reason, rejected.labels({ reason })])) as Record<Rejection, Count>;
    this.#replaced = registry.add(new Counter({ name: 'surrogate_worker_replaced_total', help: 'Worker threads that were replaced, since they failed or hung.' })).labels({});
    this.#retried = registry.add(new Counter({ name: 'surrogate_jobs_retried_total', help: 'Jobs that were run again, since their worker was lost.' })).labels({});
  }

  /** Has the gauges of the queue read from now on. */
  watch(read: () => QueueState): void {
    this.#read = read;
  }

  waited(op: string, seconds: number): void {
    this.#delay.labels({ op }).observe(seconds);
  }

  rejected(reason: Rejection): void {
    this.#rejected[reason].add();
  }

  workerReplaced(): void {
    this.#replaced.add();
  }

  jobRetried(): void {
    this.#retried.add();
  }
}
