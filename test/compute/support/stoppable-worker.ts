import { threadId } from 'node:worker_threads';
import { TaskControl, type Stoppable } from '../../../src/compute/engine/thread-pool.ts';

/** A task that counts in memory that others see, until it is stopped; a deaf one does not look whether it is. */
export interface CountingTask {
  readonly counter: SharedArrayBuffer;
  readonly kind: 'once' | 'obedient' | 'deaf';
}

/** @param task null for nothing. */
export default function work(task: (CountingTask & Stoppable) | null): string | undefined {
  if (task === null) return undefined;
  const control = new TaskControl(task.control);
  control.begin(threadId);
  const counter = new Int32Array(task.counter);
  do {
    Atomics.add(counter, 0, 1);
    if (task.kind === 'obedient') control.checkpoint();
  } while (task.kind !== 'once');
  return 'done';
}
