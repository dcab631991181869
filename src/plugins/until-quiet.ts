import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';

/** What happens between a tick's look at its events and its end goes unseen, so that the tick has to be short. */
const shortTickMs = 0.1;
/** A process that is busy has no such ticks; what is short enough grows to this part of the time that was waited. */
const partOfWait = 1 / 100;
/** A process that is never quiet is waited for no longer. */
const maxWaitMs = 5000;

/**
 * Resolves at the end of a short tick in which nothing happened, or after five seconds. Node accepts one connection a tick: where none has come in one,
 * none waits.
 *
 * @param hasHappened whether something has happened since the last call.
 */
export async function untilQuiet(hasHappened: () => boolean): Promise<void> {
  const from = performance.now();
  for (let waitedMs = 0; waitedMs < maxWaitMs;) {
    // The system leaves the processor for longest to a process that has just slept.
    await sleep(1);
    for (let isBusy = true; isBusy && waitedMs < maxWaitMs;) {
      const tickFrom = performance.now();
      await nextTick();
      const now = performance.now();
      waitedMs = now - from;
      isBusy = hasHappened();
      if (!isBusy && now - tickFrom < Math.max(shortTickMs, waitedMs * partOfWait)) return;
    }
  }
}
