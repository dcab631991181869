import { describe, expect, it } from 'vitest';
import { Counter, Histogram, Reading } from '../../src/observability/instruments.ts';
import { JoinedMetrics } from '../../src/observability/joined-metrics.ts';
import { Registry } from '../../src/observability/registry.ts';
import { parseExposition } from '../../support/exposition.ts';

/** What a process would tell that has counted jobs, and in whose line there are some. */
function registryOf(jobs: Readonly<Record<string, number>>, values: { waiting?: number; backlog?: number; up?: number } = {}): Registry {
  const registry = new Registry();
  const total = registry.add(new Counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['op'] }));
  const seconds = registry.add(new Histogram({ name: 'job_seconds', help: 'Time.', labelNames: ['op'], buckets: [1, 2] }));
  for (const [op, count] of Object.entries(jobs)) {
    total.labels({ op }).add(count);
    for (let i = 0; i < count; i++) seconds.labels({ op }).observe(1.5);
  }
  registry.add(Reading.of({ name: 'waiting', help: 'Sum.', read: () => values.waiting }));
  registry.add(Reading.of({ name: 'backlog', help: 'Max.', joining: 'max', read: () => values.backlog }));
  registry.add(Reading.of({ name: 'up', help: 'Min.', joining: 'min', read: () => values.up }));
  return registry;
}

/** Values by series. */
function valuesOf(joined: JoinedMetrics): Record<string, number> {
  const samples = [...parseExposition(joined.text()).values()].flatMap((metric) => metric.samples);
  return Object.fromEntries(samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]));
}

describe('metrics of several processes', () => {
  it('are those of the one, word for word, when there is only one', () => {
    const registry = registryOf({ 'a "b" c': 3 }, { waiting: Infinity, backlog: 1e-7, up: 1 });
    const joined = new JoinedMetrics();
    joined.update(1, registry.snapshot());
    expect(joined.text()).toBe(Buffer.concat(registry.scrape()).toString());
  });

  it('are added, or the greatest or the least, series by series', () => {
    const joined = new JoinedMetrics();
    joined.update(1, registryOf({ a: 3 }, { waiting: 2, backlog: 5, up: 1 }).snapshot());
    joined.update(2, registryOf({ a: 4, b: 1 }, { waiting: 1, backlog: 7, up: 0 }).snapshot());
    expect(valuesOf(joined)).toEqual({
      'jobs_total a': 7,
      'jobs_total b': 1,
      'job_seconds_bucket a 1': 0,
      'job_seconds_bucket a 2': 7,
      'job_seconds_bucket a +Inf': 7,
      'job_seconds_sum a': 10.5,
      'job_seconds_count a': 7,
      'job_seconds_bucket b 1': 0,
      'job_seconds_bucket b 2': 1,
      'job_seconds_bucket b +Inf': 1,
      'job_seconds_sum b': 1.5,
      'job_seconds_count b': 1,
      waiting: 3,
      backlog: 7,
      up: 0,
    });
  });

  it('keep what a process has counted when it ends, and not how it stood', () => {
    const joined = new JoinedMetrics();
    joined.update(1, registryOf({ a: 3 }, { waiting: 2, up: 0 }).snapshot());
    joined.update(2, registryOf({ a: 4 }, { waiting: 1, up: 1 }).snapshot());
    joined.end(1);
    expect(valuesOf(joined)).toMatchObject({ 'jobs_total a': 7, 'job_seconds_count a': 7, waiting: 1, up: 1 });
    joined.update(3, registryOf({ a: 1 }, { waiting: 5, up: 1 }).snapshot());
    joined.end(2);
    joined.end(4);
    expect(valuesOf(joined)).toMatchObject({ 'jobs_total a': 8, waiting: 5 });
  });
});
