const everyMs = 3000;
/** Of questions in a row; one alone may be missed when the whole machine stood still. */
const mostUnanswered = 5;

/**
 * Tells when a process does not answer any more: its event loop hangs, since nothing that it does takes that long of it.
 *
 * @param ask resolves when the process has answered.
 * @returns a function that ends the watch.
 */
export function watchForHang(ask: () => Promise<void>, onHang: () => void): () => void {
  let unanswered = 0;
  const timer = setInterval(() => {
    if (unanswered === mostUnanswered) onHang();
    unanswered++;
    void ask().then(() => { unanswered = 0; });
  }, everyMs);
  return () => { clearInterval(timer); };
}
