// Measures in a server how long its event loop is kept: `node --import ./load/loop-watch.js dist/server.js`, asked over the channel to its parent.
import { openSync, readSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const everyMs = 2;

/** How long this thread could have run but others had the processor, in milliseconds; 0 where the system does not say. */
function waitedFrom() {
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r');
    const bytes = Buffer.alloc(64);
    return () => Number(bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0)).split(' ')[1]) / 1e6;
  } catch {
    return () => 0;
  }
}

if (isMainThread && process.send !== undefined) {
  const waited = waitedFrom();
  let maxMs = 0;
  let last = performance.now();
  let lastWaited = waited();
  const look = () => {
    const [now, nowWaited] = [performance.now(), waited()];
    // What other processes took of the processor is not the loop's.
    maxMs = Math.max(maxMs, now - last - everyMs - (nowWaited - lastWaited));
    [last, lastWaited] = [now, nowWaited];
  };
  setInterval(look, everyMs).unref();
  process.on('message', () => {
    look();
    process.send?.({ maxMs });
    maxMs = 0;
  });
  process.channel?.unref();
}
