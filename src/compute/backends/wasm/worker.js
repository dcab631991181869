// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { getPriority, setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';

import { collectGarbage } from '../../engine/collect-garbage.js';
import { LaunchBoard } from './launch-board.js';

// The thread that answers goes before those that compute, or under load every small request waits for them. Only Linux has priorities of threads;
// elsewhere this would be the process's.
if (process.platform === 'linux') setPriority(Math.min(getPriority() + 4, 19));

/** @typedef {{ instance: number, module: WebAssembly.Module, memory: WebAssembly.Memory }} Lesson a kernel over a memory, and the number that launches know it by */

/** @typedef {(job: number, scratch: number, from: number, to: number) => void} RunKernel runs vectors [from, to) of the job whose block lies at `job` */

/** @type {Map<number, RunKernel>} */
const kernels = new Map();

/** Reads what has been sent to this thread: kernels, and numbers of those that it may forget. */
function learn() {
  for (let received = read(); received !== undefined; received = read()) {
    const message = /** @type {Lesson | { forget: readonly number[], areDropped: boolean }} */ (received.message);
    if ('forget' in message) {
      for (const instance of message.forget) kernels.delete(instance);
      if (message.areDropped) collectGarbage();
    } else {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory } });
      kernels.set(message.instance, /** @type {RunKernel} */ (exports['run']));
    }
  }
}

function read() {
  return receiveMessageOnPort(/** @type {import('node:worker_threads').MessagePort} */ (parentPort));
}

const { threads, index, buffer } = /** @type {{ threads: number, index: number, buffer: SharedArrayBuffer }} */ (workerData);
const board = new LaunchBoard(threads, buffer);

for (;;) {
  const state = board.state;
  learn();
  for (let at = board.join(index, threadId); at !== undefined; at = board.join(index, threadId)) {
    work(at.place, at.seat);
    board.leave(at.place, index);
  }
  board.sleep(state);
}

/**
 * Takes blocks of vectors until none is left.
 *
 * @param {number} place
 * @param {number} seat
 */
function work(place, seat) {
  const { instance, job, scratch, scratchBytes, vectors, block } = board.read(place);
  if (!kernels.has(instance)) learn();
  const run = /** @type {RunKernel} */ (kernels.get(instance));
  for (let from = board.take(place, block); from < vectors; from = board.take(place, block)) {
    run(job, scratch + seat * scratchBytes, from, Math.min(from + block, vectors));
  }
}
