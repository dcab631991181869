import { availableParallelism } from 'node:os';
import { setImmediate as nextTick } from 'node:timers/promises';
import { Arena } from '../../engine/arena.ts';
import { ArenaPool } from '../../engine/arena-pool.ts';
import type { Backend, BackendInfo, Computed } from '../../engine/backend.ts';
import { OutOfMemoryError } from '../../engine/errors.ts';
import { jobBytes } from '../../job-size.ts';
import type { Job } from '../../jobs.ts';
import { copyResults } from './copied-part.ts';
import { compileMs, estimateNanoseconds } from './cost.ts';
import { KernelCache } from './kernel-cache.ts';
import { instanceIn } from './kernel-instance.ts';
import { kernelRequests } from './kernel-requests.ts';
import { viewResults, isKernelRequest, type KernelContext } from './launch.ts';
import { planLaunches } from './program-of.ts';
import { pause } from './sliced-loops.ts';
import { warmUpJobs } from './warm-up.ts';
import { WorkerPool } from './worker-pool.ts';

export interface WasmOptions {
  /** Processors for large jobs: all by default, since the main thread only waits for them, and never more than there are. */
  readonly threads?: number;
  /** Jobs estimated to take less run in the calling thread: about what handing them to the workers costs. */
  readonly inlineNanoseconds?: number;
  /** Where large jobs that come without an arena get one. */
  readonly arenas?: ArenaPool;
}

/** A part of a job takes about so long at most: no more of it runs once it is stopped. */
const maxBlockNanoseconds = 5e6;

// V8 compiles a kernel with its optimising compiler, in the background, after a few runs of a warm-up job.
const warmUpRuns = 10;

/**
 * The CPU back-end: for every job a WebAssembly SIMD kernel printed for exactly that job, run in place or, where it is worth a
 * hop, by a pool of threads over shared memory.
 */
export class WasmBackend implements Backend {
  readonly info: BackendInfo = { name: 'wasm', device: 'cpu', dtype: 'float32' };
  /** One has its input copied, or its answer written, while the other runs. */
  readonly concurrency = 2;
  readonly #kernels: KernelCache;
  readonly #pool: WorkerPool;
  readonly #inlineArena = new Arena();
  readonly #arenas: ArenaPool;
  readonly #inlineNanoseconds: number;

  private constructor(kernels: KernelCache, options: WasmOptions) {
    this.#kernels = kernels;
    this.#pool = new WorkerPool(Math.min(options.threads ?? Infinity, availableParallelism()));
    this.#arenas = options.arenas ?? new ArenaPool();
    this.#arenas.onDrop((arena) => {
      this.#pool.evictKernels(arena);
    });
    this.#inlineNanoseconds = options.inlineNanoseconds ?? 300_000;
  }

  static async create(options: WasmOptions = {}): Promise<WasmBackend> {
    return new WasmBackend(await KernelCache.create(), options);
  }

  async warm(): Promise<void> {
    for (const job of warmUpJobs()) {
      for (let i = 0; i < warmUpRuns; i++) await this.run(job);
      // Compiling takes milliseconds: let requests in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  tryRunSync<J extends Job>(job: J): Computed<J> | undefined {
    return estimateNanoseconds(job) < this.#inlineNanoseconds ? this.#runInline(job) : undefined;
  }

  estimateMs(job: Job): number {
    const missing = new Set<string>();
    for (const { key } of kernelRequests(job)) if (!this.#kernels.has(key)) missing.add(key);
    return estimateNanoseconds(job) / 1e6 / this.#pool.cores + compileMs * missing.size;
  }

  run<J extends Job>(job: J, arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>> {
    return (
      this.tryRunSync(job) ?? (arena === undefined ? this.#runInOwnArena(job, signal) : this.#runPooled(job, arena, viewResults, signal))
    );
  }

  /** @returns undefined where more has to be compiled than one tick has time for. */
  #runInline<J extends Job>(job: J): Computed<J> | undefined {
    const start = performance.now();
    const arena = this.#inlineArena;
    arena.reset();
    const program = planLaunches({ kernels: this.#kernels, arena, readBack: copyResults }, job);
    let next = program.next();
    while (next.done !== true) {
      if (next.value === pause) {
        next = program.next();
        continue;
      }
      if (isKernelRequest(next.value)) {
        const kernel = this.#kernels.tryGet(next.value);
        if (kernel === undefined) return undefined;
        next = program.next(kernel);
        continue;
      }
      const { kernel, job: block, vectors, scratchBytes, prepare } = next.value;
      prepare?.();
      const mark = arena.mark();
      const scratch = arena.allocate(scratchBytes);
      instanceIn(arena, kernel)(block, scratch, 0, vectors);
      arena.release(mark);
      next = program.next();
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
    const options = { blocks: Math.ceil(nanoseconds / maxBlockNanoseconds), estimateMs: nanoseconds / 1e6, signal };
    try {
      const program = planLaunches({ kernels: this.#kernels, arena, readBack }, job);
      let next = program.next();
      while (next.done !== true) {
        if (next.value === pause) {
          await nextTick();
          signal?.throwIfAborted();
          next = program.next();
        } else if (isKernelRequest(next.value)) {
          next = program.next(await this.#kernels.getInTurn(next.value, signal));
        } else {
          await this.#pool.run(arena, next.value, options);
          next = program.next();
        }
      }
      return { result: next.value, queueMs: 0, computeMs: performance.now() - start };
    } catch (error) {
      // An array for the result that could not be had.
      throw error instanceof RangeError ? new OutOfMemoryError('not enough memory for the job', { cause: error }) : error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
