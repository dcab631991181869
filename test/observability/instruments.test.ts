import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Counter, Histogram, Reading, type Instrument } from '../../src/observability/instruments.ts';
import { Registry } from '../../src/observability/registry.ts';
import { parseExposition } from '../../support/exposition.ts';

function textOf(...instruments: Instrument[]): string {
  const registry = new Registry();
  for (const instrument of instruments) registry.add(instrument);
  return Buffer.concat(registry.scrape()).toString();
}

describe('a counter', () => {
  it('has a series for each set of labels', () => {
    const counter = new Counter({ name: 'jobs_total', help: 'Jobs.', labelNames: ['op', 'backend'] });
    counter.labels({ op: 'a', backend: 'b' }).add();
    counter.labels({ backend: 'b', op: 'a' }).add(2);
    counter.labels({ op: 'ab', backend: '' });
    expect(textOf(counter)).toBe(
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{op="a",backend="b"} 3\njobs_total{op="ab",backend=""} 0\n',
    );
  });

  it('needs no labels', () => {
    const counter = new Counter({ name: 'jobs_total', help: 'Jobs.' });
    counter.labels({}).add(0.5);
    expect(textOf(counter)).toContain('\njobs_total 0.5\n');
  });

  it('prints any label value so that it reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (a, b) => {
        const counter = new Counter({ name: 'n', help: 'N.', labelNames: ['a', 'b'] });
        counter.labels({ a, b }).add();
        expect(parseExposition(textOf(counter)).get('n')!.samples).toEqual([{ name: 'n', labels: { a, b }, value: 1 }]);
      }),
    );
  });
});

describe('a histogram', () => {
  it('counts values up to each bound', () => {
    const histogram = new Histogram({ name: 'h', help: 'H.', labelNames: ['op'], buckets: [0.5, 1, 2] });
    for (const value of [0.5, 0.6, 1, 3]) histogram.labels({ op: 'x' }).observe(value);
    expect(textOf(histogram).split('\n').slice(2)).toEqual([
      'h_bucket{op="x",le="0.5"} 1',
      'h_bucket{op="x",le="1"} 3',
      'h_bucket{op="x",le="2"} 3',
      'h_bucket{op="x",le="+Inf"} 4',
      'h_sum{op="x"} 5.1',
      'h_count{op="x"} 4',
      '',
    ]);
  });

  it('agrees with counting by hand', () => {
    const buckets = [1e-5, 1e-3, 1, 10];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(...buckets)), { maxLength: 30 }),
        (values) => {
          const histogram = new Histogram({ name: 'h', help: 'H.', buckets });
          for (const value of values) histogram.labels({}).observe(value);
          for (const { name, labels, value } of parseExposition(textOf(histogram)).get('h')!.samples) {
            if (name === 'h_bucket')
              expect(value).toBe(values.filter((one) => one <= (labels.le === '+Inf' ? Infinity : Number(labels.le))).length);
          }
        },
      ),
    );
  });
});

describe('a reading', () => {
  it('is read at each scrape, and leaves out what is not there', () => {
    let value: number | undefined = 1;
    const registry = new Registry();
    registry.add(
      new Reading({
        name: 'r',
        help: 'R.',
        labelNames: ['of'],
        read: () => [
          [{ of: 'a' }, value],
          [{ of: 'b' }, Infinity],
        ],
      }),
    );
    const samples = () => Buffer.concat(registry.scrape()).toString().split('\n').slice(2, -1);
    expect(samples()).toEqual(['r{of="a"} 1', 'r{of="b"} +Inf']);
    value = undefined;
    expect(samples()).toEqual(['r{of="b"} +Inf']);
  });
});

describe('a registry', () => {
  it('has every name once', () => {
    const registry = new Registry();
    registry.add(new Counter({ name: 'n', help: 'N.' }));
    expect(() => registry.add(new Counter({ name: 'n', help: 'Another.' }))).toThrow('there is a metric n already');
  });

  it('tells the same in pieces', () => {
    const counter = new Counter({ name: 'n', help: 'N.', labelNames: ['i'] });
    for (let i = 0; i < 5000; i++) counter.labels({ i: String(i) }).add(i);
    const registry = new Registry();
    registry.add(counter);
    const pieces = registry.scrape();
    expect(pieces.length).toBeGreaterThan(3);
    expect(
      parseExposition(Buffer.concat(pieces).toString())
        .get('n')!
        .samples.map(({ value }) => value),
    ).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  });
});
