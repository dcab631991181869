const everyMs = 3000;
/** Of questions in a row; one alone may be missed when the whole machine stood still. */
const maxUnanswered = 5;
/** A process that starts compiles its kernels, and shares the processors with others that do so too. */
const maxUnansweredAtStart = 20;

/**
 * Tells when a process does not answer any more: its event loop hangs, since nothing that it does takes that long of it.
 *
 * @param ask resolves when the process has answered.
 * @param isStarting whether it has not been ready yet.
 * @returns a function that ends the watch.
 */
export function watchForHang(ask: () => Promise<void>, isStarting: () => boolean, onHang: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered === (isStarting() ? maxUnansweredAtStart : maxUnanswered)) onHang();
    unanswered++;
    void ask().then(() => {
      unanswered = 0;
    });
  }, everyMs);
  return () => {
    clearInterval(timer);
  };
}
