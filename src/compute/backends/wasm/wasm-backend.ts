import { availableParallelism } from 'node:os';
import { setImmediate as endOfTick } from 'node:timers/promises';
import { Arena } from '../../engine/arena.ts';
import { ArenaPool } from '../../engine/arena-pool.ts';
import type { Backend, BackendInfo, Computed } from '../../engine/backend.ts';
import { OutOfMemoryError } from '../../engine/errors.ts';
import { jobBytes } from '../../job-size.ts';
import type { Job } from '../../jobs.ts';
import { pause } from '../../loops.ts';
import { compileMs, estimateNanoseconds } from './estimate-time.ts';
import { instanceIn, KernelCache } from './kernel-cache.ts';
import { copyResults, isKernelRequest, viewResults, type KernelContext } from './launch-steps.ts';
import { kernelRequests, launchSteps } from './job-kinds.ts';
import { WorkerPool } from './threads/worker-pool.ts';
import { firstJobs, otherJobs } from './warm-up-jobs.ts';

export interface WasmOptions {
  /** Processors for large jobs: all by default, since the main thread only waits for them. */
  readonly threads?: number;
  /** Jobs estimated to take less run in the calling thread; about what handing them to the workers costs. */
  readonly inlineNanoseconds?: number;
  /** Lends arenas to large jobs that bring none. */
  readonly arenas?: ArenaPool;
  readonly warmUp?: WarmUp;
}

/** `minimal` compiles the default surrogate's kernels before the back-end is warm; `full`, the default, starts the threads, and compiles the other usual ones after it. */
export type WarmUp = 'minimal' | 'full';

/** The longest that a block of a launch should take: a stopped launch finishes the blocks that have begun. */
const maxBlockNanoseconds = 5e6;

// V8 compiles a kernel with its optimising compiler, in the background, after a few runs of a warm-up job.
const warmUpRuns = 10;

/**
 * The CPU back-end: a WebAssembly SIMD kernel generated for each form of job, run in place or, where that pays, by a pool of threads
 * over shared memory.
 */
export class WasmBackend implements Backend {
  readonly info: BackendInfo = { name: 'wasm', device: 'cpu', dtype: 'float32' };
  /** One copies its input, or has its answer written, while the other runs. */
  readonly concurrency = 2;
  readonly #kernels: KernelCache;
  readonly #cores: number;
  #pool: WorkerPool | undefined;
  readonly #inlineArena = new Arena();
  readonly #arenas: ArenaPool;
  readonly #inlineNanoseconds: number;
  readonly #warmUp: WarmUp;
  /** Compiling the kernels that no first request waits for. */
  #warming: Promise<void> | undefined;
  #isClosed = false;

  private constructor(kernels: KernelCache, options: WasmOptions) {
    this.#kernels = kernels;
    this.#cores = Math.min(options.threads ?? Infinity, availableParallelism());
    this.#arenas = options.arenas ?? new ArenaPool();
    this.#arenas.onDrop((arena) => {
      this.#pool?.evictKernels(arena);
    });
    this.#inlineNanoseconds = options.inlineNanoseconds ?? 300_000;
    this.#warmUp = options.warmUp ?? 'full';
  }

  static async create(options: WasmOptions = {}): Promise<WasmBackend> {
    return new WasmBackend(await KernelCache.create(), options);
  }

  /** Worker threads, started when the first job needs them or warming up does: each takes a tenth of a second of processor time. */
  #threads(): WorkerPool {
    return (this.#pool ??= new WorkerPool(this.#cores));
  }

  /** Resolves when the kernels of the usual first requests are compiled; goes on with the others in the background. */
  async warm(): Promise<void> {
    await this.#runOften(firstJobs());
    if (this.#warmUp === 'full') {
      this.#threads();
      // Whoever asks for a kernel that cannot be compiled is told so then.
      this.#warming ??= this.#runOften(otherJobs()).catch(() => undefined);
    }
  }

  /** Runs jobs in this thread until V8 has optimised their kernels: one new kernel a tick, until the back-end is closed. */
  async #runOften(jobs: Iterable<Job>): Promise<void> {
    for (const job of jobs) {
      for (let runs = 0; runs < warmUpRuns && !this.#isClosed;) {
        if (this.#runInline(job) === undefined) await endOfTick();
        else runs++;
      }
      if (this.#isClosed) return;
      await endOfTick();
    }
  }

  tryRunSync<J extends Job>(job: J): Computed<J> | undefined {
    return estimateNanoseconds(job) < this.#inlineNanoseconds ? this.#runInline(job) : undefined;
  }

  estimateMs(job: Job): number {
    const missing = new Set<string>();
    for (const { key } of kernelRequests(job)) if (!this.#kernels.has(key)) missing.add(key);
    return estimateNanoseconds(job) / 1e6 / this.#cores + compileMs * missing.size;
  }

  run<J extends Job>(job: J, arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>> {
    return (
      this.tryRunSync(job) ?? (arena === undefined ? this.#runInOwnArena(job, signal) : this.#runPooled(job, arena, viewResults, signal))
    );
  }

  /** Runs a job in this thread; undefined where more has to be compiled than one tick has time for. */
  #runInline<J extends Job>(job: J): Computed<J> | undefined {
    const start = performance.now();
    const arena = this.#inlineArena;
    arena.reset();
    const steps = launchSteps({ kernels: this.#kernels, arena, readBack: copyResults }, job);
    let next = steps.next();
    while (next.done !== true) {
      if (next.value === pause) {
        next = steps.next();
        continue;
      }
      if (isKernelRequest(next.value)) {
        const kernel = this.#kernels.tryGet(next.value);
        if (kernel === undefined) return undefined;
        next = steps.next(kernel);
        continue;
      }
      const { kernel, argumentBlock, vectors, scratchBytes, prepare } = next.value;
      prepare?.();
      const mark = arena.mark();
      const scratch = arena.allocate(scratchBytes);
      instanceIn(arena, kernel)(argumentBlock, scratch, 0, vectors);
      arena.release(mark);
      next = steps.next();
    }
    return { result: next.value, queueMs: 0, computeMs: performance.now() - start };
  }

  async #runInOwnArena<J extends Job>(job: J, signal: AbortSignal | undefined): Promise<Computed<J>> {
    const arena = this.#arenas.acquire(jobBytes(job));
    try {
      const computed = await this.#runPooled(job, arena, copyResults, signal);
      this.#arenas.release(arena);
      return computed;
    } catch (error) {
      if (signal?.aborted === true) this.#arenas.release(arena);
      else this.#arenas.discard(arena);
      throw error;
    }
  }

  async #runPooled<J extends Job>(
    job: J,
    arena: Arena,
    readBack: KernelContext['readBack'],
    signal: AbortSignal | undefined,
  ): Promise<Computed<J>> {
    const start = performance.now();
    const nanoseconds = estimateNanoseconds(job);
    const options = { minBlocks: Math.ceil(nanoseconds / maxBlockNanoseconds), estimateMs: nanoseconds / 1e6, signal };
    try {
      const steps = launchSteps({ kernels: this.#kernels, arena, readBack }, job);
      let next = steps.next();
      while (next.done !== true) {
        if (next.value === pause) {
          await endOfTick();
          signal?.throwIfAborted();
          next = steps.next();
        } else if (isKernelRequest(next.value)) {
          next = steps.next(await this.#kernels.getInTurn(next.value, signal));
        } else {
          await this.#threads().run(arena, next.value, options);
          next = steps.next();
        }
      }
      return { result: next.value, queueMs: 0, computeMs: performance.now() - start };
    } catch (error) {
      // The result's array could not be allocated.
      throw error instanceof RangeError ? new OutOfMemoryError('not enough memory for the job', { cause: error }) : error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#warming;
    await this.#pool?.close();
  }
}
