// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { workerData } from 'node:worker_threads';

/** @type {(() => void) | undefined} */
let gc;

/**
 * Collects this thread's garbage. A thread without anything to do never does, and keeps what hangs on it: memory that is shared between threads
 * is free when the last of them has collected it.
 */
export function collectGarbage() {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = /** @type {() => void} */ (runInNewContext('gc'));
  }
  gc();
}

/** How often arenas were dropped, in a pool's threads: the store's `drops`. */
const drops = /** @type {Int32Array | undefined} */ (workerData?.drops);
let seenDrops = 0;

/** Collects this thread's garbage where arenas were dropped since it last did: it may hold the memory of some. To be called after each task. */
export function collectDropped() {
  if (drops === undefined) return;
  const count = Atomics.load(drops, 0);
  if (count === seenDrops) return;
  seenDrops = count;
  collectGarbage();
}
