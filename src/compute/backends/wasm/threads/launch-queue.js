// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.

/**
 * @typedef {object} QueuedLaunch
 * @property {number} instance the workers' number of the kernel over its memory
 * @property {number} argumentBlock its address
 * @property {number} scratch address of the first worker's scratch; the others' follow
 * @property {number} scratchBytes of each worker
 * @property {number} workers how many may work on it
 * @property {number} vectors
 * @property {number} block how many vectors a worker takes at a time
 */

/** Launches at a time: some have their memory prepared while another runs, and a worker may be late to leave one that is over. */
const slotCount = 4;

/** A slot's words. `present` is the first of one for each worker: its thread id while it works there, else 0. */
const word = {
  order: 0,
  next: 1,
  joined: 2,
  departures: 3,
  instance: 4,
  argumentBlock: 5,
  scratch: 6,
  scratchBytes: 7,
  workers: 8,
  vectors: 9,
  block: 10,
  present: 11,
};

/** One launch in memory that all threads see: workers take blocks of its vectors from a counter until none is left. */
export class LaunchSlot {
  #words;

  /** @param {Int32Array} words */
  constructor(words) {
    this.#words = words;
  }

  /** Rank among the launches; 0 where the slot is free. */
  get order() {
    return this.#load(word.order);
  }

  /** Number of the first vector that no worker has taken. */
  get next() {
    return this.#load(word.next);
  }

  /** Thread ids of the workers that are at it. */
  get present() {
    const ids = [];
    for (let i = word.present; i < this.#words.length; i++) ids.push(this.#load(i));
    return ids.filter((id) => id !== 0);
  }

  /** Whether it has vectors that are not taken, and room for a worker. */
  get isOpen() {
    return this.order !== 0 && this.next < this.#load(word.vectors) && this.#load(word.joined) < this.#load(word.workers);
  }

  get isDone() {
    return this.next >= this.#load(word.vectors) && this.present.length === 0;
  }

  /** @returns {QueuedLaunch} */
  get launch() {
    return {
      instance: this.#load(word.instance) >>> 0,
      argumentBlock: this.#load(word.argumentBlock) >>> 0,
      scratch: this.#load(word.scratch) >>> 0,
      scratchBytes: this.#load(word.scratchBytes) >>> 0,
      workers: this.#load(word.workers),
      vectors: this.#load(word.vectors),
      block: this.#load(word.block),
    };
  }

  /** @param {QueuedLaunch} launch @param {number} order not 0 */
  fill(launch, order) {
    for (const [name, value] of Object.entries(launch)) Atomics.store(this.#words, word[/** @type {keyof QueuedLaunch} */ (name)], value);
    Atomics.store(this.#words, word.joined, 0);
    Atomics.store(this.#words, word.next, 0);
    Atomics.store(this.#words, word.order, order);
  }

  /** Removes the launch from the queue. */
  clear() {
    Atomics.store(this.#words, word.order, 0);
  }

  /** Leaves no vector to be taken. */
  stop() {
    Atomics.store(this.#words, word.next, this.#load(word.vectors));
    this.#depart();
  }

  /** Resolves when the launch is done. Looks again each time a worker leaves, since a thread may be lost meanwhile. */
  async done() {
    for (;;) {
      const departures = this.#load(word.departures);
      if (this.isDone) return;
      const waiting = Atomics.waitAsync(this.#words, word.departures, departures);
      if (waiting.async) await waiting.value;
    }
  }

  /**
   * Has a worker join the launch, unless that is over by now or has enough workers.
   *
   * @param {number} index of the worker
   * @param {number} threadId not 0
   * @returns {number | undefined} which of the launch's workers it is, until it leaves
   */
  join(index, threadId) {
    const order = this.order;
    Atomics.store(this.#words, word.present + index, threadId);
    // Only once the worker is present does the slot stay with its launch.
    if (order !== 0 && this.order === order) {
      const number = Atomics.add(this.#words, word.joined, 1);
      if (number < this.#load(word.workers)) return number;
    }
    this.leave(index);
    return undefined;
  }

  /** @param {number} index of the worker @returns whether it was there */
  leave(index) {
    const wasPresent = Atomics.exchange(this.#words, word.present + index, 0) !== 0;
    if (wasPresent) this.#depart();
    return wasPresent;
  }

  /** @param {number} block @returns number of the first of the vectors taken; not below their number where none was left */
  take(block) {
    return Atomics.add(this.#words, word.next, block);
  }

  #depart() {
    Atomics.add(this.#words, word.departures, 1);
    if (this.isDone) Atomics.notify(this.#words, word.departures);
  }

  /** @param {number} index */
  #load(index) {
    return Atomics.load(this.#words, index);
  }
}

/** The launches that a pool's workers have to do, in shared memory: a new one wakes them, and the last to leave it wakes whoever waits for it. */
export class LaunchQueue {
  #wakes;
  #slots;
  #launches = 0;

  /**
   * @param {number} workers
   * @param {SharedArrayBuffer} buffer another thread's queue's; its own unless given
   */
  constructor(workers, buffer = new SharedArrayBuffer(4 * (1 + slotCount * (word.present + workers)))) {
    this.buffer = buffer;
    this.#wakes = new Int32Array(buffer, 0, 1);
    const slotWords = word.present + workers;
    this.#slots = Array.from({ length: slotCount }, (_, i) => new LaunchSlot(new Int32Array(buffer, 4 * (1 + i * slotWords), slotWords)));
  }

  /** Changes whenever workers are woken. */
  get wakes() {
    return Atomics.load(this.#wakes, 0);
  }

  wake() {
    Atomics.add(this.#wakes, 0, 1);
    Atomics.notify(this.#wakes, 0);
  }

  /** Sleeps until workers are woken. @param {number} wakes as they were before the worker looked for work */
  sleep(wakes) {
    Atomics.wait(this.#wakes, 0, wakes);
  }

  /** @param {QueuedLaunch} launch @returns its slot, or undefined where none is free */
  push(launch) {
    const slot = this.#slots.find(({ order, present }) => order === 0 && present.length === 0);
    if (slot === undefined) return undefined;
    // Starts from 1 again after the largest int32: 0 is a free slot.
    this.#launches = (this.#launches % 0x7fffffff) + 1;
    slot.fill(launch, this.#launches);
    this.wake();
    return slot;
  }

  /** The oldest launch that a worker can join. */
  get oldest() {
    return this.#slots.filter(({ isOpen }) => isOpen).sort((a, b) => a.order - b.order)[0];
  }

  /** Says that a worker has ended. @param {number} index @returns the slots where it was at work */
  removeWorker(index) {
    return this.#slots.filter((slot) => slot.leave(index));
  }
}
