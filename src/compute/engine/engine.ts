import { EventEmitter } from 'node:events';
import { ArenaPool } from './arena-pool.ts';
import { BackendRouter, type BackendPreference, type FallbackOrder, type Preference } from './backend-router.ts';
import { BackendSupervisor, type BackendFailure, type BackendOpener, type BackendState, type RunContext } from './backend-supervisor.ts';
import { backendNames, type Backend, type BackendInfo, type BackendName, type Computed } from './backend.ts';
import { BackendUnavailableError, failureKind, OutOfMemoryError, OverloadError, type FailureKind } from './errors.ts';
import { measureCrossOvers, type CrossOvers } from './cross-over.ts';
import type { Job } from '../jobs.ts';

/** Why a back-end did not run a job that it was the first choice for. */
export type FallbackReason = FailureKind | 'warming' | 'not_enabled' | 'not_accepted';

/** Fallback reasons in words for clients: an error's own message may hold paths. */
export const fallbackReasonTexts: Readonly<Record<FallbackReason, string>> = {
  unavailable: 'it cannot be loaded here',
  out_of_memory: 'it ran out of memory',
  failed: 'it failed',
  unexpected: 'it failed unexpectedly',
  warming: 'it is still warming up',
  not_enabled: 'it is not enabled on this server',
  not_accepted: 'it does not do jobs of this kind and size',
};

/** The first choice for a job, and why another back-end ran it. */
export interface Fallback {
  readonly from: BackendName;
  readonly reason: FallbackReason;
}

/** A computed job and the back-end that ran it. */
export interface Answer<J extends Job = Job> extends Computed<J> {
  readonly backend: BackendInfo;
  readonly fallback: Fallback | undefined;
}

/** The back-end that would run a job, and the estimated times, in milliseconds. */
export interface Estimate {
  readonly backend: BackendInfo;
  readonly computeMs: number;
  readonly queueMs: number;
}

/** A back-end and its state. */
export interface BackendStatus extends BackendInfo {
  readonly state: BackendState;
  /** Why it is out. */
  readonly unavailableReason?: FailureKind;
  /** Tensors that its library holds between two runs. */
  readonly liveTensors?: number;
}

export interface EngineEvents {
  /** A back-end accepts jobs from now on; `again` when it had before. */
  ready: [backend: BackendInfo, again: boolean];
  /** A back-end failed and accepts no jobs for `failure.pauseMs`. */
  failed: [backend: BackendName, failure: BackendFailure];
  /** A job was run by another back-end than the first choice. */
  fallback: [to: BackendName, fallback: Fallback];
  /** The sizes were measured from which on a back-end is faster than the ones after it. */
  measured: [backend: BackendInfo, crossOvers: CrossOvers];
}

export interface EngineOptions {
  /** The back-end for jobs without a preference. */
  readonly preferred?: Preference;
  /** Milliseconds that opening back-ends may delay `warm`. */
  readonly maxOpeningMs?: number;
  readonly measure?: typeof measureCrossOvers;
  readonly arenas?: ArenaPool;
  /** A job that would wait longer for its back-end is rejected; in milliseconds. */
  readonly maxQueueWaitMs?: number | undefined;
}

/**
 * Runs each job on the preferred or fastest back-end, and when that one fails, on the next. A back-end that failed is skipped for a while and
 * retried in the background.
 *
 * Memory is the exception among the failures: back-ends in this process share it, so that an OutOfMemoryError of a resident one is thrown, and
 * the back-end stays in.
 */
export class Engine {
  readonly events = new EventEmitter<EngineEvents>();
  /** Memory to lend to jobs. */
  readonly arenas: ArenaPool;
  readonly #supervisors: readonly BackendSupervisor[];
  readonly #router: BackendRouter<BackendSupervisor>;
  readonly #maxOpeningMs: number;
  readonly #measure: typeof measureCrossOvers;
  #measuredDevice: string | undefined;

  /** @param backends those that are there, and those to be opened; each at most once, in any order. */
  constructor(backends: readonly (Backend | BackendOpener)[], options: EngineOptions = {}) {
    const { preferred = 'auto', maxOpeningMs = 60_000, measure = measureCrossOvers, arenas = new ArenaPool(), maxQueueWaitMs } = options;
    const supervisors = backends.map(
      (source) =>
        new BackendSupervisor(source, {
          maxQueueWaitMs,
          prepare: (backend) => this.#measureCrossOvers(backend),
          onReady: (info, again) => this.events.emit('ready', info, again),
          onFailed: (name, failure) => this.events.emit('failed', name, failure),
        }),
    );
    this.#supervisors = backendNames.flatMap((name) => supervisors.filter((supervisor) => supervisor.name === name));
    this.#router = new BackendRouter(this.#supervisors, preferred);
    this.arenas = arenas;
    this.#maxOpeningMs = maxOpeningMs;
    this.#measure = measure;
  }

  /** The back-ends, in the order in which they are tried. */
  get backends(): readonly BackendStatus[] {
    return this.#supervisors.map(({ info, state, unavailableReason, liveTensors }) => ({
      ...info,
      state,
      ...(unavailableReason && { unavailableReason }),
      ...(liveTensors !== undefined && { liveTensors }),
    }));
  }

  /** The number of jobs that wait for each back-end, and the estimated time for them and for what runs, in milliseconds. */
  get queues(): readonly { readonly name: BackendName; readonly jobs: number; readonly ms: number }[] {
    return this.#supervisors.map(({ name, queue }) => ({ name, ...queue }));
  }

  /** The sizes from which on TensorFlow is faster, once they are measured. */
  get crossOvers(): CrossOvers | undefined {
    return this.#router.crossOvers;
  }

  /**
   * Resolves when jobs run at full speed: the usual kernels are compiled and have run. Back-ends that have to be opened follow
   * after the others; their failure is not an error here, and waiting for them is limited.
   *
   * @throws the error of a resident back-end that failed to warm up.
   */
  async warm(): Promise<void> {
    await Promise.all(this.#supervisors.filter(({ resident }) => resident).map((supervisor) => supervisor.start()));
    const opening = this.#supervisors.filter(({ resident }) => !resident).map((supervisor) => supervisor.start());
    await settledWithin(this.#maxOpeningMs, opening);
  }

  /** The back-end that is the first choice for a job. */
  firstChoice(job: Job, preference?: BackendPreference): BackendName | undefined {
    return this.#router.order(job, preference).backends[0]?.name;
  }

  /** The back-end that would run a job now, and how long that takes. */
  estimate(job: Job, preference?: BackendPreference): Estimate | undefined {
    const { backends } = this.#router.order(job, preference);
    const supervisor = backends.find((candidate) => candidate.usable !== undefined && candidate.accepts(job));
    return supervisor && { backend: infoFor(job, supervisor.info), computeMs: supervisor.estimateMs(job), queueMs: supervisor.queue.ms };
  }

  /**
   * Runs one job. Small ones are answered synchronously, larger ones with a promise: a tick costs as much as a small job.
   *
   * @throws {ComputeError} when no back-end could run it.
   * @throws {OverloadError} when it would wait too long.
   * @throws the signal's reason, when that is aborted.
   */
  run<J extends Job>(job: J, preference?: BackendPreference, context: RunContext = {}): Answer<J> | Promise<Answer<J>> {
    const order = this.#router.order(job, preference);
    const first = order.missing === undefined ? order.backends[0] : undefined;
    const backend = first?.usable;
    let failure: Error | undefined;
    if (first !== undefined && backend?.tryRunSync !== undefined && first.accepts(job)) {
      try {
        const computed = backend.tryRunSync(job);
        if (computed !== undefined) return answerOf(job, computed, first, backend);
      } catch (error) {
        failure = error as Error;
      }
    }
    return this.#runInOrder(job, order, context, failure);
  }

  /**
   * Tries the back-ends of an order, then those that were out: what failed on another job may well run this one.
   *
   * @param firstFailure with which the first back-end has failed already, if it has.
   */
  async #runInOrder<J extends Job>(
    job: J,
    { backends, missing }: FallbackOrder<BackendSupervisor>,
    context: RunContext,
    firstFailure: Error | undefined,
  ): Promise<Answer<J>> {
    let fallback: Fallback | undefined = missing && { from: missing, reason: 'not_enabled' };
    let failure: unknown;
    const skipped: BackendSupervisor[] = [];
    for (const supervisor of backends) {
      const { name, usable: backend } = supervisor;
      if (backend === undefined) {
        fallback ??= { from: name, reason: supervisor.unavailableReason ?? 'warming' };
        skipped.push(supervisor);
      } else if (!supervisor.accepts(job)) {
        fallback ??= { from: name, reason: 'not_accepted' };
      } else {
        try {
          if (firstFailure !== undefined) throw firstFailure;
          return this.#withFallback(answerOf(job, await supervisor.run(backend, job, context), supervisor, backend), fallback);
        } catch (error) {
          if (isFinal(error, supervisor, context)) throw error;
          supervisor.failed(backend, error);
          fallback ??= { from: name, reason: failureKind(error) };
          failure = error;
          firstFailure = undefined;
        }
      }
    }
    for (const supervisor of skipped) {
      const backend = supervisor.lastResort;
      if (backend === undefined || !supervisor.accepts(job)) continue;
      return this.#withFallback(answerOf(job, await supervisor.run(backend, job, context), supervisor, backend), fallback);
    }
    throw failure instanceof Error ? failure : new BackendUnavailableError('no back-end takes the job', { cause: failure });
  }

  #withFallback<J extends Job>(answer: Answer<J>, fallback: Fallback | undefined): Answer<J> {
    if (fallback === undefined || fallback.from === answer.backend.name) return answer;
    this.events.emit('fallback', answer.backend.name, fallback);
    return { ...answer, fallback };
  }

  /** Measures the sizes from which on TensorFlow is faster than wasm, once for each device that it is opened on. */
  async #measureCrossOvers(backend: Backend): Promise<void> {
    const { name, device } = backend.info;
    const wasm = this.#supervisors.find((supervisor) => supervisor.name === 'wasm')?.usable;
    if (name !== 'tensorflow' || wasm === undefined || device === this.#measuredDevice) return;
    const crossOvers = await this.#measure(backend, wasm);
    this.#measuredDevice = device;
    this.#router.crossOvers = crossOvers;
    this.events.emit('measured', backend.info, crossOvers);
  }

  async close(): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.close()));
  }
}

function answerOf<J extends Job>(
  job: J,
  { result, queueMs, computeMs }: Computed<J>,
  supervisor: BackendSupervisor,
  backend: Backend,
): Answer<J> {
  if (supervisor.failuresInARow > 0) supervisor.succeeded(backend);
  return { result, queueMs, computeMs, backend: infoFor(job, backend.info), fallback: undefined };
}

/** The back-end's info with the dtype of the job. */
function infoFor(job: Job, info: BackendInfo): BackendInfo {
  return job.dtype === 'float64' && info.dtype !== 'float64' ? { ...info, dtype: 'float64' } : info;
}

/** Whether no other back-end should try the job: it was rejected or aborted, or lacks memory that the others would lack as well. */
function isFinal(error: unknown, { resident }: BackendSupervisor, { signal }: RunContext): boolean {
  return error instanceof OverloadError || signal?.aborted === true || (resident && error instanceof OutOfMemoryError);
}

/** Resolves when all promises have settled, or after so many milliseconds. */
async function settledWithin(ms: number, promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  await Promise.race([Promise.allSettled(promises), timeout]);
  clearTimeout(timer);
}
