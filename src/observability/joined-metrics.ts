import { headOf, joinSnapshots, type MetricSnapshot } from './snapshot.ts';

/** Metrics of several processes as those of one. What a process has counted still counts when it has ended, so that no counter falls. */
export class JoinedMetrics {
  readonly #latest = new Map<number, readonly MetricSnapshot[]>();
  #ended: readonly MetricSnapshot[] = [];

  /** What a process told last takes the place of what it told before. */
  update(id: number, snapshot: readonly MetricSnapshot[]): void {
    this.#latest.set(id, snapshot);
  }

  /** A process has ended. Its gauges are gone, its counters stay as they were told last. */
  end(id: number): void {
    const counted = (this.#latest.get(id) ?? []).filter(({ type }) => type !== 'gauge');
    this.#ended = joinSnapshots([this.#ended, counted]);
    this.#latest.delete(id);
  }

  /** All in Prometheus' text format. */
  text(): string {
    return joinSnapshots([...this.#latest.values(), this.#ended])
      .map((metric) => headOf(metric) + metric.samples)
      .join('');
  }
}
