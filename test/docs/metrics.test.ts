import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Instrument } from '../../src/observability/instruments.ts';
import { SupervisorMetrics } from '../../src/processes/supervisor-metrics.ts';
import { Service } from '../http/service.ts';
import { readDocument } from './markdown.ts';

let service: Service;
beforeAll(async () => { service = await Service.start(); });
afterAll(async () => { await service.stop(); });

/** What only the supervisor of several processes tells. */
function supervisorInstruments(): readonly Instrument[] {
  const metrics = new SupervisorMetrics(() => 0);
  metrics.close();
  const known = new Set(service.app.metrics.registry.instruments.map(({ name }) => name));
  return metrics.registry.instruments.filter(({ name }) => !known.has(name));
}

/** A table as it should stand in docs/metrics.md. */
function metricsTable(instruments: readonly Instrument[]): string {
  const rows = instruments.map(({ name, type, labelNames, help }) => {
    return `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n');
}

it('docs/metrics.md lists every metric that there is, with its labels', () => {
  const document = readDocument('docs/metrics.md');
  const { instruments } = service.app.metrics.registry;
  expect(document).toContain(metricsTable(instruments));
  expect(document).toContain(metricsTable(supervisorInstruments()));
  // No row of another.
  expect(document.split('\n').filter((line) => line.startsWith('| `'))).toHaveLength(instruments.length + supervisorInstruments().length);
});

it('docs/metrics.md tells which gauges of several processes are not added', () => {
  const [, greatest, least] = /The greatest counts of ([^;]*); the\s+least of ([^.]*)\./.exec(readDocument('docs/metrics.md')) ?? [];
  const namesIn = (text: string | undefined) => [...(text ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name).sort();
  const joinedBy = (joining: string) => service.app.metrics.registry.instruments.filter((instrument) => instrument.joining === joining).map(({ name }) => name).sort();
  expect(namesIn(greatest)).toEqual(joinedBy('max'));
  expect(namesIn(least)).toEqual(joinedBy('min'));
});

it('every metric has the unit in its name that Prometheus wants, counters _total', () => {
  for (const { name, type } of service.app.metrics.registry.instruments) {
    expect(name, name).toMatch(/^(http|surrogate|process|nodejs)_[a-z0-9_]+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name, name).toMatch(/_(seconds|elements)$/);
  }
});
