import type { Config } from '../config/config.ts';
import type { MetricsSnapshot } from '../observability/prometheus.ts';
import type { WindowCount } from './peers.ts';

/** What the supervisor asks of a process, or tells it. */
export interface ToMember {
  /** To answer, which shows that it can. */
  alive(): void;
  /** To finish what runs and end, with new requests served for so many milliseconds. */
  drain(delayMs: number): void;
  /** To take no more connections on the port; resolves when it takes none. */
  stopListening(): Promise<void>;
  /** Whether all processes are ready. */
  allReady(ready: boolean): void;
  /** What its metrics stand at. */
  snapshot(): Promise<MetricsSnapshot>;
}

/** What a process asks of the supervisor, or tells it. */
export interface ToSupervisor {
  /** How it is configured. */
  config(): Config;
  /** It listens on the port. */
  listening(): void;
  ready(ready: boolean): void;
  /** It is about to stop listening; resolves when it may. */
  leavePort(): Promise<void> | undefined;
  /** The metrics of all processes, in Prometheus' text format. */
  scrape(): Promise<string>;
  /** Where clients stand, each a request further. */
  count(clients: readonly string[]): readonly WindowCount[];
}
