import type { Engine } from '../compute/engine/engine.ts';
import { failureKinds } from '../compute/engine/errors.ts';
import { Counter, Reading } from './instruments.ts';
import type { Registry } from './registry.ts';

/** Adds what is told of an engine's back-ends: which there are and how they are, at each scrape, and their failures. */
export function addBackendMetrics(registry: Registry, engine: Engine): void {
  registry.add(
    new Reading({
      name: 'surrogate_backend_info',
      help: 'The back-ends, what they are and how they are; always 1.',
      joining: 'max',
      labelNames: ['backend', 'device', 'dtype', 'version', 'xla', 'state'],
      read: () =>
        engine.backends.map(({ name, device, dtype, state, details }) => [
          {
            backend: name,
            device,
            dtype,
            version: details?.version ?? '',
            xla: details?.xla === undefined ? '' : String(details.xla),
            state,
          },
          1,
        ]),
    }),
  );
  registry.add(
    new Reading({
      name: 'surrogate_backend_up',
      help: 'Whether a back-end is warm and takes jobs.',
      joining: 'min',
      labelNames: ['backend'],
      read: () => engine.backends.map(({ name, state }) => [{ backend: name }, state === 'ready' ? 1 : 0]),
    }),
  );
  registry.add(
    new Reading({
      name: 'surrogate_device_memory_bytes',
      help: 'Memory of the device of a back-end that has one of its own.',
      joining: 'max',
      labelNames: ['backend', 'device', 'kind'],
      read: () => engine.backends.map(({ name, device, details }) => [{ backend: name, device, kind: 'total' }, details?.memoryBytes]),
    }),
  );
  registry.add(
    new Reading({
      name: 'surrogate_tensors_live',
      help: "Tensors that a back-end's library holds between two runs; a number that only grows is a leak.",
      labelNames: ['backend'],
      read: () => engine.backends.map(({ name, liveTensors }) => [{ backend: name }, liveTensors]),
    }),
  );
  registry.add(
    new Reading({
      name: 'surrogate_arena_bytes',
      help: 'Memory in which jobs run: lent to exchanges and jobs, or kept for the next.',
      labelNames: ['state'],
      read: () => [
        [{ state: 'lent' }, engine.arenas.lentBytes],
        [{ state: 'kept' }, engine.arenas.keptBytes],
      ],
    }),
  );

  const failures = registry.add(
    new Counter({
      name: 'surrogate_backend_failures_total',
      help: 'How often a back-end failed, on a job or while it was being brought back, and was taken out.',
      labelNames: ['backend', 'reason_kind'],
    }),
  );
  // A series that begins above 0 is an increase that nobody sees.
  for (const { name } of engine.backends) for (const kind of failureKinds) failures.labels({ backend: name, reason_kind: kind });
  engine.events.on('failed', (backend, { kind }) => {
    failures.labels({ backend, reason_kind: kind }).add();
  });

  const fallbacks = registry.add(
    new Counter({
      name: 'surrogate_backend_fallback_total',
      help: 'Jobs done by another back-end than their first choice.',
      labelNames: ['from', 'to'],
    }),
  );
  for (const [i, { name }] of engine.backends.entries())
    for (const next of engine.backends.slice(i + 1)) fallbacks.labels({ from: name, to: next.name });
  engine.events.on('fallback', (to, { from }) => {
    fallbacks.labels({ from, to }).add();
  });
}
