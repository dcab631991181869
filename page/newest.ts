/** After so long a request is given up for a newer one. */
const patienceMs = 250;

/**
 * Runs what is asked for, one at a time and the newest next: a slider that moves is answered as fast as answers come, and never with an
 * old one after a new one.
 *
 * @example
 * const draw = newest(async (signal) => show(await call(request(), signal)));
 * slider.addEventListener('input', draw);
 */
export function newest(run: (signal: AbortSignal) => Promise<void>): () => void {
  let running: AbortController | undefined;
  let begunAt = 0;
  let again = false;

  const start = (): void => {
    const controller = new AbortController();
    running = controller;
    begunAt = performance.now();
    again = false;
    void run(controller.signal).finally(() => {
      if (running !== controller) return;
      running = undefined;
      if (again) start();
    });
  };

  return () => {
    if (running === undefined) {
      start();
    } else if (performance.now() - begunAt > patienceMs) {
      running.abort();
      start();
    } else {
      again = true;
    }
  };
}
