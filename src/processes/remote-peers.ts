import type { MetricsSnapshot } from '../observability/prometheus.ts';
import type { Peers, WindowCount } from './peers.ts';
import type { Channel } from './channel.ts';
import type { ToMember, ToSupervisor } from './messages.ts';

/** The other processes, known by way of the supervisor. */
export class RemotePeers implements Peers {
  readonly #supervisor: Channel<ToSupervisor, ToMember>;
  #readMetrics: () => Promise<MetricsSnapshot> = () => Promise.resolve([]);
  #allReady = false;
  /** Requests that came in this turn of the event loop: they are counted together. */
  #clients: string[] = [];
  #counts: Promise<readonly WindowCount[]> | undefined;

  constructor(supervisor: Channel<ToSupervisor, ToMember>) {
    this.#supervisor = supervisor;
  }

  get unreadyReason(): string | undefined {
    return this.#allReady ? undefined : 'another process is not ready';
  }

  /** The supervisor says whether all are ready. */
  areReady(ready: boolean): void {
    this.#allReady = ready;
  }

  tellReady(ready: boolean): void {
    this.#supervisor.tell('ready', ready);
  }

  async leavePort(): Promise<void> {
    await Promise.race([this.#supervisor.ask('leavePort'), this.#supervisor.closed]);
  }

  shareMetrics(read: () => Promise<MetricsSnapshot>): void {
    this.#readMetrics = read;
  }

  snapshot(): Promise<MetricsSnapshot> {
    return this.#readMetrics();
  }

  scrape(): Promise<string> {
    return this.#supervisor.ask('scrape');
  }

  async count(client: string): Promise<WindowCount> {
    const at = this.#clients.push(client) - 1;
    this.#counts ??= new Promise<void>((resolve) => {
      setImmediate(resolve);
    }).then(() => this.#countAll());
    return (await this.#counts)[at]!;
  }

  #countAll(): Promise<readonly WindowCount[]> {
    const clients = this.#clients;
    this.#clients = [];
    this.#counts = undefined;
    return this.#supervisor.ask('count', clients);
  }
}
