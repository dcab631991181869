const intervalMs = 3000;
/** Pings in a row; a single one may be missed when the whole machine stands still. */
const maxUnanswered = 5;
/** A worker that starts compiles its kernels, and shares the processors with others that do so too. */
const maxUnansweredAtStart = 20;

/**
 * Pings a worker to find out when its event loop hangs.
 *
 * @param ping resolves when the worker has replied.
 * @param isStarting whether the worker has not been ready yet.
 * @returns a function that stops the watchdog.
 */
export function startWatchdog(ping: () => Promise<void>, isStarting: () => boolean, onHang: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered === (isStarting() ? maxUnansweredAtStart : maxUnanswered)) onHang();
    unanswered++;
    void ping().then(() => {
      unanswered = 0;
    });
  }, intervalMs);
  return () => {
    clearInterval(timer);
  };
}
