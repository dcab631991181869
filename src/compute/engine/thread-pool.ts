import { Piscina } from 'piscina';

import type { ArenaPool } from './arena-pool.ts';

/** Delay before a thread is replaced, so that threads that cannot start do not restart in a busy loop. */
const replacementDelayMs = 50;

/** Limit of Node's timers. */
const maxTimerMs = 2 ** 31 - 1;

/** Milliseconds after which a task with this estimate counts as hanging; at least `minMs`. */
export function hungAfterMs(estimateMs: number, minMs = 10_000): number {
  return Math.min(maxTimerMs, Math.ceil(minMs + 50 * estimateMs));
}

/** How often a thread of this process failed on a task. */
export const threadLosses = { count: 0 };

/** Threads beyond the minimum end after being idle for so long. */
const idleMs = 30_000;

export interface PoolOptions {
  /** Threads that are started at once, and kept. */
  readonly minThreads?: number;
  /** Limit of each thread's heap, in MiB; a thread that needs more ends. */
  readonly heapMb?: number;
  /** The pool of the tasks' arenas; the module calls `collectDropped` after each task. */
  readonly arenas?: ArenaPool | undefined;
}

/**
 * A pool of threads that start when they are needed, and are replaced when they end unexpectedly: waiting tasks go to the replacement. The
 * function of their module must ignore calls with null.
 *
 * @param name of the threads' module, without its extension.
 * @param beside the `import.meta.url` of the calling module.
 */
export function threadPool(
  name: string,
  beside: string,
  maxThreads: number,
  { minThreads = 0, heapMb, arenas }: PoolOptions = {},
): Piscina {
  const pool = new Piscina({
    ...threadModule(name, beside),
    ...(arenas && { workerData: { drops: arenas.drops } }),
    minThreads,
    maxThreads,
    idleTimeout: idleMs,
    ...(heapMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  arenas?.onMuchDropped(() => {
    wake(pool, pool.threads.length);
  });
  // A thread that ends without a task is replaced; nothing else needs to be done.
  pool.on('error', () => undefined);
  // Once a thread has ended before it was ready, Piscina starts no other until the next task is submitted.
  pool.on('workerDestroy', () => {
    setTimeout(() => {
      if (pool.queueSize > 0) wake(pool, 1);
    }, replacementDelayMs).unref();
  });
  return pool;
}

/**
 * Closes a pool once its tasks have settled and its threads have loaded their module: Node 20 aborts the process when a thread is terminated
 * while it loads one.
 */
export async function closePool(pool: Piscina): Promise<void> {
  wake(pool, pool.threads.length);
  await pool.close();
}

function wake(pool: Piscina, threads: number): void {
  for (let i = 0; i < threads; i++) void pool.run(null).catch(() => undefined);
}

/**
 * Runs a task in a thread, and once more when the thread failed: it has been replaced by then.
 *
 * @param isFinal whether an error is the task's own, so that a retry would fail as well.
 * @throws the final error, or that of the second attempt.
 */
export async function tryTwice<R>(attempt: () => Promise<R>, isFinal: (error: unknown) => boolean = () => false): Promise<R> {
  try {
    return await attempt();
  } catch (error) {
    if (isFinal(error)) throw error;
    threadLosses.count++;
    return await attempt();
  }
}

/** Whether a thread ended because its heap was full. */
export function isHeapFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** How long a stopped task may run on before its thread is terminated. */
const stopGraceMs = 250;

/** The words that a task and its caller share: i32 in shared memory. */
const words = { state: 0, thread: 1 } as const;
const states = { waiting: 0, running: 1, stopped: 2 } as const;

/** A task that can be stopped; `runStoppable` adds `control`. */
export interface Stoppable {
  readonly control: SharedArrayBuffer;
}

/** A task was stopped by its caller. */
export class TaskStoppedError extends Error {
  override readonly name = 'TaskStoppedError';
}

/** Shared state of a stoppable task, for the thread and for the caller. */
export class TaskControl {
  readonly #words: Int32Array;

  /** @param memory the task's `control`; new memory by default. */
  constructor(memory = new SharedArrayBuffer(4 * Object.keys(words).length)) {
    this.#words = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#words.buffer as SharedArrayBuffer;
  }

  /**
   * Called by the thread before anything else: from here on the caller waits for the task's end.
   *
   * @param thread the thread's id.
   * @throws {TaskStoppedError} when the caller has stopped waiting; the thread must not touch the task's memory then.
   */
  begin(thread: number): void {
    this.#words[words.thread] = thread;
    if (Atomics.compareExchange(this.#words, words.state, states.waiting, states.running) === states.stopped)
      throw new TaskStoppedError('stopped before it had begun');
  }

  /**
   * Called by the thread between steps: a stopped task that does not get here within `stopGraceMs` is terminated with its thread.
   *
   * @throws {TaskStoppedError} when the task was stopped.
   */
  checkpoint(): void {
    if (Atomics.load(this.#words, words.state) === states.stopped) throw new TaskStoppedError('stopped');
  }

  /** Called by the caller: stops the task; returns the id of the thread that runs it, undefined when none does or will. */
  stop(): number | undefined {
    return Atomics.exchange(this.#words, words.state, states.stopped) === states.running ? this.#words[words.thread]! : undefined;
  }
}

/**
 * Runs a task in a thread until the signal is aborted. An abort is written to shared memory, which the thread checks between its steps; the
 * thread is terminated when it runs on for a quarter of a second. The promise settles only when no thread can touch the task's memory any more:
 * the task has returned, its thread has exited, or the task has not begun and never will. The memory can be reused at once.
 *
 * In the thread: `new TaskControl(task.control)`, with `begin(threadId)` before all else and `checkpoint()` between steps.
 *
 * @throws the signal's reason once it is aborted; else the task's error.
 */
export async function runStoppable<R>(pool: Piscina, task: object, signal?: AbortSignal): Promise<R> {
  signal?.throwIfAborted();
  const control = new TaskControl();
  // Piscina's own signals reject before the thread has ended; a thread that ends rejects afterwards.
  const running = pool.run({ ...task, control: control.memory }) as Promise<R>;
  if (signal === undefined) return running;
  let timer: NodeJS.Timeout | undefined;
  const settled = new AbortController();
  const neverBegins = new Promise<never>((_resolve, reject) => {
    const stop = () => {
      const thread = control.stop();
      if (thread === undefined) reject(signal.reason as Error);
      else timer = setTimeout(() => void pool.threads.find(({ threadId }) => threadId === thread)?.terminate(), stopGraceMs);
    };
    signal.addEventListener('abort', stop, { once: true, signal: settled.signal });
  });
  try {
    const result = await Promise.race([running, neverBegins]);
    signal.throwIfAborted();
    return result;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    settled.abort();
    clearTimeout(timer);
  }
}

/** Node's options for running TypeScript, which it runs by itself from version 22.18 on. */
const loadTypeScript = 'typescript' in process.features && process.features.typescript !== false ? [] : ['--import', 'tsx'];

/**
 * The module of a thread, beside the calling module: JavaScript in a build, else TypeScript.
 *
 * @param name of the thread's module, without its extension.
 * @param beside the `import.meta.url` of the calling module.
 */
function threadModule(name: string, beside: string): { filename: string; execArgv?: string[] } {
  if (!beside.endsWith('.ts')) return { filename: new URL(`./${name}.js`, beside).href };
  return { filename: new URL(`./${name}.ts`, beside).href, execArgv: loadTypeScript };
}
