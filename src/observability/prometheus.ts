import { Counter, Gauge, type Aggregator, type Registry } from 'prom-client';

/** The metrics of one process as plain data, which another process can join with its own. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Reads a metric's value, or one for each set of labels. */
type Read = () => number | readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

interface ReadingOptions {
  readonly type?: 'gauge' | 'counter';
  readonly labelNames?: string[];
  /** How the values of several processes are joined: added unless given. */
  readonly aggregator?: Aggregator;
}

/** Adds metrics to a registry whose values are kept elsewhere and read at each scrape: gauges unless the options say otherwise. */
export function scrapedMetrics(registry: Registry): (name: string, help: string, read: Read, options?: ReadingOptions) => void {
  return (name, help, read, { type = 'gauge', ...options } = {}) => {
    const metric = new (type === 'counter' ? Counter : Gauge)({
      name,
      help,
      ...options,
      registers: [registry],
      collect() {
        const values = read();
        metric.reset();
        if (typeof values === 'number') metric.inc(values);
        else for (const [labels, value] of values) metric.inc(labels, value);
      },
    });
  };
}

/** A registry's metrics in Prometheus' text format, without prom-client's empty lines. */
export async function textOf(registry: Registry): Promise<string> {
  return (await registry.metrics()).replaceAll('\n\n', '\n');
}
