import { availableParallelism } from 'node:os';
import { setImmediate as nextTick } from 'node:timers/promises';
import { Arena } from '../../arena.ts';
import { ArenaStore } from '../../arena-store.ts';
import type { Backend, BackendInfo, Computed } from '../../backend.ts';
import { OutOfMemoryError } from '../../backend.ts';
import type { Job } from '../../jobs.ts';
import { copied } from './copied-part.ts';
import { estimateNanoseconds } from './cost.ts';
import { KernelCache } from './kernel-cache.ts';
import { instanceIn } from './kernel-instance.ts';
import { asItLies, type Surroundings } from './launch.ts';
import { programOf } from './program-of.ts';
import { pause } from './sliced-loops.ts';
import { warmUpJobs } from './warm-up.ts';
import { WorkerPool } from './worker-pool.ts';

export interface WasmOptions {
  /** Worker threads for large jobs: all cores by default, since the main thread only waits for them. */
  readonly threads?: number;
  /** Jobs estimated to take less run in the calling thread: about what handing them to the workers costs. */
  readonly inlineNanoseconds?: number;
  /** Where large jobs that come without an arena get one. */
  readonly arenas?: ArenaStore;
}

/** A part of a job takes about so long at most: no more of it runs once it is stopped. */
const longestBlockNanoseconds = 5e6;

// V8 compiles a kernel with its optimising compiler, in the background, after a few runs of a warm-up job.
const warmUpRuns = 10;

/**
 * The CPU back-end: for every job a WebAssembly SIMD kernel printed for exactly that job, run in place or, where it is worth a
 * hop, by a pool of threads over shared memory.
 */
export class WasmBackend implements Backend {
  readonly info: BackendInfo = { name: 'wasm', device: 'cpu', dtype: 'float32' };
  /** One has its input copied, or its answer written, while the other runs. */
  readonly atOnce = 2;
  readonly #kernels: KernelCache;
  readonly #pool: WorkerPool;
  readonly #inlineArena = new Arena();
  readonly #arenas: ArenaStore;
  readonly #inlineNanoseconds: number;

  private constructor(kernels: KernelCache, options: WasmOptions) {
    this.#kernels = kernels;
    this.#pool = new WorkerPool(options.threads ?? availableParallelism());
    this.#arenas = options.arenas ?? new ArenaStore();
    this.#arenas.onDrop((arena) => { this.#pool.forget(arena); });
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

  runSmall<J extends Job>(job: J): Computed<J> | undefined {
    return estimateNanoseconds(job) < this.#inlineNanoseconds ? this.#runInline(job) : undefined;
  }

  estimateMs(job: Job): number {
    return estimateNanoseconds(job) / 1e6 / this.#pool.cores;
  }

  run<J extends Job>(job: J, arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>> {
    return this.runSmall(job) ?? (arena === undefined ? this.#runInOwnArena(job, signal) : this.#runPooled(job, arena, asItLies, signal));
  }

  #runInline<J extends Job>(job: J): Computed<J> {
    const start = performance.now();
    const arena = this.#inlineArena;
    arena.reset();
    const program = programOf({ kernels: this.#kernels, arena, keep: copied }, job);
    for (let next = program.next(); ; next = program.next()) {
      if (next.done) return { result: next.value, queueMs: 0, computeMs: performance.now() - start };
      if (next.value === pause) continue;
      const { kernel, job: block, vectors, steps, scratchBytes, prepare } = next.value;
      prepare?.();
      const mark = arena.mark();
      instanceIn(arena, kernel).launch(block, arena.allocate(scratchBytes), vectors, kernel.inFlight, steps);
      arena.release(mark);
    }
  }

  async #runInOwnArena<J extends Job>(job: J, signal: AbortSignal | undefined): Promise<Computed<J>> {
    const arena = this.#takeArena();
    try {
      const computed = await this.#runPooled(job, arena, copied, signal);
      this.#arenas.giveBack(arena);
      return computed;
    } catch (error) {
      this.#arenas.giveUp(arena);
      throw error;
    }
  }

  #takeArena(): Arena {
    try {
      return this.#arenas.take();
    } catch (error) {
      throw outOfMemory(error);
    }
  }

  async #runPooled<J extends Job>(job: J, arena: Arena, keep: Surroundings['keep'], signal: AbortSignal | undefined): Promise<Computed<J>> {
    const start = performance.now();
    const nanoseconds = estimateNanoseconds(job);
    const options = { blocks: Math.ceil(nanoseconds / longestBlockNanoseconds), estimateMs: nanoseconds / 1e6, signal };
    try {
      const program = programOf({ kernels: this.#kernels, arena, keep }, job);
      for (let next = program.next(); ; next = program.next()) {
        if (next.done) return { result: next.value, queueMs: 0, computeMs: performance.now() - start };
        if (next.value === pause) {
          await nextTick();
          signal?.throwIfAborted();
        } else {
          await this.#pool.run(arena, next.value, options);
        }
      }
    } catch (error) {
      throw error instanceof RangeError ? outOfMemory(error) : error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

function outOfMemory(cause: unknown): OutOfMemoryError {
  return new OutOfMemoryError('not enough memory for the job', { cause });
}
