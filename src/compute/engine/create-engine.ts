import { ArenaPool } from './arena-pool.ts';
import { ThreadedReference } from '../backends/reference/threaded-reference.ts';
import { WasmBackend, type WarmUp } from '../backends/wasm/wasm-backend.ts';
import type { Backend } from './backend.ts';
import type { BackendOpener } from './backend-supervisor.ts';
import type { Preference } from './backend-router.ts';
import { Engine } from './engine.ts';
import { MemoryBudget } from './memory-budget.ts';

/** Which back-ends an engine has and prefers, and how much of the machine they get. */
export interface EngineOptions {
  /**
   * `auto` and `tensorflow` have all three, and prefer the fastest for the job or TensorFlow; `wasm` has it and the reference;
   * `reference` has only that.
   */
  readonly backend: Preference;
  /** Threads that share a large job. */
  readonly threads: number;
  /** Which of the wasm back-end's kernels are compiled ahead; `full` unless given. */
  readonly warmUp?: WarmUp;
  /** The largest job of the reference: neuron-steps, or elements of x, times surrogates. */
  readonly maxReferenceWork: number;
  /** How long a job may have to wait for its back-end before it is turned away, in milliseconds. */
  readonly maxQueueWaitMs?: number;
  /** Memory for bodies, jobs and answers that are too large to be small change, in bytes. */
  readonly memoryBytes?: number;
}

/** Makes the engine that the configuration asks for; it still has to be warmed. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { backend, threads, warmUp, maxReferenceWork, maxQueueWaitMs, memoryBytes } = options;
  const arenas = new ArenaPool(new MemoryBudget(memoryBytes), process.env.NODE_ENV === 'test');
  const backends: (Backend | BackendOpener)[] = [new ThreadedReference({ maxWork: maxReferenceWork })];
  if (backend !== 'reference') backends.push(await WasmBackend.create({ threads, arenas, ...(warmUp && { warmUp }) }));
  if (backend === 'auto' || backend === 'tensorflow') backends.push(tensorFlow);
  return new Engine(backends, { preferred: backend, arenas, maxQueueWaitMs });
}

/** Loaded only where it is wanted: its library takes a second and hundreds of megabytes. */
const tensorFlow: BackendOpener = {
  info: { name: 'tensorflow', device: 'unknown', dtype: 'float32' },
  async open() {
    const { TensorFlowBackend } = await import('../backends/tensorflow/tensorflow-backend.ts');
    return TensorFlowBackend.create();
  },
};
