import { AggregatorRegistry, Counter, Registry, type PrometheusContentType } from 'prom-client';

import { addProcessMetrics } from './process-metrics.ts';
import { scrapedMetrics, textOf, type MetricsSnapshot } from './prometheus.ts';

/** The primary's metrics joined with those of its workers, as if one process had them all. */
export class ClusterMetrics {
  readonly #registry = new Registry();
  readonly #lost: Counter;
  readonly #latest = new Map<number, MetricsSnapshot>();
  /** Counts of workers that have ended, so that no counter falls. */
  #ended: Promise<MetricsSnapshot> = Promise.resolve([]);

  /** @param listening how many workers serve requests. */
  constructor(listening: () => number) {
    scrapedMetrics(this.#registry)('surrogate_processes', 'Processes that serve the port.', listening);
    this.#lost = new Counter({
      name: 'surrogate_process_lost_total',
      help: 'Processes that ended unexpectedly and were replaced.',
      registers: [this.#registry],
    });
    addProcessMetrics(this.#registry);
  }

  /** Counts a worker that ended without being told to. */
  lost(): void {
    this.#lost.inc();
  }

  /** Replaces a worker's snapshot. */
  update(worker: number, snapshot: MetricsSnapshot): void {
    this.#latest.set(worker, snapshot);
  }

  /** Drops an ended worker's gauges, and keeps its counters and histograms as of its last snapshot. */
  end(worker: number): void {
    const counted = (this.#latest.get(worker) ?? []).filter(({ type }) => String(type) !== 'gauge');
    this.#latest.delete(worker);
    this.#ended = this.#ended.then((ended) => join([ended, counted]).getMetricsAsJSON());
  }

  /** All in Prometheus' text format. */
  async text(): Promise<string> {
    const [own, ended] = await Promise.all([this.#registry.getMetricsAsJSON(), this.#ended]);
    return textOf(join([...this.#latest.values(), own, ended]));
  }
}

/** Adds series with the same labels, or takes their greatest or least, as each metric's `aggregator` says. */
function join(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate<PrometheusContentType>([...snapshots]);
}
