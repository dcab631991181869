import { Piscina } from 'piscina';

import type { ArenaPool } from './arena-pool.ts';

/** Not at once, or threads that cannot start would be started without end. */
const replacementMs = 50;

/** The longest that a timer of Node can be set to. */
const maxTimerMs = 2 ** 31 - 1;

/** Milliseconds after which something that should take `estimateMs` has hung; at least `shortestMs`. */
export function hungAfterMs(estimateMs: number, minMs = 10_000): number {
  return Math.min(maxTimerMs, Math.ceil(minMs + 50 * estimateMs));
}

/** How often a thread of this process failed at what it was given. */
export const threadLosses = { count: 0 };

/** A thread that is not kept ends after so long without anything to do. */
const idleMs = 30_000;

export interface PoolOptions {
  /** How many are started at once, and kept. */
  readonly least?: number;
  /** V8's heap of each, in MiB; a thread that needs more ends. */
  readonly heapMb?: number;
  /** Whose memory the tasks are about. The module calls `collectDropped` after each task. */
  readonly arenas?: ArenaPool | undefined;
}

/**
 * Threads that start when they are needed, and are replaced when they end, whatever they do then: what waits for one is done by the next. Their
 * module's function must do nothing when it is called with null.
 *
 * @param name of the threads' module, without its extension.
 * @param beside the `import.meta.url` of the module that asks.
 * @param most how many there are at a time.
 */
export function threadPool(name: string, beside: string, most: number, { least = 0, heapMb, arenas }: PoolOptions = {}): Piscina {
  const pool = new Piscina({
    ...threadModule(name, beside),
    ...(arenas && { workerData: { drops: arenas.drops } }),
    minThreads: least,
    maxThreads: most,
    idleTimeout: idleMs,
    ...(heapMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  const wakeOne = () => void pool.run(null).catch(() => undefined);
  arenas?.onMuchDropped(() => {
    for (let i = pool.threads.length; i > 0; i--) wakeOne();
  });
  // A thread that ends without work is replaced, which is all there is to do.
  pool.on('error', () => undefined);
  // Piscina replaces no more threads once one has ended before it was ready, until a task comes.
  pool.on('workerDestroy', () => {
    setTimeout(() => {
      if (pool.queueSize > 0) wakeOne();
    }, replacementMs).unref();
  });
  return pool;
}

/**
 * Tries something that threads do, and once more when a thread failed at it: there is another by then.
 *
 * @param isFinal whether a failure is none of the thread's, with which another try would end as well.
 * @throws what the second try, or a final one, failed with.
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

/** Whether a thread was ended since its heap was full. */
export function isHeapFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

/** How long a thread that is told to stop may go on before it is ended. */
const stopGraceMs = 250;

/** What a task and its caller tell each other: i32 in shared memory. */
const words = { state: 0, thread: 1 } as const;
const states = { waiting: 0, running: 1, stopped: 2 } as const;

/** A task that can be stopped; `runStoppable` adds the memory. */
export interface Stoppable {
  readonly control: SharedArrayBuffer;
}

/** A task was stopped by its caller. */
export class TaskStoppedError extends Error {
  override readonly name = 'TaskStoppedError';
}

/** Both sides of a task that can be stopped. */
export class TaskControl {
  readonly #words: Int32Array;

  /** @param memory the task's `control`; that of a new one unless given. */
  constructor(memory = new SharedArrayBuffer(4 * Object.keys(words).length)) {
    this.#words = new Int32Array(memory);
  }

  get memory(): SharedArrayBuffer {
    return this.#words.buffer as SharedArrayBuffer;
  }

  /**
   * In the thread, before anything else: from here on the caller waits for the task's end.
   *
   * @param thread the thread's id.
   * @throws {TaskStoppedError} when the caller waits no longer; the thread may touch nothing of the task's then.
   */
  begin(thread: number): void {
    this.#words[words.thread] = thread;
    if (Atomics.compareExchange(this.#words, words.state, states.waiting, states.running) === states.stopped)
      throw new TaskStoppedError('stopped before it had begun');
  }

  /**
   * In the thread, between steps: a task that takes longer than `stopGraceMs` to get here is ended with its thread.
   *
   * @throws {TaskStoppedError} when nobody wants the result any more.
   */
  checkpoint(): void {
    if (Atomics.load(this.#words, words.state) === states.stopped) throw new TaskStoppedError('stopped');
  }

  /** For the caller: tells the task to stop; which thread is at it, undefined when none is and none will be. */
  stop(): number | undefined {
    return Atomics.exchange(this.#words, words.state, states.stopped) === states.running ? this.#words[words.thread]! : undefined;
  }
}

/**
 * Runs a task in a thread for as long as it is wanted. When the signal is aborted, the thread is told by shared memory, which it looks at
 * between its steps, and is ended when it goes on for a quarter of a second. The promise settles only when no thread can touch what the task
 * is about any more: it has returned, or has really ended, or has not begun and never will. So memory that the thread writes can be given to
 * others right then.
 *
 * The thread's side is `new TaskControl(task.control)`, with `begin(threadId)` before all else and `checkpoint()` between steps.
 *
 * @throws the signal's reason once it is aborted; else what the task failed with.
 */
export async function runStoppable<R>(pool: Piscina, task: object, signal?: AbortSignal): Promise<R> {
  signal?.throwIfAborted();
  const control = new TaskControl();
  // Piscina's own signals reject before the thread has ended; it rejects for a thread that ends after that.
  const running = pool.run({ ...task, control: control.memory }) as Promise<R>;
  if (signal === undefined) return running;
  let timer: NodeJS.Timeout | undefined;
  let onAbort!: () => void;
  const neverBegins = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      const thread = control.stop();
      if (thread === undefined) reject(signal.reason as Error);
      else timer = setTimeout(() => void pool.threads.find(({ threadId }) => threadId === thread)?.terminate(), stopGraceMs);
    };
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await Promise.race([running, neverBegins]);
    signal.throwIfAborted();
    return result;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    clearTimeout(timer);
  }
}

/** What Node is to be told before it runs TypeScript, which it can by itself from version 22.18 on. */
const loadTypeScript = 'typescript' in process.features && process.features.typescript !== false ? [] : ['--import', 'tsx'];

/**
 * Where a thread finds its code: beside the module that asks, which is JavaScript when it was built, and else TypeScript.
 *
 * @param name of the thread's module, without its extension.
 * @param beside the `import.meta.url` of the module that asks.
 */
function threadModule(name: string, beside: string): { filename: string; execArgv?: string[] } {
  if (!beside.endsWith('.ts')) return { filename: new URL(`./${name}.js`, beside).href };
  return { filename: new URL(`./${name}.ts`, beside).href, execArgv: loadTypeScript };
}
