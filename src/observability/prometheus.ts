import { Counter, Gauge, type Aggregator, type Registry } from 'prom-client';

/** The metrics of one process as plain data, which another process can join with its own. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** A metric without labels whose value is kept elsewhere; processes' values are added unless an aggregator is given. */
export type Reading = readonly [type: 'counter' | 'gauge', name: string, help: string, read: () => number, aggregator?: Aggregator];

/** Adds metrics that are read at each scrape. */
export function readAtScrape(registry: Registry, readings: readonly Reading[]): void {
  for (const [type, name, help, read, aggregator = 'sum'] of readings) {
    const metric = new (type === 'counter' ? Counter : Gauge)({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        metric.reset();
        metric.inc(read());
      },
    });
  }
}

/** A registry's metrics in Prometheus' text format, without prom-client's empty lines. */
export async function textOf(registry: Registry): Promise<string> {
  return (await registry.metrics()).replaceAll('\n\n', '\n');
}
