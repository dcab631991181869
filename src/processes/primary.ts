import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from 'pino';

import { shareOf, type Config } from '../config/config.ts';
import { ClusterMetrics } from '../observability/cluster-metrics.ts';
import { logReady } from '../observability/logger.ts';
import { untilQuiet } from '../plugins/until-quiet.ts';
import { Channel } from './channel.ts';
import { Handoff, type HandoffWorker } from './handoff.ts';
import type { PrimaryFunctions, WorkerFunctions } from './peers.ts';
import { RestartBackoff, startWatchdog } from './worker-health.ts';

/** A worker, as the primary knows it. */
interface Member {
  readonly worker: Worker;
  readonly channel: Channel<WorkerFunctions, PrimaryFunctions>;
  readonly handoff: Handoff;
  isListening: boolean;
  isReady: boolean;
  /** Until it is ready for the first time. */
  isStarting: boolean;
}

/** A worker that has not told its metrics within this time counts as it did at the last scrape. */
const maxSnapshotMs = 1000;
/** A worker that has not stopped listening within this time is not waited for. */
const maxStopListeningMs = 6000;

/**
 * The primary of a node:cluster: starts the workers, replaces those that exit or hang, and joins their metrics. It hands connections to the workers in
 * turn; requests do not pass through it.
 */
export class Primary {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #members = new Map<number, Member>();
  readonly #backoff = new RestartBackoff();
  readonly #metrics = new ClusterMetrics(() => this.#listening.length);
  #allReady = false;
  #url: string | undefined;
  #hasLoggedReady = false;
  #draining = false;
  #portClosed: Promise<void> | undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  /** Never resolves; rejects when no worker listens and none can be started. */
  start(): Promise<never> {
    // Messages carry digests of keys, which are buffers.
    cluster.setupPrimary({ serialization: 'advanced' });
    // A worker that hangs would not notice that the primary is gone.
    process.once('exit', () => {
      for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL');
    });
    for (let i = 0; i < this.#config.processes; i++) this.#fork();
    return new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
  }

  /** @throws {Error} when a worker exited before it had finished its requests. */
  async drain(delayMs: number): Promise<void> {
    this.#draining = true;
    const exits = await Promise.all([...this.#members.values()].map((member) => drainWorker(member, delayMs)));
    const failed = exits.filter((exit) => exit !== undefined);
    if (failed.length > 0)
      throw new Error(`${failed.length} of ${exits.length} processes did not end as they should: ${failed.join(', ')}`);
  }

  get #listening(): readonly Member[] {
    return [...this.#members.values()].filter(({ isListening }) => isListening);
  }

  #fork(): void {
    if (this.#draining) return;
    const worker = cluster.fork();
    // A message to a worker that is exiting fails, and `exit` follows. A worker that could not be started has no pid.
    worker.on('error', (error) => {
      if (worker.process.pid === undefined) throw error;
      this.#logger.warn({ process: worker.process.pid, err: error }, 'a message did not reach a process');
    });
    const channel = new Channel<WorkerFunctions, PrimaryFunctions>(worker, {
      config: () => shareOf(this.#config),
      listening: (url) => {
        member.isListening = true;
        this.#url = url;
        this.#logFirstReady();
      },
      ready: (ready) => {
        member.isReady = ready;
        if (ready) member.isStarting = false;
        this.#tellWhetherAllReady();
      },
      leavePort: () => (this.#draining ? (this.#portClosed ??= this.#closePort()) : undefined),
      scrape: () => this.#scrape(),
    });
    const member: Member = {
      worker,
      channel,
      handoff: new Handoff(worker as HandoffWorker),
      isListening: false,
      isReady: false,
      isStarting: true,
    };
    this.#members.set(worker.id, member);
    const stopWatchdog = startWatchdog(
      () => channel.call('ping'),
      () => member.isStarting,
      () => {
        this.#logger.error({ process: worker.process.pid }, 'a process does not answer, and is ended');
        worker.process.kill('SIGKILL');
      },
    );
    worker.once('exit', (code, signal) => {
      stopWatchdog();
      this.#exited(member, code, signal);
    });
  }

  #exited({ worker, isListening }: Member, code: number | null, signal: string | null): void {
    this.#members.delete(worker.id);
    this.#metrics.end(worker.id);
    this.#tellWhetherAllReady();
    if (this.#draining) return;
    if (!isListening && this.#listening.length === 0) {
      this.#fail(new Error(`${describeExit(worker, code, signal)} ended before it listened, and no other listens`));
      return;
    }
    this.#metrics.lost();
    const pauseMs = this.#backoff.next();
    this.#logger.error({ process: worker.process.pid, code, signal, pause_ms: pauseMs }, 'a process ended; another takes its place');
    setTimeout(() => {
      this.#fork();
    }, pauseMs);
  }

  #tellWhetherAllReady(): void {
    const members = [...this.#members.values()];
    const ready = members.length === this.#config.processes && members.every(({ isReady }) => isReady);
    if (ready === this.#allReady) return;
    this.#allReady = ready;
    this.#logFirstReady();
    for (const { channel } of members) void channel.call('allReady', ready);
  }

  /** Logs once that all workers are ready; the first to listen knows the port that the system chose. */
  #logFirstReady(): void {
    if (this.#hasLoggedReady || !this.#allReady || this.#url === undefined) return;
    this.#hasLoggedReady = true;
    logReady(this.#logger, this.#config, this.#url);
  }

  /**
   * Closes the port without losing a connection. All workers but the last stop listening; connections that they refuse go to the last. It is
   * disconnected, which closes the port, when no connection is on its way to it. The port for operation stays open in the others.
   */
  async #closePort(): Promise<void> {
    const [last, ...others] = this.#listening;
    // Otherwise each worker accepts by itself.
    if (cluster.schedulingPolicy !== cluster.SCHED_RR || last === undefined) return;
    await Promise.race([Promise.all(others.map(({ channel }) => channel.call('stopListening'))), sleep(maxStopListeningMs)]);
    let lastCount = NaN;
    await untilQuiet(() => {
      const { count, isPending } = last.handoff;
      const isBusy = count !== lastCount || isPending;
      lastCount = count;
      return isBusy;
    });
    last.worker.disconnect();
  }

  async #scrape(): Promise<string> {
    await Promise.all([...this.#members.values()].map((member) => this.#readMetrics(member)));
    return this.#metrics.text();
  }

  async #readMetrics({ worker, channel }: Member): Promise<void> {
    const snapshot = await Promise.race([channel.call('snapshot'), sleep(maxSnapshotMs, undefined)]);
    // The counts of a worker that has exited meanwhile are kept already.
    if (snapshot !== undefined && this.#members.has(worker.id)) this.#metrics.update(worker.id, snapshot);
  }
}

/** Stops a worker; resolves with its exit when that was a failure. */
async function drainWorker({ worker, channel }: Member, delayMs: number): Promise<string | undefined> {
  const exit = new Promise<string | undefined>((resolve) => {
    worker.once('exit', (code, signal) => {
      resolve(code === 0 ? undefined : describeExit(worker, code, signal));
    });
  });
  void channel.call('drain', delayMs);
  return exit;
}

function describeExit({ process }: Worker, code: number | null, signal: string | null): string {
  return `process ${process.pid ?? 'without a pid'} (${signal ?? `exit code ${code ?? 'unknown'}`})`;
}
