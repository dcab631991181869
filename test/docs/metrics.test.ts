import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClusterMetrics } from '../../src/observability/cluster-metrics.ts';
import { Service } from '../http/service.ts';
import { parseExposition } from '../../support/exposition.ts';
import { metricDefinitions, type MetricDefinition } from '../../support/metric-definitions.ts';
import { readDocument } from './markdown.ts';

let service: Service;
let definitions: MetricDefinition[];
beforeAll(async () => {
  service = await Service.start();
  definitions = metricDefinitions(service.app.metrics.registry);
});
afterAll(async () => {
  await service.stop();
});

/** A table as it should be in docs/metrics.md. */
function metricsTable(metrics: readonly Omit<MetricDefinition, 'aggregator'>[]): string {
  const rows = metrics.map(
    ({ name, type, labelNames, help }) => `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n');
}

it('docs/metrics.md lists every metric that there is, with its labels', async () => {
  const known = new Set(definitions.map(({ name }) => name));
  const ofPrimary = [...parseExposition(await new ClusterMetrics(() => 0).text())]
    .filter(([name]) => !known.has(name))
    .map(([name, { type, help }]) => ({ name, type, help, labelNames: [] }));
  const document = readDocument('docs/metrics.md');
  expect(document).toContain(metricsTable(definitions));
  expect(document).toContain(metricsTable(ofPrimary));
  // No row of another.
  expect(document.split('\n').filter((line) => line.startsWith('| `'))).toHaveLength(definitions.length + ofPrimary.length);
});

it('docs/metrics.md lists the gauges of several processes that are not added', () => {
  const [, greatest, least] = /The greatest counts of ([^;]*); the\s+least of ([^.]*)\./.exec(readDocument('docs/metrics.md')) ?? [];
  const namesIn = (text: string | undefined) => [...(text ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name).sort();
  const joinedBy = (joining: string) => definitions.filter(({ aggregator }) => aggregator === joining).map(({ name }) => name).sort();
  expect(namesIn(greatest)).toEqual(joinedBy('max'));
  expect(namesIn(least)).toEqual(joinedBy('min'));
});

it('every metric has the unit in its name that Prometheus wants, counters _total', () => {
  for (const { name, type } of definitions) {
    expect(name, name).toMatch(/^(http|surrogate|process|nodejs)_[a-z0-9_]+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name, name).toMatch(/_(seconds|elements)$/);
  }
});
