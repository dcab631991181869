// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { getPriority, setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';

import { LaunchBoard } from './launch-board.js';

// The thread that answers goes before those that compute, or under load every small request waits for them. Only Linux has priorities of threads;
// elsewhere this would be the process's.
if (process.platform === 'linux') setPriority(Math.min(getPriority() + 4, 19));

/** @typedef {(job: number, scratch: number, from: number, to: number) => void} RunKernel */
/** @typedef {{ run: RunKernel, padding: 0 | 1, launches: number }} Known a kernel, the padding with which it is faster, and launches since it was compared */
/** @typedef {{ instance: number, module: WebAssembly.Module, memory: WebAssembly.Memory }} Lesson a kernel over a memory, and the number that launches know it by */

/** @type {Map<number, Known>} */
const kernels = new Map();

/** Reads what has been sent to this thread: kernels, and numbers of those that it may forget. */
function learn() {
  for (let received = read(); received !== undefined; received = read()) {
    const message = /** @type {Lesson | { forget: readonly number[] }} */ (received.message);
    if ('forget' in message) {
      for (const instance of message.forget) kernels.delete(instance);
    } else {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory } });
      kernels.set(message.instance, { run: /** @type {RunKernel} */ (exports['run']), padding: 0, launches: 0 });
    }
  }
}

function read() {
  return receiveMessageOnPort(/** @type {import('node:worker_threads').MessagePort} */ (parentPort));
}

/** The paddings are compared with every so many launches of a kernel: what lies above it on the stack changes as V8 compiles the code here. */
const launchesBetween = 16;
/** A kernel's arguments, and the same with one too many. */
const paddedArguments = [[0, 0, 0, 0], [0, 0, 0, 0, 0]];

const { threads, index, buffer } = /** @type {{ threads: number, index: number, buffer: SharedArrayBuffer }} */ (workerData);
const board = new LaunchBoard(threads, buffer);

for (;;) {
  const state = board.state;
  learn();
  for (let at = board.come(index, threadId); at !== undefined; at = board.come(index, threadId)) {
    work(at.place, at.seat);
    board.leave(at.place, index);
  }
  board.sleep(state);
}

/**
 * Takes blocks of vectors until none is left.
 *
 * An argument too many moves a kernel's frame by eight bytes on the stack. V8 aligns frames to no more than that, so that of the vectors kept
 * there every fourth may lie across two lines of the cache, and one across two pages: then a kernel takes up to three times as long.
 *
 * @param {number} place
 * @param {number} seat
 */
function work(place, seat) {
  const { instance, job, scratch, scratchBytes, vectors, block } = board.read(place);
  if (!kernels.has(instance)) learn();
  const kernel = /** @type {Known} */ (kernels.get(instance));
  const compares = kernel.launches++ % launchesBetween === 0;
  const timed = [Infinity, Infinity];
  for (let from = board.take(place, block), taken = 0; from < vectors; from = board.take(place, block), taken++) {
    const to = Math.min(from + block, vectors);
    const padding = compares && taken < 2 ? taken : kernel.padding;
    const args = /** @type {number[]} */ (paddedArguments[padding]);
    args[0] = job;
    args[1] = scratch + seat * scratchBytes;
    args[2] = from;
    args[3] = to;
    const start = performance.now();
    // A call that V8 leaves as it is: in one that it inlines nothing moves.
    Reflect.apply(kernel.run, undefined, args);
    if (!compares || taken > 1) continue;
    timed[taken] = (performance.now() - start) / (to - from);
    if (taken === 1) kernel.padding = /** @type {number} */ (timed[1]) < /** @type {number} */ (timed[0]) ? 1 : 0;
  }
}
