// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { getPriority, setPriority } from 'node:os';
import { threadId } from 'node:worker_threads';

// The thread that answers goes before those that compute, or under load every small request waits for them. Only Linux has priorities of threads;
// elsewhere this would be the process's.
if (process.platform === 'linux') setPriority(Math.min(getPriority() + 4, 19));

/**
 * @typedef {object} Task
 * @property {WebAssembly.Module} module
 * @property {WebAssembly.Memory} memory
 * @property {number} job address of the job's block
 * @property {number} scratch address of this thread's scratch
 * @property {number} counter address of the number of the next vector that nobody has taken
 * @property {number} at address where the thread leaves its number while it works on the task
 * @property {number} vectors how many there are
 * @property {number} block how many to take at a time
 */

/**
 * Takes blocks of vectors until none is left.
 *
 * @param {Task | null} task null for nothing
 */
export default function work(task) {
  if (task === null) return;
  const { module, memory, job, scratch, counter, at, vectors, block } = task;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const run = /** @type {(job: number, scratch: number, from: number, to: number) => void} */ (instance.exports['run']);
  const next = new Int32Array(memory.buffer, counter, 1);
  const worker = new Int32Array(memory.buffer, at, 1);
  Atomics.store(worker, 0, threadId);
  for (let from = Atomics.add(next, 0, block); from < vectors; from = Atomics.add(next, 0, block)) {
    run(job, scratch, from, Math.min(from + block, vectors));
  }
  Atomics.store(worker, 0, 0);
}
