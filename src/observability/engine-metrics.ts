import { Counter, Gauge, type Registry } from 'prom-client';

import type { Engine } from '../compute/engine/engine.ts';
import { failureKinds } from '../compute/engine/errors.ts';
import { threadLosses } from '../compute/engine/thread-pool.ts';
import { readAtScrape } from './prometheus.ts';

const workerLostHelp = 'Parts of jobs whose worker thread failed; the thread was replaced, and the part run again.';

/**
 * Adds metrics of an engine: its queues and memory, the state of its back-ends, their failures and fallbacks.
 *
 * @param maxQueueWaitMs how long a job may have to wait.
 */
export function addEngineMetrics(registry: Registry, engine: Engine, maxQueueWaitMs: number): void {
  addQueueMetrics(registry, engine);
  readAtScrape(registry, [
    [
      'gauge',
      'surrogate_queue_limit_seconds',
      'The longest estimated wait with which a job is accepted.',
      () => maxQueueWaitMs / 1000,
      'max',
    ],
    ['gauge', 'surrogate_reserved_bytes', 'Memory that large requests have reserved.', () => engine.arenas.budget.usedBytes],
    ['gauge', 'surrogate_reserved_limit_bytes', 'Memory that they may reserve together.', () => engine.arenas.budget.limitBytes],
    ['counter', 'surrogate_worker_lost_total', workerLostHelp, () => threadLosses.count],
  ]);
  new Gauge({
    name: 'surrogate_arena_bytes',
    help: 'Memory in which jobs run: in use by requests and jobs, or pooled for later ones.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.set({ state: 'lent' }, engine.arenas.lentBytes);
      this.set({ state: 'kept' }, engine.arenas.keptBytes);
    },
  });
  addBackendStates(registry, engine);
  countFailures(registry, engine);
}

function addQueueMetrics(registry: Registry, engine: Engine): void {
  const registers = [registry];
  new Gauge({
    name: 'surrogate_queue_jobs',
    help: 'Jobs that wait for a back-end.',
    labelNames: ['backend'],
    registers,
    collect() {
      for (const { name, jobs } of engine.queues) this.set({ backend: name }, jobs);
    },
  });
  new Gauge({
    name: 'surrogate_queue_backlog_seconds',
    help: 'Estimated time until a back-end has finished the jobs that wait and run.',
    aggregator: 'max',
    labelNames: ['backend'],
    registers,
    collect() {
      for (const { name, ms } of engine.queues) this.set({ backend: name }, ms / 1000);
    },
  });
}

function addBackendStates(registry: Registry, engine: Engine): void {
  const registers = [registry];
  new Gauge({
    name: 'surrogate_backend_info',
    help: 'The back-ends with their device and state; always 1.',
    aggregator: 'max',
    labelNames: ['backend', 'device', 'dtype', 'version', 'xla', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { name, device, dtype, state, details } of engine.backends) {
        const { version = '', xla = '' } = details ?? {};
        this.set({ backend: name, device, dtype, version, xla: String(xla), state }, 1);
      }
    },
  });
  new Gauge({
    name: 'surrogate_backend_up',
    help: 'Whether a back-end is warm and accepts jobs.',
    aggregator: 'min',
    labelNames: ['backend'],
    registers,
    collect() {
      for (const { name, state } of engine.backends) this.set({ backend: name }, state === 'ready' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'surrogate_device_memory_bytes',
    help: 'Memory of the device of a back-end that has its own device.',
    aggregator: 'max',
    labelNames: ['backend', 'device', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { name, device, details } of engine.backends)
        if (details?.memoryBytes !== undefined) this.set({ backend: name, device, kind: 'total' }, details.memoryBytes);
    },
  });
  new Gauge({
    name: 'surrogate_tensors_live',
    help: "Tensors that a back-end's library holds between two runs; a number that keeps growing is a leak.",
    labelNames: ['backend'],
    registers,
    collect() {
      this.reset();
      for (const { name, liveTensors } of engine.backends) if (liveTensors !== undefined) this.set({ backend: name }, liveTensors);
    },
  });
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
