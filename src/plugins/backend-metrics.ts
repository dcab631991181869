import { Counter, Gauge, type Registry } from 'prom-client';

import type { Engine } from '../compute/engine.ts';

/** Adds what Prometheus is told of an engine's back-ends: which there are and how they are, at each scrape, and their failures. */
export function registerBackendMetrics(registry: Registry, engine: Engine): void {
  const registers = [registry];
  new Gauge({
    name: 'backend_info',
    help: 'The back-ends, what they are and how they are; always 1.',
    labelNames: ['backend', 'device', 'dtype', 'version', 'xla', 'state'] as const,
    registers,
    collect() {
      this.reset();
      for (const { name, device, dtype, state, details } of engine.backends) {
        this.set({ backend: name, device, dtype, version: details?.version ?? '', xla: details?.xla === undefined ? '' : String(details.xla), state }, 1);
      }
    },
  });
  new Gauge({
    name: 'backend_up',
    help: 'Whether a back-end is warm and takes jobs.',
    labelNames: ['backend'] as const,
    registers,
    collect() {
      for (const { name, state } of engine.backends) this.set({ backend: name }, state === 'ready' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'backend_device_memory_bytes',
    help: 'Memory of the device of a back-end that has one of its own.',
    labelNames: ['backend', 'device'] as const,
    registers,
    collect() {
      this.reset();
      for (const { name, device, details } of engine.backends) {
        if (details?.memoryBytes !== undefined) this.set({ backend: name, device }, details.memoryBytes);
      }
    },
  });

  const failures = new Counter({
    name: 'backend_failures_total',
    help: 'How often a back-end failed, on a job or while it was being brought back, and was taken out.',
    labelNames: ['backend', 'reason_kind'] as const,
    registers,
  });
  engine.events.on('failed', (backend, { kind }) => { failures.inc({ backend, reason_kind: kind }); });

  const fallbacks = new Counter({
    name: 'backend_fallbacks_total',
    help: 'Jobs done by another back-end than their first choice.',
    labelNames: ['from', 'to'] as const,
    registers,
  });
  engine.events.on('fallback', (to, { from }) => { fallbacks.inc({ from, to }); });
}
