// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

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

/** Memory that tasks have shown to this thread since it last collected them, in bytes. */
let seenBytes = 0;
const maxSeenBytes = 256 * 2 ** 20;

/**
 * To be called with the memory of each task that comes: once there was much of it, that of tasks before is let go.
 *
 * @param {WebAssembly.Memory} memory
 */
export function collectSeen(memory) {
  if (seenBytes > maxSeenBytes) {
    collectGarbage();
    seenBytes = 0;
  }
  seenBytes += memory.buffer.byteLength;
}
