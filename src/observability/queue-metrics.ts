import type { Engine } from '../compute/engine/engine.ts';
import { threadLosses } from '../compute/engine/thread-pool.ts';
import { Counter, Histogram, Reading, type Count, type Joining } from './instruments.ts';
import type { Registry } from './registry.ts';

/** Why a request was not computed, or its answer not waited for. */
export const rejections = ['queue_full', 'deadline', 'cancelled', 'memory', 'too_large', 'shutting_down'] as const;
export type Rejection = (typeof rejections)[number];

/** What is told of jobs that wait, of the memory that large requests share, of those that are turned away, and of threads that end. */
export class QueueMetrics {
  readonly #delay: Histogram<'op'>;
  readonly #rejected: Readonly<Record<Rejection, Count>>;

  /** @param maxQueueWaitMs how long a job may have to wait. */
  constructor(registry: Registry, engine: Engine, maxQueueWaitMs: number, buckets: readonly number[]) {
    const { budget } = engine.arenas;
    this.#delay = registry.add(
      new Histogram({
        name: 'surrogate_queue_delay_seconds',
        help: 'Time that a job waits for its back-end.',
        labelNames: ['op'],
        buckets,
      }),
    );
    registry.add(
      new Reading({
        name: 'surrogate_queue_jobs',
        help: 'Jobs that wait for a back-end.',
        labelNames: ['backend'],
        read: () => engine.queues.map(({ name, jobs }) => [{ backend: name }, jobs]),
      }),
    );
    registry.add(
      new Reading({
        name: 'surrogate_queue_backlog_seconds',
        help: 'About how long a back-end takes for what waits and what runs.',
        joining: 'max',
        labelNames: ['backend'],
        read: () => engine.queues.map(({ name, ms }) => [{ backend: name }, ms / 1000]),
      }),
    );
    const add = (name: string, help: string, read: () => number | undefined, joining: Joining = 'sum') =>
      registry.add(Reading.of({ name, help, joining, read }));
    add('surrogate_queue_limit_seconds', 'How long a job may have to wait.', () => maxQueueWaitMs / 1000, 'max');
    add('surrogate_reserved_bytes', 'Memory that large requests have reserved.', () => budget.usedBytes);
    add('surrogate_reserved_limit_bytes', 'Memory that they may reserve together.', () => budget.limitBytes);

    const rejected = registry.add(
      new Counter({
        name: 'surrogate_rejected_total',
        help: 'Requests that were turned away, or whose client went away before it had the answer.',
        labelNames: ['reason'],
      }),
    );
    this.#rejected = Object.fromEntries(rejections.map((reason) => [reason, rejected.labels({ reason })])) as Record<Rejection, Count>;
    registry.add(
      Reading.of({
        name: 'surrogate_worker_lost_total',
        help: 'Parts of jobs whose worker thread failed, of all servers of the process; the thread is replaced and the part run again.',
        type: 'counter',
        read: () => threadLosses.count,
      }),
    );
  }

  waited(op: string, seconds: number): void {
    this.#delay.labels({ op }).observe(seconds);
  }

  rejected(reason: Rejection): void {
    this.#rejected[reason].add();
  }
}
