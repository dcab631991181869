import { Counter, Gauge, type Registry } from 'prom-client';

import type { Engine } from '../compute/engine/engine.ts';
import { failureKinds } from '../compute/engine/errors.ts';
import { threadLosses } from '../compute/engine/thread-pool.ts';
import { readAtScrape } from './prometheus.ts';

const workerLostHelp =
  'Parts of jobs whose worker thread failed, of all servers of the process; the thread is replaced and the part run again.';

/**
 * Adds metrics of an engine: its queues and memory, the state of its back-ends, their failures and fallbacks.
 *
 * @param maxQueueWaitMs how long a job may have to wait.
 */
export function addEngineMetrics(registry: Registry, engine: Engine, maxQueueWaitMs: number): void {
  addQueueMetrics(registry, engine);
  readAtScrape(registry, [
    ['gauge', 'surrogate_queue_limit_seconds', 'How long a job may have to wait.', () => maxQueueWaitMs / 1000, 'max'],
    ['gauge', 'surrogate_reserved_bytes', 'Memory that large requests have reserved.', () => engine.arenas.budget.usedBytes],
    ['gauge', 'surrogate_reserved_limit_bytes', 'Memory that they may reserve together.', () => engine.arenas.budget.limitBytes],
    ['counter', 'surrogate_worker_lost_total', workerLostHelp, () => threadLosses.count],
  ]);
  new Gauge({
    name: 'surrogate_arena_bytes',
    help: 'Memory in which jobs run: lent to exchanges and jobs, or kept for the next.',
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
    help: 'About how long a back-end takes for what waits and what runs.',
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
    help: 'The back-ends, what they are and how they are; always 1.',
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
    help: 'Whether a back-end is warm and takes jobs.',
    aggregator: 'min',
    labelNames: ['backend'],
    registers,
    collect() {
      for (const { name, state } of engine.backends) this.set({ backend: name }, state === 'ready' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'surrogate_device_memory_bytes',
    help: 'Memory of the device of a back-end that has one of its own.',
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
    help: "Tensors that a back-end's library holds between two runs; a number that only grows is a leak.",
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
    help: 'How often a back-end failed, on a job or while it was being brought back, and was taken out.',
    labelNames: ['backend', 'reason_kind'],
    registers: [registry],
  });
  const fallbacks = new Counter({
    name: 'surrogate_backend_fallback_total',
    help: 'Jobs done by another back-end than their first choice.',
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
