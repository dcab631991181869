import { Piscina } from 'piscina';

/** Not at once, or threads that cannot start would be started without end. */
const replacementMs = 50;

/** The longest that a timer of Node can be set to. */
const longestTimerMs = 2 ** 31 - 1;

/** Milliseconds after which something that should take `estimateMs` has hung; at least `shortestMs`. */
export function hungAfterMs(estimateMs: number, shortestMs = 10_000): number {
  return Math.min(longestTimerMs, Math.ceil(shortestMs + 50 * estimateMs));
}

/** How often a thread of this process failed at what it was given. */
export const threadLosses = { count: 0 };

/** A thread that is not kept ends after so long without anything to do. */
const idleMs = 30_000;

/**
 * Threads that start when they are needed, and are replaced when they end, whatever they do then: what waits for one is done by the next. Their
 * module's function must do nothing when it is called with null.
 *
 * @param name of the threads' module, without its extension.
 * @param beside the `import.meta.url` of the module that asks.
 * @param most how many there are at a time.
 * @param least how many are started at once, and kept.
 */
export function threadPool(name: string, beside: string, most: number, least = 0): Piscina {
  const pool = new Piscina({ ...threadModule(name, beside), minThreads: least, maxThreads: most, idleTimeout: idleMs });
  // A thread that ends without work is replaced, which is all there is to do.
  pool.on('error', () => undefined);
  // Piscina replaces no more threads once one has ended before it was ready, until a task comes.
  pool.on('workerDestroy', () => {
    setTimeout(() => {
      if (pool.queueSize > 0) void pool.run(null).catch(() => undefined);
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

/**
 * Where a thread finds its code: beside the module that asks, which is JavaScript when it was built, and else TypeScript, which tsx loads.
 *
 * @param name of the thread's module, without its extension.
 * @param beside the `import.meta.url` of the module that asks.
 */
export function threadModule(name: string, beside: string): { filename: string; execArgv?: string[] } {
  if (!beside.endsWith('.ts')) return { filename: new URL(`./${name}.js`, beside).href };
  return { filename: new URL(`./${name}.ts`, beside).href, execArgv: ['--import', 'tsx'] };
}
