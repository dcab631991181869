import type { MetricsSnapshot } from '../observability/prometheus.ts';

/** Where a client stands in its window of requests. */
export interface WindowCount {
  /** Requests in it, this one among them. */
  readonly current: number;
  /** Milliseconds to its end. */
  readonly ttl: number;
}

/** The other processes that answer on the port, as one of them sees them. Where there is only one, there are none. */
export interface Peers {
  /** Why they keep the service from being ready, or undefined when they do not. */
  readonly unreadyReason: string | undefined;
  /** Tells them whether this process is ready. */
  tellReady(ready: boolean): void;
  /** Resolves when this process may stop listening, without a connection that was on its way to it being lost. */
  leavePort(): Promise<void>;
  /** Says what this process has to add when metrics are asked for, here or elsewhere. */
  shareMetrics(read: () => Promise<MetricsSnapshot>): void;
  /** The metrics of all, in Prometheus' text format. */
  scrape(): Promise<string>;
  /** Counts a request of a client, wherever its others came in. */
  count(client: string): Promise<WindowCount>;
}
