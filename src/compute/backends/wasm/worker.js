// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.

/**
 * @typedef {object} Task
 * @property {WebAssembly.Module} module
 * @property {WebAssembly.Memory} memory
 * @property {number} job address of the job's block
 * @property {number} scratch address of this thread's scratch
 * @property {number} counter address of the number of the next vector that nobody has taken
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
  const { module, memory, job, scratch, counter, vectors, block } = task;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const run = /** @type {(job: number, scratch: number, from: number, to: number) => void} */ (instance.exports['run']);
  const next = new Int32Array(memory.buffer, counter, 1);
  for (;;) {
    const from = Atomics.add(next, 0, block);
    if (from >= vectors) return;
    run(job, scratch, from, Math.min(from + block, vectors));
  }
}
