import fc from 'fast-check';
import { AggregatorRegistry, Histogram, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { FastHistogram } from '../../src/observability/fast-histogram.ts';
import { textOf } from '../../src/observability/prometheus.ts';
import { parseExposition } from '../../support/exposition.ts';

function makeHistogram<Label extends string>(labelNames: Label[], buckets: number[]) {
  const registry = new Registry();
  const histogram = new FastHistogram({ name: 'h', help: 'H.', labelNames, buckets, registers: [registry] });
  return { registry, histogram };
}

it('counts values up to each bound', async () => {
  const { registry, histogram } = makeHistogram(['op'], [0.5, 1, 2]);
  for (const value of [0.5, 0.6, 1, 3]) histogram.series({ op: 'x' }).observe(value);
  expect(await textOf(registry)).toBe(
    [
      '# HELP h H.',
      '# TYPE h histogram',
      'h_bucket{le="0.5",op="x"} 1',
      'h_bucket{le="1",op="x"} 3',
      'h_bucket{le="2",op="x"} 3',
      'h_bucket{le="+Inf",op="x"} 4',
      'h_sum{op="x"} 5.1',
      'h_count{op="x"} 4',
      '',
    ].join('\n'),
  );
});

it('agrees with counting by hand', async () => {
  const buckets = [1e-5, 1e-3, 1, 10];
  const values = fc.array(fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(...buckets)), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(values, async (observed) => {
      const { registry, histogram } = makeHistogram([], buckets);
      const series = histogram.series({});
      for (const value of observed) series.observe(value);
      for (const { name, labels, value } of parseExposition(await textOf(registry)).get('h')!.samples)
        if (name === 'h_bucket')
          expect(value).toBe(observed.filter((one) => one <= (labels.le === '+Inf' ? Infinity : Number(labels.le))).length);
    }),
  );
});

it('has a series for each set of labels, whose values read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (a, b) => {
      const { registry, histogram } = makeHistogram(['a', 'b'], [1]);
      histogram.series({ a, b }).observe(1);
      histogram.series({ b, a }).observe(2);
      histogram.series({ a: `${a}.`, b }).observe(3);
      const { samples } = parseExposition(await textOf(registry)).get('h')!;
      expect(samples.filter(({ name }) => name === 'h_sum')).toEqual([
        { name: 'h_sum', labels: { a, b }, value: 3 },
        { name: 'h_sum', labels: { a: `${a}.`, b }, value: 3 },
      ]);
    }),
  );
});

it('prints and joins as a histogram of prom-client does', async () => {
  const { registry, histogram } = makeHistogram(['op'], [1, 2]);
  const expected = new Registry();
  const ofPromClient = new Histogram({ name: 'h', help: 'H.', labelNames: ['op'], buckets: [1, 2], registers: [expected] });
  const observations = [
    ['x', 0.5],
    ['y', 2],
    ['x', 3],
  ] as const;
  for (const [op, value] of observations) {
    histogram.series({ op }).observe(value);
    ofPromClient.observe({ op }, value);
  }
  expect(await registry.metrics()).toBe(await expected.metrics());
  const twice = async (from: Registry) =>
    AggregatorRegistry.aggregate([await from.getMetricsAsJSON(), await from.getMetricsAsJSON()]).metrics();
  expect(await twice(registry)).toBe(await twice(expected));
});
