import { Counter, type Registry } from 'prom-client';

import type { Engine } from '../compute/engine/engine.ts';
import { failureKinds } from '../compute/engine/errors.ts';
import { threadLosses } from '../compute/engine/thread-pool.ts';
import { scrapedMetrics } from './prometheus.ts';

/**
 * Adds metrics of an engine: its queues and memory, the state of its back-ends, their failures and fallbacks.
 *
 * @param maxQueueWaitMs how long a job may have to wait.
 */
export function addEngineMetrics(registry: Registry, engine: Engine, maxQueueWaitMs: number): void {
  const add = scrapedMetrics(registry);
  const { arenas } = engine;
  add('surrogate_queue_jobs', 'Jobs that wait for a back-end.', () => engine.queues.map(({ name, jobs }) => [{ backend: name }, jobs]), {
    labelNames: ['backend'],
  });
  add(
    'surrogate_queue_backlog_seconds',
    'Estimated time until a back-end has finished the jobs that wait and run.',
    () => engine.queues.map(({ name, ms }) => [{ backend: name }, ms / 1000]),
    { labelNames: ['backend'], aggregator: 'max' },
  );
  add('surrogate_queue_limit_seconds', 'The longest estimated wait with which a job is accepted.', () => maxQueueWaitMs / 1000, {
    aggregator: 'max',
  });
  add('surrogate_reserved_bytes', 'Memory that large requests have reserved.', () => arenas.budget.usedBytes);
  add('surrogate_reserved_limit_bytes', 'Memory that they may reserve together.', () => arenas.budget.limitBytes);
  add(
    'surrogate_worker_lost_total',
    'Parts of jobs whose worker thread failed; the thread was replaced, and the part run again.',
    () => threadLosses.count,
    { type: 'counter' },
  );
  add(
    'surrogate_arena_bytes',
    'Memory in which jobs run: in use by requests and jobs, or pooled for later ones.',
    () => [
      [{ state: 'lent' }, arenas.lentBytes],
      [{ state: 'kept' }, arenas.keptBytes],
    ],
    { labelNames: ['state'] },
  );
  add(
    'surrogate_backend_info',
    'The back-ends with their device and state; always 1.',
    () =>
      engine.backends.map(({ name, device, dtype, state, details: { version = '', xla = '' } = {} }) => [
        { backend: name, device, dtype, version, xla: String(xla), state },
        1,
      ]),
    { labelNames: ['backend', 'device', 'dtype', 'version', 'xla', 'state'], aggregator: 'max' },
  );
  add(
    'surrogate_backend_up',
    'Whether a back-end is warm and accepts jobs.',
    () => engine.backends.map(({ name, state }) => [{ backend: name }, state === 'ready' ? 1 : 0]),
    { labelNames: ['backend'], aggregator: 'min' },
  );
  add(
    'surrogate_device_memory_bytes',
    'Memory of the device of a back-end that has its own device.',
    () =>
      engine.backends.flatMap(({ name: backend, device, details: { memoryBytes } = {} }) =>
        memoryBytes === undefined ? [] : [[{ backend, device, kind: 'total' }, memoryBytes] as const],
      ),
    { labelNames: ['backend', 'device', 'kind'], aggregator: 'max' },
  );
  add(
    'surrogate_tensors_live',
    "Tensors that a back-end's library holds between two runs; a number that keeps growing is a leak.",
    () =>
      engine.backends.flatMap(({ name, liveTensors }) => (liveTensors === undefined ? [] : [[{ backend: name }, liveTensors] as const])),
    { labelNames: ['backend'] },
  );
  countFailures(registry, engine);
}

function countFailures(registry: Registry, { backends, events }: Engine): void {
  const failures = new Counter({
    name: 'surrogate_backend_failures_total',
    help: 'Failures of a back-end, on a job or during its restart, after which it accepted no jobs for a while.',
    labelNames: ['backend', 'reason_kind'],
    registers: [registry],
  });
  const fallbacks = new Counter({
    name: 'surrogate_backend_fallback_total',
    help: 'Jobs that ran on another back-end than their first choice.',
    labelNames: ['from', 'to'],
    registers: [registry],
  });
  // Initialised to 0: Prometheus cannot compute an increase from a series' first sample.
  for (const [i, { name }] of backends.entries()) {
    for (const kind of failureKinds) failures.inc({ backend: name, reason_kind: kind }, 0);
    for (const next of backends.slice(i + 1)) fallbacks.inc({ from: name, to: next.name }, 0);
  }
  events.on('failed', (backend, { kind }) => {
    failures.inc({ backend, reason_kind: kind });
  });
  events.on('fallback', (to, { from }) => {
    fallbacks.inc({ from, to });
  });
}
