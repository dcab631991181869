import { pauseMs } from './retry-backoff.ts';
import type { Arena } from './arena.ts';
import { OutOfMemoryError, WorkerLostError, type Backend, type BackendInfo, type BackendName, type Computed } from './backend.ts';
import { failureKind, type FailureKind } from './failure.ts';
import { jobWork } from '../job-size.ts';
import type { Job } from '../jobs.ts';
import { JobQueue } from './job-queue.ts';

/** A back-end that has to be opened first, and anew after a failure: one with a library, a device or a process of its own. */
export interface BackendOpener {
  /** What is known before it is open. */
  readonly info: BackendInfo;
  /** @throws {BackendUnavailableError} when it cannot be had in this process. */
  open(): Promise<Backend>;
}

/** `warming` is on the way to `ready`; `out` takes no jobs for a while, since it failed. */
export type BackendState = 'ready' | 'warming' | 'out';

/** How a job is run. */
export interface RunContext {
  /** Memory that the job may use, and in which its numbers may lie; what the answer holds may be views on it. */
  readonly arena?: Arena | undefined;
  /** Stops the job, whether it waits or runs; asked for only of one that may wait. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the job belongs to an answer that has begun, and is not turned away. */
  readonly neverShed?: boolean | undefined;
}

/** Of a back-end that has no estimates of its own; how far they are off is learnt. */
const estimatedMsPerElement = 1e-6;
/** A back-end that has lost its threads over so many jobs in a row has more than bad luck. */
const maxLostInARow = 3;

/** What a slot tells of itself. */
export interface BackendListener {
  /** It takes jobs from now on; `again` when it had before. */
  ready(info: BackendInfo, again: boolean): void;
  /** It failed, and takes none for `pauseMs`; `again` when it has not been ready since the failure before. */
  failed(
    name: BackendName,
    failure: { readonly kind: FailureKind; readonly error: unknown; readonly pauseMs: number; readonly again: boolean },
  ): void;
}

/**
 * The place of one back-end in an engine. It knows whether the back-end takes jobs, takes it out for a while when it fails, and
 * brings it back.
 *
 * A back-end that is given as such is resident: it takes jobs before it is warm, and after a failure it only pauses. One that is
 * given as an opener takes jobs once it is warm, and after a failure it is closed and opened anew, in the background; only
 * running out of memory leaves it open, since that ends with the jobs that hold the memory.
 */
export class BackendSupervisor {
  readonly name: BackendName;
  readonly resident: boolean;
  /** The back-end, while it takes jobs. */
  usable: Backend | undefined;
  /** How often it has failed since it last did a job. */
  failuresInARow = 0;
  /** Why it is out, while it is. */
  unavailableReason: FailureKind | undefined;

  /** Those that wait for it; none where the back-end takes whatever comes. */
  #line: JobQueue | undefined;

  readonly #maxQueueWaitMs: number | undefined;
  readonly #opener: BackendOpener | undefined;
  readonly #listener: BackendListener;
  readonly #prepare: (backend: Backend) => Promise<void>;
  #lastInfo: BackendInfo;
  #open: Backend | undefined;
  #wasReady = false;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #closed = false;
  #lostInARow = 0;

  /**
   * @param prepare what is done with a back-end between warming it and giving it jobs.
   * @param maxQueueWaitMs how long a job may have to wait for the back-end.
   */
  constructor(
    source: Backend | BackendOpener,
    listener: BackendListener,
    prepare: (backend: Backend) => Promise<void> = nothing,
    maxQueueWaitMs?: number,
  ) {
    this.#maxQueueWaitMs = maxQueueWaitMs;
    this.name = source.info.name;
    this.#lastInfo = source.info;
    this.#listener = listener;
    this.#prepare = prepare;
    this.resident = !('open' in source);
    if ('open' in source) this.#opener = source;
    else this.usable = this.#open = source;
  }

  /** What it is; what it was, while it is not open. */
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

  /** The back-end for a job that nobody else can do: a resident one can be tried even while it is out. */
  get lastResort(): Backend | undefined {
    return this.resident ? this.#open : undefined;
  }

  accepts(job: Job): boolean {
    return this.#open?.accepts?.(job) !== false;
  }

  /** Jobs that wait for the back-end, and about how long it has to do for them and for what runs, in milliseconds. */
  get queue(): { readonly jobs: number; readonly ms: number } {
    return { jobs: this.#line?.length ?? 0, ms: this.#line?.backlogMs ?? 0 };
  }

  /** About how long a job takes when nothing else runs, by what was seen lately; in milliseconds. */
  estimateMs(job: Job): number {
    return estimateOf(this.#open, job) * (this.#line?.pace ?? 1);
  }

  /**
   * Runs a job on the back-end: a small one at once, and others when it is their turn.
   *
   * @throws {OverloadError} when that would be too late.
   */
  run<J extends Job>(backend: Backend, job: J, context: RunContext): Computed<J> | Promise<Computed<J>> {
    const small = backend.tryRunSync?.(job);
    if (small !== undefined) return small;
    const { arena, signal, neverShed } = context;
    if (backend.concurrency === undefined) return backend.run(job, arena, signal);
    if (this.#line?.concurrency !== backend.concurrency)
      this.#line = new JobQueue({ concurrency: backend.concurrency, maxQueueWaitMs: this.#maxQueueWaitMs });
    return this.#line.take({ estimateMs: estimateOf(backend, job), signal, neverShed }, async (waitedMs) => {
      const computed = await backend.run(job, arena, signal);
      return { ...computed, queueMs: computed.queueMs + waitedMs };
    });
  }

  /**
   * Opens the back-end where it needs that, and warms it.
   *
   * @throws whatever kept it from getting ready; it is out then, and will be tried again.
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
      if (this.#opener !== undefined) {
        await this.#open?.close().catch(nothing);
        this.#open = undefined;
        const opened = await this.#opener.open();
        if (this.#closed) {
          await opened.close();
          return;
        }
        this.#open = opened;
      }
      const backend = this.#open!;
      await backend.warm();
      await this.#prepare(backend);
      this.#admit();
    } catch (error) {
      this.#takeOut(error, () => this.start().catch(nothing));
      throw error;
    }
  }

  /** It did a job. A resident one that was tried while it was out is in again; from others it may be a job begun before. */
  succeeded(backend: Backend): void {
    if (backend !== this.#open || (this.usable === undefined && !this.resident)) return;
    this.failuresInARow = 0;
    this.#lostInARow = 0;
    if (this.usable === undefined) this.#admit();
  }

  /** It failed on a job. Does nothing when another job's failure has taken it out before. */
  failed(backend: Backend, error: unknown): void {
    if (this.usable !== backend) return;
    // A thread was lost, and the job with it; the back-end has another by now.
    if (error instanceof WorkerLostError && ++this.#lostInARow < maxLostInARow) return;
    const canGoOn = this.resident || error instanceof OutOfMemoryError;
    this.#takeOut(
      error,
      canGoOn
        ? () => {
            this.#admit();
          }
        : () => this.start().catch(nothing),
    );
  }

  #admit(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.unavailableReason = undefined;
    this.usable = this.#open;
    this.#lastInfo = this.info;
    this.#listener.ready(this.info, this.#wasReady);
    this.#wasReady = true;
  }

  #takeOut(error: unknown, comeBack: () => unknown): void {
    if (this.#closed) return;
    const kind = failureKind(error);
    // A first start that fails is news; so is a failure on a job.
    const again = this.failuresInARow > 0 && this.usable === undefined;
    this.failuresInARow++;
    this.usable = undefined;
    this.unavailableReason = kind;
    this.#lastInfo = this.info;
    const pause = pauseMs(kind, this.failuresInARow);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(comeBack, pause);
    // Being out is no reason to keep a process alive.
    this.#retry.unref();
    this.#listener.failed(this.name, { kind, error, pauseMs: pause, again });
  }

  /** Resolves when the back-end is closed, also one that was being opened. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.usable = undefined;
    const open = this.#open;
    if (open === undefined) await this.#starting?.catch(nothing);
    else await open.close();
  }
}

function estimateOf(backend: Backend | undefined, job: Job): number {
  return backend?.estimateMs?.(job) ?? jobWork(job) * estimatedMsPerElement;
}

async function nothing(): Promise<void> {
  /* whoever needs to know was told by the listener */
}
