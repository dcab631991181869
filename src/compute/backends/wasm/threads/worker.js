// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.
import { getPriority, setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';

import { collectGarbage } from '../../../engine/collect-garbage.js';
import { LaunchQueue } from './launch-queue.js';

/** @typedef {{ instance: number, module: WebAssembly.Module, memory: WebAssembly.Memory }} KernelMessage a kernel over a memory, and its number in launches */
/** @typedef {{ evicted: readonly number[], collectsGarbage: boolean }} EvictMessage */
/** @typedef {(argumentBlock: number, scratch: number, from: number, to: number) => void} RunKernel runs vectors [from, to) */

// Computing threads yield to the one that answers, or under load every small request waits for them. Only Linux has priorities of threads;
// elsewhere this would be the process's.
if (process.platform === 'linux') setPriority(Math.min(getPriority() + 4, 19));

/** @type {Map<number, RunKernel>} */
const kernels = new Map();
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

function receive() {
  for (let received = receiveMessageOnPort(port); received !== undefined; received = receiveMessageOnPort(port)) {
    const message = /** @type {KernelMessage | EvictMessage} */ (received.message);
    if ('evicted' in message) {
      for (const instance of message.evicted) kernels.delete(instance);
      if (message.collectsGarbage) collectGarbage();
    } else {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory } });
      kernels.set(message.instance, /** @type {RunKernel} */ (exports['run']));
    }
  }
}

/**
 * Takes blocks of a launch until none is left.
 *
 * @param {import('./launch-queue.js').LaunchSlot} slot
 * @param {number} number of the worker among the launch's
 */
function work(slot, number) {
  const { instance, argumentBlock, scratch, scratchBytes, vectors, block } = slot.launch;
  if (!kernels.has(instance)) receive();
  const run = /** @type {RunKernel} */ (kernels.get(instance));
  for (let from = slot.take(block); from < vectors; from = slot.take(block)) {
    run(argumentBlock, scratch + number * scratchBytes, from, Math.min(from + block, vectors));
  }
}

const { workers, index, buffer } = /** @type {{ workers: number, index: number, buffer: SharedArrayBuffer }} */ (workerData);
const queue = new LaunchQueue(workers, buffer);

for (;;) {
  const wakes = queue.wakes;
  receive();
  for (let slot = queue.oldest; slot !== undefined; slot = queue.oldest) {
    const number = slot.join(index, threadId);
    if (number === undefined) continue;
    work(slot, number);
    slot.leave(index);
  }
  queue.sleep(wakes);
}
