import { Piscina } from 'piscina';

/** Not at once, or threads that cannot start would be started without end. */
const replacementMs = 50;

/** How often a thread of this process failed at what it was given. */
export const threadLosses = { count: 0 };

/**
 * Threads that are replaced when they end, whatever they do then: what waits for one is done by the next. Their module's function must do
 * nothing when it is called with null.
 */
export function threadPool(options: ConstructorParameters<typeof Piscina>[0]): Piscina {
  const pool = new Piscina(options);
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
