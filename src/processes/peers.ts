import type { Worker } from 'node:cluster';
import { once } from 'node:events';

import type { Config } from '../config/config.ts';
import type { MetricsSnapshot } from '../observability/prometheus.ts';
import { Channel } from './channel.ts';

/** The other workers on the port, as one of them sees them. */
export interface Peers {
  /** Why the service is not ready because of them; undefined when it is. */
  readonly unreadyReason: string | undefined;
  /** Tells them whether this worker is ready. */
  tellReady(ready: boolean): void;
  /** Resolves when this worker may stop listening without losing a connection that is on its way to it. */
  leavePort(): Promise<void>;
  /** Sets what reads this worker's metrics when any worker is scraped. */
  shareMetrics(read: () => Promise<MetricsSnapshot>): void;
  /** The metrics of all workers, in Prometheus' text format. */
  scrape(): Promise<string>;
}

/** What the primary may call in a worker. */
export interface WorkerFunctions {
  /** Replies, which shows that the event loop runs. */
  ping(): void;
  /** Serves new requests for `delayMs`, finishes all that are open, and exits. */
  drain(delayMs: number): void;
  /** Resolves when the worker accepts no more connections. */
  stopListening(): Promise<void> | undefined;
  /** Says whether all workers are ready. */
  allReady(ready: boolean): void;
  snapshot(): Promise<MetricsSnapshot>;
}

/** What a worker may call in the primary. */
export interface PrimaryFunctions {
  /** The worker's share of the service's configuration. */
  config(): Config;
  /** Says that the worker listens on the port, and what the service's URL is. */
  listening(url: string): void;
  ready(ready: boolean): void;
  /** Resolves when the worker may stop listening. */
  leavePort(): Promise<void> | undefined;
  scrape(): Promise<string>;
}

/** Signals that terminals and service managers send to all processes at once; the primary handles them for all. */
export const signalsToAll = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The other workers of a node:cluster, known through the primary. */
export class ClusterPeers implements Peers {
  /** Called when the primary stops the service; until it is set there is nothing to finish. */
  onDrain: (delayMs: number) => void = () => process.exit(0);
  /** Called when the primary takes this worker off the port. */
  onStopListening: () => Promise<void> | undefined = () => undefined;
  readonly #disconnected: Promise<unknown>;
  readonly #primary: Channel<PrimaryFunctions, WorkerFunctions>;
  #readMetrics: () => Promise<MetricsSnapshot> = () => Promise.resolve([]);
  #allReady = false;

  /** @param worker this process, as node:cluster has it. */
  constructor(worker: Worker) {
    for (const signal of signalsToAll) process.on(signal, () => undefined);
    this.#disconnected = once(worker, 'disconnect');
    this.#primary = new Channel<PrimaryFunctions, WorkerFunctions>(worker, {
      ping: () => undefined,
      drain: (delayMs) => {
        this.onDrain(delayMs);
      },
      stopListening: () => this.onStopListening(),
      allReady: (ready) => {
        this.#allReady = ready;
      },
      snapshot: () => this.#readMetrics(),
    });
  }

  get unreadyReason(): string | undefined {
    return this.#allReady ? undefined : 'another process is not ready';
  }

  config(): Promise<Config> {
    return this.#primary.call('config');
  }

  tellListening(url: string): void {
    void this.#primary.call('listening', url);
  }

  tellReady(ready: boolean): void {
    void this.#primary.call('ready', ready);
  }

  async leavePort(): Promise<void> {
    await Promise.race([this.#primary.call('leavePort'), this.#disconnected]);
  }

  shareMetrics(read: () => Promise<MetricsSnapshot>): void {
    this.#readMetrics = read;
  }

  scrape(): Promise<string> {
    return this.#primary.call('scrape');
  }
}
