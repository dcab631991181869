import type { Arena } from '../../arena.ts';

export interface Watched {
  readonly arena: Arena;
  /** Address of the number of the next vector that nobody has taken. */
  readonly counter: number;
  /** Address of what each thread leaves while it works on the launch: its number, else 0. */
  readonly workers: number;
  readonly threads: number;
}

/** How often in its limit a launch is looked at. */
const looks = 4;

/**
 * Looks on at a launch, and ends the threads that work on it when none of them has begun or finished a block for so long.
 *
 * @param limitMs several times what a block takes, in milliseconds.
 * @param end ends the threads of these numbers.
 * @returns what stops the watch.
 */
export function watchForStall({ arena, counter, workers, threads }: Watched, limitMs: number, end: (threadIds: ReadonlySet<number>) => void): () => void {
  const look = () => [Atomics.load(arena.integers(counter, 1), 0), ...arena.integers(workers, threads)];
  let last = look();
  let same = 0;
  const timer = setInterval(() => {
    const now = look();
    same = now.every((value, i) => value === last[i]) ? same + 1 : 0;
    last = now;
    const working = new Set(now.slice(1).filter((threadId) => threadId !== 0));
    if (same >= looks && working.size > 0) end(working);
  }, limitMs / looks);
  timer.unref();
  return () => { clearInterval(timer); };
}
