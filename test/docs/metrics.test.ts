import { afterAll, beforeAll, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { readDocument } from './markdown.ts';

let service: Service;
beforeAll(async () => { service = await Service.start(); });
afterAll(async () => { await service.stop(); });

/** The table as it should stand in docs/metrics.md. */
function metricsTable(): string {
  const rows = service.app.metrics.registry.instruments.map(({ name, type, labelNames, help }) => {
    return `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n');
}

it('docs/metrics.md lists every metric that there is, with its labels', () => {
  const document = readDocument('docs/metrics.md');
  expect(document).toContain(metricsTable());
  // No row of another.
  expect(document.split('\n').filter((line) => line.startsWith('| `'))).toHaveLength(service.app.metrics.registry.instruments.length);
});

it('every metric has the unit in its name that Prometheus wants, counters _total', () => {
  for (const { name, type } of service.app.metrics.registry.instruments) {
    expect(name, name).toMatch(/^(http|surrogate|process|nodejs)_[a-z0-9_]+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name, name).toMatch(/_(seconds|elements)$/);
  }
});
