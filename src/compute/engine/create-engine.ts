import { ArenaPool } from './arena-pool.ts';
import { ThreadedReference } from '../backends/reference/threaded-reference.ts';
import { WasmBackend, type WarmUp } from '../backends/wasm/wasm-backend.ts';
import type { Backend } from './backend.ts';
import type { BackendOpener } from './backend-supervisor.ts';
import type { Preference } from './backend-router.ts';
import { Engine } from './engine.ts';
import { MemoryBudget } from './memory-budget.ts';

/** An engine's back-ends, and their share of the machine. */
export interface EngineOptions {
  /**
   * `auto` and `tensorflow` enable all three, and prefer the fastest for the job or TensorFlow; `wasm` enables it and the reference;
   * `reference` only that.
   */
  readonly backend: Preference;
  /** Threads among which large jobs are divided. */
  readonly threads: number;
  /** What of the wasm back-end is made ready before jobs need it; `full` unless given. */
  readonly warmUp?: WarmUp;
  /** The largest job that the reference accepts: neuron-steps, or elements of x, times surrogates. */
  readonly maxReferenceWork: number;
  /** A job that would wait longer for its back-end is rejected; in milliseconds. */
  readonly maxQueueWaitMs?: number;
  /** The budget for the memory of bodies, jobs and responses, in bytes. */
  readonly memoryBytes?: number;
}

/** Creates the configured engine; it still has to be warmed up. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { backend, threads, warmUp, maxReferenceWork, maxQueueWaitMs, memoryBytes } = options;
  const arenas = new ArenaPool(new MemoryBudget(memoryBytes), process.env.NODE_ENV === 'test');
  const backends: (Backend | BackendOpener)[] = [new ThreadedReference({ maxWork: maxReferenceWork })];
  if (backend !== 'reference') backends.push(await WasmBackend.create({ threads, arenas, ...(warmUp && { warmUp }) }));
  if (backend === 'auto' || backend === 'tensorflow') backends.push(tensorFlow);
  return new Engine(backends, { preferred: backend, arenas, maxQueueWaitMs });
}

/** Imported on demand: the library takes a second to load, and hundreds of megabytes. */
const tensorFlow: BackendOpener = {
  info: { name: 'tensorflow', device: 'unknown', dtype: 'float32' },
  async open() {
    const { TensorFlowBackend } = await import('../backends/tensorflow/tensorflow-backend.ts');
    return TensorFlowBackend.create();
  },
};
