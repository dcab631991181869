// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { workerData } from 'node:worker_threads';

/** @type {(() => void) | undefined} */
let gc;

/**
 * Collects this thread's garbage. An idle thread never does by itself, and so keeps shared memory alive, which is freed when the last thread has
 * collected its reference.
 */
export function collectGarbage() {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = /** @type {() => void} */ (runInNewContext('gc'));
  }
  gc();
}

/** In a pool's threads: the counter `drops` of the arena pool. */
const drops = /** @type {Int32Array | undefined} */ (workerData?.drops);
let seenDrops = 0;

/** Collects this thread's garbage if arenas were dropped since it last did. Called after each task. */
export function collectDropped() {
  if (drops === undefined) return;
  const count = Atomics.load(drops, 0);
  if (count === seenDrops) return;
  seenDrops = count;
  collectGarbage();
}
