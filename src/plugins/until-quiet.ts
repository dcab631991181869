import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';

/** A process that is never quiet is waited for no longer. */
const maxWaitMs = 5000;
/**
 * What happens between a tick's look at its sockets and the tick's end goes unseen, so the tick must be short: this long, or in a process that is always
 * busy a hundredth of the time that was waited.
 */
const shortTickMs = 0.1;

/**
 * Resolves at the end of a short tick in which nothing happened, or after five seconds. Node accepts one connection a tick: where none has come in one,
 * none waits.
 *
 * @param hasHappened whether something has happened since the last call.
 */
export async function untilQuiet(hasHappened: () => boolean): Promise<void> {
  const from = performance.now();
  for (let waitedMs = 0; waitedMs < maxWaitMs; waitedMs = performance.now() - from) {
    // The system interrupts a process least when it has just slept.
    await sleep(1);
    hasHappened();
    const tickFrom = performance.now();
    await nextTick();
    if (!hasHappened() && performance.now() - tickFrom < Math.max(shortTickMs, waitedMs / 100)) return;
  }
}
