import { Counter, Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ClusterMetrics } from '../../src/observability/cluster-metrics.ts';
import { FastHistogram } from '../../src/observability/fast-histogram.ts';
import { textOf, type MetricsSnapshot } from '../../src/observability/prometheus.ts';
import { parseExposition } from '../../support/exposition.ts';

/** Metrics of a worker that has counted jobs. */
function registryOf(jobs: Readonly<Record<string, number>>, gauges: { waiting?: number; backlog?: number; up?: number } = {}): Registry {
  const registry = new Registry();
  const registers = [registry];
  const total = new Counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['op'], registers });
  const seconds = new FastHistogram({ name: 'job_seconds', help: 'Time.', labelNames: ['op'], buckets: [1, 2], registers });
  for (const [op, count] of Object.entries(jobs)) {
    total.inc({ op }, count);
    for (let i = 0; i < count; i++) seconds.series({ op }).observe(1.5);
  }
  for (const [name, aggregator] of [
    ['waiting', 'sum'],
    ['backlog', 'max'],
    ['up', 'min'],
  ] as const)
    if (gauges[name] !== undefined) new Gauge({ name, help: 'G.', aggregator, registers }).set(gauges[name]);
  return registry;
}

/** A snapshot as it arrives from another process. */
async function snapshotOf(...args: Parameters<typeof registryOf>): Promise<MetricsSnapshot> {
  return structuredClone(await registryOf(...args).getMetricsAsJSON());
}

/** Values by series, without the primary's own. */
async function valuesOf(metrics: ClusterMetrics): Promise<Record<string, number>> {
  const samples = [...parseExposition(await metrics.text()).values()].flatMap((metric) => metric.samples);
  const own = /^(surrogate|process|nodejs)_/;
  return Object.fromEntries(
    samples
      .filter(({ name }) => !own.test(name))
      .map(({ name, labels, value }) => [[name, labels.op, labels.le].filter((part) => part !== undefined).join(' '), value]),
  );
}

describe('metrics of several processes', () => {
  it('are those of the worker when there is only one', async () => {
    const args = [{ 'a "b" c': 3 }, { waiting: Infinity, backlog: 1e-7, up: 1 }] as const;
    const metrics = new ClusterMetrics(() => 1);
    metrics.update(1, await snapshotOf(...args));
    const text = await metrics.text();
    expect(text.startsWith(await textOf(registryOf(...args)))).toBe(true);
    expect(text).toContain('\nsurrogate_processes 1\n');
  });

  it('are added, or the greatest or the least, series by series', async () => {
    const metrics = new ClusterMetrics(() => 2);
    metrics.update(1, await snapshotOf({ a: 3 }, { waiting: 2, backlog: 5, up: 1 }));
    metrics.update(2, await snapshotOf({ a: 4, b: 1 }, { waiting: 1, backlog: 7, up: 0 }));
    expect(await valuesOf(metrics)).toEqual({
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

  it('keep the counts of a worker that has ended, and drop its gauges', async () => {
    const metrics = new ClusterMetrics(() => 2);
    metrics.update(1, await snapshotOf({ a: 3 }, { waiting: 2, up: 0 }));
    metrics.update(2, await snapshotOf({ a: 4 }, { waiting: 1, up: 1 }));
    metrics.end(1);
    expect(await valuesOf(metrics)).toMatchObject({ 'jobs_total a': 7, 'job_seconds_count a': 7, waiting: 1, up: 1 });
    metrics.update(3, await snapshotOf({ a: 1 }, { waiting: 5, up: 1 }));
    metrics.end(2);
    metrics.end(4);
    expect(await valuesOf(metrics)).toMatchObject({ 'jobs_total a': 8, waiting: 5 });
  });

  it('count the workers that were lost', async () => {
    const metrics = new ClusterMetrics(() => 2);
    metrics.lost();
    expect(await metrics.text()).toContain('\nsurrogate_process_lost_total 1\n');
  });
});
