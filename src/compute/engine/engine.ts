import { EventEmitter } from 'node:events';
import { ArenaPool } from './arena-pool.ts';
import {
  backendNames,
  BackendUnavailableError,
  OutOfMemoryError,
  type Backend,
  type BackendInfo,
  type BackendName,
  type Computed,
} from './backend.ts';
import { BackendSupervisor, type BackendOpener, type BackendState, type RunContext } from './backend-supervisor.ts';
import { BackendRouter, type FallbackOrder, type Preference, type BackendPreference } from './backend-router.ts';
import { measureCrossOvers, type CrossOvers } from './cross-over.ts';
import { failureKind, type FailureKind, type FallbackReason } from './failure.ts';
import type { Job } from '../jobs.ts';
import { OverloadError } from './overload.ts';

/** Why a job was not done by the back-end that was the first choice for it. */
export interface Fallback {
  readonly from: BackendName;
  readonly reason: FallbackReason;
}

/** A computed job and the back-end that really ran it. */
export interface Answer<J extends Job = Job> extends Computed<J> {
  readonly backend: BackendInfo;
  readonly fallback: Fallback | undefined;
}

/** What would do a job, and about how long that takes, in milliseconds. */
export interface Estimate {
  readonly backend: BackendInfo;
  readonly computeMs: number;
  readonly queueMs: number;
}

/** A back-end and how it is. */
export interface BackendStatus extends BackendInfo {
  readonly state: BackendState;
  /** Why it is out. */
  readonly unavailableReason?: FailureKind;
  /** Tensors that its library holds between two runs. */
  readonly liveTensors?: number;
}

/** What an engine tells of itself while it runs. */
export interface EngineEvents {
  /** A back-end takes jobs from now on; `again` when it had before. */
  ready: [backend: BackendInfo, again: boolean];
  /** A back-end failed and takes no jobs for `pauseMs`; `again` when it was being brought back. */
  failed: [
    backend: BackendName,
    failure: { readonly kind: FailureKind; readonly error: unknown; readonly pauseMs: number; readonly again: boolean },
  ];
  /** A job was done by another back-end than the first choice. */
  fallback: [to: BackendName, fallback: Fallback];
  /** It was measured from where on a back-end is faster than the ones after it. */
  measured: [backend: BackendInfo, crossOvers: CrossOvers];
}

export interface EngineOptions {
  /** What is wanted where a job comes without a wish. */
  readonly preferred?: Preference;
  /** How long back-ends that have to be opened may keep the engine from being warm. */
  readonly openingMs?: number;
  readonly measure?: typeof measureCrossOvers;
  readonly arenas?: ArenaPool;
  /** How long a job may have to wait for its back-end before it is turned away, in milliseconds. */
  readonly maxQueueWaitMs?: number | undefined;
}

/**
 * Runs jobs on the back-ends that there are: each on the one that is wanted or fastest, and when that one fails, on the next. A
 * back-end that failed is left out for a while and tried again later, which no job waits for.
 *
 * Memory is the exception among the failures. What a resident back-end lacks, those after it, in the same process, lack as well:
 * its OutOfMemoryError is the job's, and leaves it in.
 */
export class Engine {
  readonly events = new EventEmitter<EngineEvents>();
  /** Memory to lend to jobs. */
  readonly arenas: ArenaPool;
  readonly #slots: readonly BackendSupervisor[];
  readonly #choice: BackendRouter<BackendSupervisor>;
  readonly #openingMs: number;
  readonly #measure: typeof measureCrossOvers;
  #measuredOn: string | undefined;

  /** @param backends those that are there, and those that are to be opened; each at most once, in any order. */
  constructor(backends: readonly (Backend | BackendOpener)[], options: EngineOptions = {}) {
    const { preferred = 'auto', openingMs = 60_000, measure = measureCrossOvers, arenas = new ArenaPool(), maxQueueWaitMs } = options;
    const listener = {
      ready: (info: BackendInfo, again: boolean) => {
        this.events.emit('ready', info, again);
      },
      failed: (...details: EngineEvents['failed']) => {
        this.events.emit('failed', ...details);
      },
    };
    const slots = backends.map((source) => new BackendSupervisor(source, listener, (backend) => this.#compare(backend), maxQueueWaitMs));
    this.#slots = backendNames.flatMap((name) => slots.filter((slot) => slot.name === name));
    this.#choice = new BackendRouter(this.#slots, preferred);
    this.arenas = arenas;
    this.#openingMs = openingMs;
    this.#measure = measure;
  }

  /** The back-ends that jobs may run on, in the order in which they are tried. */
  get backends(): readonly BackendStatus[] {
    return this.#slots.map(({ info, state, unavailableReason, liveTensors }) => ({
      ...info,
      state,
      ...(unavailableReason && { unavailableReason }),
      ...(liveTensors !== undefined && { liveTensors }),
    }));
  }

  /** The jobs that wait for each back-end, and about how long it has to do for them and for what runs, in milliseconds. */
  get queues(): readonly { readonly name: BackendName; readonly jobs: number; readonly ms: number }[] {
    return this.#slots.map(({ name, queue }) => ({ name, ...queue }));
  }

  /** From where on TensorFlow is faster, once that is measured. */
  get crossOvers(): CrossOvers | undefined {
    return this.#choice.crossOvers;
  }

  /**
   * Resolves when jobs run at full speed: the usual kernels are compiled and have run. Back-ends that have to be opened come
   * after the others, and neither their failure nor a long wait for them keeps the engine from being warm.
   *
   * @throws whatever kept a resident back-end from getting warm.
   */
  async warm(): Promise<void> {
    await Promise.all(this.#slots.filter(({ resident }) => resident).map((slot) => slot.start()));
    const opened = this.#slots.filter(({ resident }) => !resident).map((slot) => slot.start());
    await atMost(this.#openingMs, Promise.allSettled(opened));
  }

  /** The back-end that is the first choice for a job. */
  firstChoice(job: Job, wish?: BackendPreference): BackendName | undefined {
    return this.#choice.order(job, wish).backends[0]?.name;
  }

  /** What would do a job now, and how long that takes, in milliseconds: kernels alone, and the wait before. */
  estimate(job: Job, wish?: BackendPreference): Estimate | undefined {
    const slot = this.#choice.order(job, wish).backends.find(({ usable }) => usable?.accepts?.(job) !== false && usable !== undefined);
    return slot && { backend: infoFor(job, slot.info), computeMs: slot.estimateMs(job), queueMs: slot.queue.ms };
  }

  /**
   * Runs one job. Small ones are answered synchronously, larger ones with a promise.
   *
   * @throws {ComputeError} when no back-end could do it.
   * @throws {OverloadError} when it would have to wait for too long.
   * @throws the signal's reason, when that was aborted.
   */
  run<J extends Job>(job: J, wish?: BackendPreference, context: RunContext = {}): Answer<J> | Promise<Answer<J>> {
    const order = this.#choice.order(job, wish);
    const slot = order.backends[0];
    const backend = slot?.usable;
    if (slot === undefined || backend === undefined || order.missing !== undefined || backend.accepts?.(job) === false) {
      return this.#runOnNext(job, context, order, 0, order.missing && { from: order.missing, reason: 'not_enabled' });
    }
    let computed: Computed<J> | Promise<Computed<J>>;
    try {
      computed = slot.run(backend, job, context);
    } catch (error) {
      return this.#runAfterFailure(job, context, order, slot, backend, error);
    }
    if (computed instanceof Promise) {
      return computed.then(
        (done) => answerOf(job, done, slot, backend),
        (error: unknown) => this.#runAfterFailure(job, context, order, slot, backend, error),
      );
    }
    return answerOf(job, computed, slot, backend);
  }

  /** The first choice failed: takes it out, and goes on to the next. */
  async #runAfterFailure<J extends Job>(
    job: J,
    context: RunContext,
    order: FallbackOrder<BackendSupervisor>,
    slot: BackendSupervisor,
    backend: Backend,
    error: unknown,
  ): Promise<Answer<J>> {
    takeOutOrThrow(slot, backend, error, context);
    return this.#runOnNext(job, context, order, 1, { from: slot.name, reason: failureKind(error) }, error);
  }

  /**
   * Tries the back-ends of an order from the given one on; when none is left, those that are out: what failed on another job may
   * well do this one.
   *
   * @param fallback why the first choice did not do it, where that is known already.
   * @param cause what the one before failed with.
   */
  async #runOnNext<J extends Job>(
    job: J,
    context: RunContext,
    order: FallbackOrder<BackendSupervisor>,
    from: number,
    fallback?: Fallback,
    cause?: unknown,
  ): Promise<Answer<J>> {
    let error = cause;
    const passedOver: BackendSupervisor[] = [];
    for (const slot of order.backends.slice(from)) {
      const backend = slot.usable;
      if (backend === undefined) {
        fallback ??= { from: slot.name, reason: slot.unavailableReason ?? 'warming' };
        passedOver.push(slot);
      } else if (backend.accepts?.(job) === false) {
        fallback ??= { from: slot.name, reason: 'not_accepted' };
      } else {
        try {
          return this.#fellBack(answerOf(job, await slot.run(backend, job, context), slot, backend), fallback);
        } catch (failure) {
          takeOutOrThrow(slot, backend, failure, context);
          fallback ??= { from: slot.name, reason: failureKind(failure) };
          error = failure;
        }
      }
    }
    for (const slot of passedOver) {
      const backend = slot.lastResort;
      if (backend === undefined || backend.accepts?.(job) === false) continue;
      return this.#fellBack(answerOf(job, await slot.run(backend, job, context), slot, backend), fallback);
    }
    throw error instanceof Error ? error : new BackendUnavailableError('no back-end takes the job', { cause: error });
  }

  #fellBack<J extends Job>(answer: Answer<J>, fallback: Fallback | undefined): Answer<J> {
    if (fallback === undefined || fallback.from === answer.backend.name) return answer;
    this.events.emit('fallback', answer.backend.name, fallback);
    return { ...answer, fallback };
  }

  /** Measures from where on a back-end that was opened is faster than wasm, once for each device that it turns out to have. */
  async #compare(backend: Backend): Promise<void> {
    const { name, device } = backend.info;
    const wasm = this.#slots.find((slot) => slot.name === 'wasm')?.usable;
    if (name !== 'tensorflow' || wasm === undefined || device === this.#measuredOn) return;
    const crossOvers = await this.#measure(backend, wasm);
    this.#measuredOn = device;
    this.#choice.crossOvers = crossOvers;
    this.events.emit('measured', backend.info, crossOvers);
  }

  async close(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.close()));
  }
}

function answerOf<J extends Job>(
  job: J,
  { result, queueMs, computeMs }: Computed<J>,
  slot: BackendSupervisor,
  backend: Backend,
): Answer<J> {
  if (slot.failuresInARow > 0) slot.succeeded(backend);
  return { result, queueMs, computeMs, backend: infoFor(job, backend.info), fallback: undefined };
}

/** What does a job: whoever is given one in float64 has that. */
function infoFor(job: Job, info: BackendInfo): BackendInfo {
  return job.dtype === 'float64' && info.dtype !== 'float64' ? { ...info, dtype: 'float64' } : info;
}

/** Resolves when the promise does, or after so many milliseconds. */
async function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** @throws the error, where no other back-end can make it good, or where it is no failure. */
function takeOutOrThrow(slot: BackendSupervisor, backend: Backend, error: unknown, { signal }: RunContext): void {
  if (error instanceof OverloadError || signal?.aborted === true) throw error;
  if (slot.resident && error instanceof OutOfMemoryError) throw error;
  slot.failed(backend, error);
}
