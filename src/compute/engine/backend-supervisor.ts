import type { Arena } from './arena.ts';
import type { Backend, BackendInfo, BackendName, Computed } from './backend.ts';
import { failureKind, OutOfMemoryError, WorkerLostError, type FailureKind } from './errors.ts';
import { jobWork } from '../job-size.ts';
import type { Job } from '../jobs.ts';
import { JobQueue } from './job-queue.ts';

/** A back-end that has to be opened first, and again after a failure: one with a library, a device or a process of its own. */
export interface BackendOpener {
  /** What is known before it is open. */
  readonly info: BackendInfo;
  /** @throws {BackendUnavailableError} when this process cannot have it. */
  open(): Promise<Backend>;
}

/** `warming` comes before `ready`; a back-end that is `out` has failed and accepts no jobs for a while. */
export type BackendState = 'ready' | 'warming' | 'out';

/** How a job is run. */
export interface RunContext {
  /** Memory that the job may use. Its inputs may be in it; the arrays of its result may be views of it. */
  readonly arena?: Arena | undefined;
  /** Aborts the job while it waits and while it runs. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the job is part of a response that has begun, and is never rejected for its wait. */
  readonly neverShed?: boolean | undefined;
}

/** How a back-end failed. */
export interface BackendFailure {
  readonly kind: FailureKind;
  readonly error: unknown;
  /** For how long it accepts no jobs. */
  readonly pauseMs: number;
  /** Whether it has not been ready since its last failure. */
  readonly again: boolean;
}

export interface SupervisorOptions {
  /** Called with a back-end between warming it up and giving it jobs. */
  prepare(backend: Backend): Promise<void>;
  /** Called when it accepts jobs; `again` when it had before. */
  onReady(info: BackendInfo, again: boolean): void;
  onFailed(name: BackendName, failure: BackendFailure): void;
  /** A job that would wait longer is rejected. */
  readonly maxQueueWaitMs: number | undefined;
}

/** For back-ends without estimates of their own; the queue learns how far they are off. */
const estimatedMsPerElement = 1e-6;
/** Jobs in a row that may lose their threads before the back-end counts as failing. */
const maxLostInARow = 3;

const minPauseMs = 1000;
const maxPauseMs = 60_000;
/** A missing library will not appear a second later. */
const unavailablePauseMs = 300_000;

/**
 * Runs jobs on one back-end; takes it out for a while when it fails, and brings it back.
 *
 * A back-end that is given as such is resident: it accepts jobs before it is warm, and only pauses after a failure. One that is
 * given as an opener accepts jobs once it is warm, and after a failure it is closed and opened again, in the background; only
 * after running out of memory it stays open, since the jobs that hold the memory will end.
 */
export class BackendSupervisor {
  readonly name: BackendName;
  readonly resident: boolean;
  /** The back-end, while it accepts jobs. */
  usable: Backend | undefined;
  /** Failures since the last job that succeeded. */
  failuresInARow = 0;
  /** Why it is out, while it is. */
  unavailableReason: FailureKind | undefined;

  readonly #opener: BackendOpener | undefined;
  readonly #options: SupervisorOptions;
  /** Jobs that wait; none for a back-end without a limit of concurrency. */
  #queue: JobQueue | undefined;
  #lastInfo: BackendInfo;
  #open: Backend | undefined;
  #wasReady = false;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;
  #lostInARow = 0;

  constructor(source: Backend | BackendOpener, options: SupervisorOptions) {
    this.name = source.info.name;
    this.#lastInfo = source.info;
    this.#options = options;
    this.resident = !('open' in source);
    if ('open' in source) this.#opener = source;
    else this.usable = this.#open = source;
  }

  /** The back-end's info; the last known one while it is not open. */
  get info(): BackendInfo {
    return this.#open?.info ?? this.#lastInfo;
  }

  /** Tensors that the back-end's library holds, where it counts them. */
  get liveTensors(): number | undefined {
    return this.#open?.liveTensors;
  }

  get state(): BackendState {
    if (this.unavailableReason !== undefined) return 'out';
    return this.#wasReady && this.usable !== undefined ? 'ready' : 'warming';
  }

  /** The back-end for a job that no other can run: a resident one can be tried even while it is out. */
  get lastResort(): Backend | undefined {
    return this.resident ? this.#open : undefined;
  }

  accepts(job: Job): boolean {
    return this.#open?.accepts?.(job) !== false;
  }

  /** The number of jobs that wait, and the estimated time for them and for what runs, in milliseconds. */
  get queue(): { readonly jobs: number; readonly ms: number } {
    return { jobs: this.#queue?.length ?? 0, ms: this.#queue?.backlogMs ?? 0 };
  }

  /** The estimated time of a job when nothing else runs, at the recent pace; in milliseconds. */
  estimateMs(job: Job): number {
    return estimateOf(this.#open, job) * (this.#queue?.pace ?? 1);
  }

  /**
   * Runs a job on the back-end: a small one at once, others through the queue.
   *
   * @throws {OverloadError} when it would wait too long.
   */
  run<J extends Job>(backend: Backend, job: J, { arena, signal, neverShed }: RunContext): Computed<J> | Promise<Computed<J>> {
    const small = backend.tryRunSync?.(job);
    if (small !== undefined) return small;
    const { concurrency } = backend;
    if (concurrency === undefined) return backend.run(job, arena, signal);
    if (this.#queue?.concurrency !== concurrency) this.#queue = new JobQueue({ concurrency, maxQueueWaitMs: this.#options.maxQueueWaitMs });
    return this.#queue.take({ estimateMs: estimateOf(backend, job), signal, neverShed }, async (waitedMs) => {
      const computed = await backend.run(job, arena, signal);
      return { ...computed, queueMs: computed.queueMs + waitedMs };
    });
  }

  /**
   * Opens the back-end where it needs that, and warms it up.
   *
   * @throws the error that prevented it; the back-end is out then, and will be retried.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.unavailableReason = undefined;
    try {
      const backend = this.#opener === undefined ? this.#open : await this.#reopen(this.#opener);
      if (backend === undefined) return;
      await backend.warm();
      await this.#options.prepare(backend);
      this.#admit();
    } catch (error) {
      this.#takeOut(error, () => this.start().catch(reported));
      throw error;
    }
  }

  /** Undefined when the supervisor was closed meanwhile. */
  async #reopen(opener: BackendOpener): Promise<Backend | undefined> {
    await this.#open?.close().catch(reported);
    this.#open = undefined;
    const opened = await opener.open();
    if (!this.#closed) return (this.#open = opened);
    await opened.close();
    return undefined;
  }

  /** A job succeeded. A resident back-end that was tried while it was out is in again; on others the job may have begun before the failure. */
  succeeded(backend: Backend): void {
    if (backend !== this.#open || (this.usable === undefined && !this.resident)) return;
    this.failuresInARow = 0;
    this.#lostInARow = 0;
    if (this.usable === undefined) this.#admit();
  }

  /** A job failed. Has no effect after another job's failure has taken the back-end out. */
  failed(backend: Backend, error: unknown): void {
    if (this.usable !== backend) return;
    // The back-end has replaced the thread that was lost with the job.
    if (error instanceof WorkerLostError && ++this.#lostInARow < maxLostInARow) return;
    const staysOpen = this.resident || error instanceof OutOfMemoryError;
    this.#takeOut(error, () => (staysOpen ? this.#admit() : this.start().catch(reported)));
  }

  #admit(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.unavailableReason = undefined;
    this.usable = this.#open;
    this.#lastInfo = this.info;
    this.#options.onReady(this.info, this.#wasReady);
    this.#wasReady = true;
  }

  #takeOut(error: unknown, retry: () => unknown): void {
    if (this.#closed) return;
    const kind = failureKind(error);
    // Not a first start that fails, nor a failure of a job.
    const again = this.failuresInARow > 0 && this.usable === undefined;
    const pauseMs = kind === 'unavailable' ? unavailablePauseMs : Math.min(maxPauseMs, minPauseMs * 2 ** this.failuresInARow);
    this.failuresInARow++;
    this.usable = undefined;
    this.unavailableReason = kind;
    this.#lastInfo = this.info;
    clearTimeout(this.#retry);
    // Does not keep the process alive just to retry a failed back-end.
    this.#retry = setTimeout(retry, pauseMs).unref();
    this.#options.onFailed(this.name, { kind, error, pauseMs, again });
  }

  /** Resolves when the back-end is closed, also one that was being opened. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.usable = undefined;
    if (this.#open === undefined) await this.#starting?.catch(reported);
    else await this.#open.close();
  }
}

function estimateOf(backend: Backend | undefined, job: Job): number {
  return backend?.estimateMs?.(job) ?? jobWork(job) * estimatedMsPerElement;
}

function reported(): void {
  // `onFailed` has been called with the error.
}
