import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Logger } from 'pino';

import { threadModule } from '../compute/engine/thread-pool.ts';
import type { Config } from '../config/config.ts';
import { maxClients } from '../config/security-config.ts';
import { ClusterMetrics } from '../observability/cluster-metrics.ts';
import { untilQuiet } from '../plugins/until-quiet.ts';
import { Channel } from './channel.ts';
import { HandedConnections } from './handed-connections.ts';
import { watchForHang } from './watchdog.ts';
import type { ToMember, ToSupervisor } from './messages.ts';
import { RequestWindows } from './request-windows.ts';
import { RestartPause } from './restart-backoff.ts';
import { shareOf } from './share.ts';

/** A process, as the supervisor knows it. */
interface Member {
  readonly worker: Worker;
  readonly channel: Channel<ToMember, ToSupervisor>;
  readonly handed: HandedConnections;
  configured: boolean;
  listening: boolean;
  ready: boolean;
  /** Until it is ready for the first time. */
  starting: boolean;
}

/** A process that does not tell its metrics for so long is told of as it was. */
const maxSnapshotMs = 1000;
/** A process that does not stop listening for so long is not waited for. */
const maxLeaveMs = 6000;

/**
 * Looks after the processes that answer on the port: starts them, replaces those that end, and keeps what they have in common. It takes the
 * connections and hands them to the processes in turn, which is how Node's cluster shares a port; requests do not pass through it.
 */
export class Supervisor {
  readonly #config: Config;
  readonly #share: Config;
  readonly #logger: Logger;
  readonly #members = new Map<number, Member>();
  readonly #pause = new RestartPause();
  readonly #metrics = new ClusterMetrics(() => this.#listening.length);
  readonly #windows: RequestWindows | undefined;
  #allReady = false;
  #draining = false;
  #portClosed: Promise<void> | undefined;
  #giveUp: (error: Error) => void = () => undefined;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#share = shareOf(config);
    this.#logger = logger;
    const { rateLimit } = config.guard;
    if (rateLimit !== undefined) this.#windows = new RequestWindows(rateLimit.windowMs, maxClients);
  }

  /** Rejects when no process listens and none can be started; else there is no end to it. */
  start(): Promise<never> {
    cluster.setupPrimary({ exec: fileURLToPath(threadModule('member', import.meta.url).filename), serialization: 'advanced' });
    // A process that hangs would notice nothing.
    process.once('exit', () => {
      for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL');
    });
    for (let i = 0; i < this.#config.processes; i++) this.#fork();
    return new Promise((_resolve, reject) => {
      this.#giveUp = reject;
    });
  }

  /** @throws {Error} when a process ended before it had finished what ran. */
  async drain(delayMs: number): Promise<void> {
    this.#draining = true;
    const ends = await Promise.all([...this.#members.values()].map((member) => endOf(member, delayMs)));
    const failed = ends.filter((end) => end !== undefined);
    if (failed.length > 0) throw new Error(`${failed.length} of ${ends.length} processes did not end as they should: ${failed.join(', ')}`);
  }

  get #listening(): readonly Member[] {
    return [...this.#members.values()].filter(({ listening }) => listening);
  }

  #fork(): void {
    if (this.#draining) return;
    const worker = cluster.fork();
    const handed = new HandedConnections(worker);
    // What is sent to a process that ends meanwhile; its end is told by `exit`. A process that could not be started has none.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) throw error;
      this.#logger.warn({ process: worker.process.pid, err: error }, 'a process could not be told something');
    });
    const channel = new Channel<ToMember, ToSupervisor>(worker, {
      config: () => {
        member.configured = true;
        this.#watch(member);
        return this.#share;
      },
      listening: () => {
        member.listening = true;
      },
      ready: (ready) => {
        member.ready = ready;
        if (ready) member.starting = false;
        this.#tellWhetherReady();
      },
      leavePort: () => (this.#draining ? (this.#portClosed ??= this.#closePort()) : undefined),
      scrape: () => this.#scrape(),
      count: (clients) => clients.map((client) => this.#windows!.count(client)),
    });
    const member: Member = { worker, channel, handed, configured: false, listening: false, ready: false, starting: true };
    this.#members.set(worker.id, member);
    worker.once('exit', (code, signal) => {
      this.#ended(member, code, signal);
    });
  }

  #watch(member: Member): void {
    const { worker, channel } = member;
    const endWatch = watchForHang(
      () => channel.ask('alive'),
      () => member.starting,
      () => {
        this.#logger.error({ process: worker.process.pid }, 'a process does not answer, and is ended');
        worker.process.kill('SIGKILL');
      },
    );
    worker.once('exit', endWatch);
  }

  #ended({ worker, listening }: Member, code: number | null, signal: string | null): void {
    this.#members.delete(worker.id);
    this.#metrics.end(worker.id);
    this.#tellWhetherReady();
    if (this.#draining) return;
    if (!listening && this.#listening.length === 0) {
      this.#giveUp(
        new Error(`process ${worker.process.pid!} ended (${signal ?? `exit code ${code!}`}) before it listened, and no other listens`),
      );
      return;
    }
    this.#metrics.lost();
    const pauseMs = this.#pause.next();
    this.#logger.error({ process: worker.process.pid, code, signal, pause_ms: pauseMs }, 'a process ended; another takes its place');
    setTimeout(() => {
      this.#fork();
    }, pauseMs);
  }

  #tellWhetherReady(): void {
    const members = [...this.#members.values()];
    const ready = members.length === this.#config.processes && members.every((member) => member.ready);
    if (ready === this.#allReady) return;
    this.#allReady = ready;
    for (const { channel } of members) channel.tell('allReady', ready);
  }

  /**
   * Has the processes but one stop listening, and takes the last one from the port itself, while no connection is on its way to it: the
   * port is closed with the last, and what has been accepted for it is lost then. The port for operation stays open in the others.
   */
  async #closePort(): Promise<void> {
    const [last, ...others] = this.#listening;
    // Otherwise each listens by itself.
    if (cluster.schedulingPolicy !== cluster.SCHED_RR || last === undefined) return;
    await Promise.race([Promise.all(others.map(({ channel }) => channel.ask('stopListening'))), sleep(maxLeaveMs)]);
    let seen = NaN;
    await untilQuiet(() => {
      const { count, areTaken } = last.handed;
      const hasHappened = count !== seen || !areTaken;
      seen = count;
      return hasHappened;
    });
    last.worker.disconnect();
  }

  async #scrape(): Promise<string> {
    await Promise.all([...this.#members.values()].map((member) => this.#readMetrics(member)));
    return this.#metrics.text();
  }

  async #readMetrics({ worker, channel }: Member): Promise<void> {
    const snapshot = await Promise.race([channel.ask('snapshot'), sleep(maxSnapshotMs, undefined)]);
    // What has ended meanwhile is counted among those already.
    if (snapshot !== undefined && this.#members.has(worker.id)) this.#metrics.update(worker.id, snapshot);
  }
}

/** Has a process end; says how it did where that was with an error. */
async function endOf({ worker, channel, configured }: Member, delayMs: number): Promise<string | undefined> {
  const ended = new Promise<string | undefined>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve(code === 0 || !configured ? undefined : `process ${worker.process.pid!} (${signal ?? `exit code ${code!}`})`);
    });
  });
  if (configured) channel.tell('drain', delayMs);
  else worker.process.kill('SIGKILL');
  return ended;
}
