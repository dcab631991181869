// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.

/**
 * @typedef {object} PostedLaunch
 * @property {number} instance number of the kernel over its memory, as the threads know it
 * @property {number} job address of the job's block
 * @property {number} scratch address of the first seat's scratch; the others' lie behind it
 * @property {number} scratchBytes of each seat
 * @property {number} seats how many threads may work on it
 * @property {number} vectors how many there are
 * @property {number} block how many to take at a time
 */

/** Launches at a time: some have their memory prepared while another runs, and a thread may be late to leave one that is over. */
const places = 4;

/** A place's words; behind them one for each thread: its number while it works there, else 0. */
const word = {
  order: 0,
  next: 1,
  instance: 2,
  job: 3,
  scratch: 4,
  scratchBytes: 5,
  seats: 6,
  taken: 7,
  vectors: 8,
  block: 9,
  departures: 10,
  present: 11,
};

/**
 * What the pool's threads have to do, in memory that all of them see. A launch that is posted wakes the threads; each takes blocks of the oldest
 * that has any left, and the last to leave one that is done wakes whoever waits for it. A thread that comes late is not waited for.
 */
export class LaunchBoard {
  #words;
  #threads;
  #posted = 0;

  /**
   * @param {number} threads
   * @param {SharedArrayBuffer} buffer another thread's board's; its own unless given
   */
  constructor(threads, buffer = new SharedArrayBuffer(4 * (1 + places * (word.present + threads)))) {
    this.#words = new Int32Array(buffer);
    this.#threads = threads;
  }

  get buffer() {
    return /** @type {SharedArrayBuffer} */ (this.#words.buffer);
  }

  /** Changes whenever threads are woken. */
  get state() {
    return Atomics.load(this.#words, 0);
  }

  wake() {
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /**
   * Sleeps until the next waking.
   *
   * @param {number} state as it was before the board was looked at
   */
  sleep(state) {
    Atomics.wait(this.#words, 0, state);
  }

  /**
   * Posts a launch and wakes the threads.
   *
   * @param {PostedLaunch} launch
   * @returns its place, or -1 where none is free
   */
  post(launch) {
    for (let place = 0; place < places; place++) {
      if (this.#load(place, word.order) !== 0 || this.presentAt(place).length > 0) continue;
      this.#store(place, word.instance, launch.instance);
      this.#store(place, word.job, launch.job);
      this.#store(place, word.scratch, launch.scratch);
      this.#store(place, word.scratchBytes, launch.scratchBytes);
      this.#store(place, word.seats, launch.seats);
      this.#store(place, word.taken, 0);
      this.#store(place, word.vectors, launch.vectors);
      this.#store(place, word.block, launch.block);
      this.#store(place, word.next, 0);
      // From 1 on again after the largest that a word holds: 0 is a place that is free.
      this.#posted = (this.#posted % 0x7fffffff) + 1;
      this.#store(place, word.order, this.#posted);
      this.wake();
      return place;
    }
    return -1;
  }

  /**
   * Takes a launch off the board.
   *
   * @param {number} place
   */
  clear(place) {
    this.#store(place, word.order, 0);
  }

  /**
   * Leaves nothing of a launch to be begun.
   *
   * @param {number} place
   */
  stop(place) {
    this.#store(place, word.next, this.#load(place, word.vectors));
    this.#depart(place);
  }

  /**
   * The number of the next vector that nobody has taken.
   *
   * @param {number} place
   */
  next(place) {
    return this.#load(place, word.next);
  }

  /**
   * Numbers of the threads that work at a place.
   *
   * @param {number} place
   */
  presentAt(place) {
    const numbers = [];
    for (let index = 0; index < this.#threads; index++) {
      const number = this.#load(place, word.present + index);
      if (number !== 0) numbers.push(number);
    }
    return numbers;
  }

  /**
   * Whether all vectors have been taken, and no thread works on them any more.
   *
   * @param {number} place
   */
  isDone(place) {
    return this.#load(place, word.next) >= this.#load(place, word.vectors) && this.presentAt(place).length === 0;
  }

  /**
   * Resolves when a launch is done. Not at once when it is looked at: a thread may be lost meanwhile.
   *
   * @param {number} place
   */
  async done(place) {
    for (;;) {
      const departures = this.#load(place, word.departures);
      if (this.isDone(place)) return;
      const waiting = Atomics.waitAsync(this.#words, this.#at(place) + word.departures, departures);
      if (waiting.async) await waiting.value;
    }
  }

  /**
   * Says that a thread has ended.
   *
   * @param {number} index
   * @returns the places where it worked
   */
  removeWorker(index) {
    const struck = [];
    for (let place = 0; place < places; place++) {
      if (this.#load(place, word.present + index) === 0) continue;
      struck.push(place);
      this.#store(place, word.present + index, 0);
      this.#depart(place);
    }
    return struck;
  }

  /**
   * Takes a seat at the oldest launch that has vectors and seats left, and stays until it leaves.
   *
   * @param {number} index of the thread
   * @param {number} number of the thread, not 0
   * @returns the launch's place and the seat, or undefined where there is nothing to do
   */
  join(index, number) {
    for (;;) {
      const place = this.#oldest();
      if (place < 0) return undefined;
      const order = this.#load(place, word.order);
      this.#store(place, word.present + index, number);
      // What was posted may have been done in the meantime, and the place be another's; from here on it stays.
      if (order !== 0 && this.#load(place, word.order) === order) {
        const seat = this.#add(place, word.taken, 1);
        if (seat < this.#load(place, word.seats)) return { place, seat };
      }
      this.leave(place, index);
    }
  }

  /**
   * @param {number} place
   * @param {number} index of the thread
   */
  leave(place, index) {
    this.#store(place, word.present + index, 0);
    this.#depart(place);
  }

  /**
   * @param {number} place
   * @returns {PostedLaunch}
   */
  read(place) {
    return {
      instance: this.#load(place, word.instance) >>> 0,
      job: this.#load(place, word.job) >>> 0,
      scratch: this.#load(place, word.scratch) >>> 0,
      scratchBytes: this.#load(place, word.scratchBytes) >>> 0,
      seats: this.#load(place, word.seats),
      vectors: this.#load(place, word.vectors),
      block: this.#load(place, word.block),
    };
  }

  /**
   * Takes so many vectors.
   *
   * @param {number} place
   * @param {number} block
   * @returns the number of the first; at or beyond the last where none was left
   */
  take(place, block) {
    return this.#add(place, word.next, block);
  }

  /** @param {number} place */
  #depart(place) {
    this.#add(place, word.departures, 1);
    if (this.isDone(place)) Atomics.notify(this.#words, this.#at(place) + word.departures);
  }

  #oldest() {
    let oldest = -1;
    let first = Infinity;
    for (let place = 0; place < places; place++) {
      const order = this.#load(place, word.order);
      if (order === 0 || order >= first) continue;
      if (this.#load(place, word.next) >= this.#load(place, word.vectors) || this.#load(place, word.taken) >= this.#load(place, word.seats))
        continue;
      oldest = place;
      first = order;
    }
    return oldest;
  }

  /** @param {number} place */
  #at(place) {
    return 1 + place * (word.present + this.#threads);
  }

  /**
   * @param {number} place
   * @param {number} name
   * @param {number} value
   */
  #add(place, name, value) {
    return Atomics.add(this.#words, this.#at(place) + name, value);
  }

  /**
   * @param {number} place
   * @param {number} name
   */
  #load(place, name) {
    return Atomics.load(this.#words, this.#at(place) + name);
  }

  /**
   * @param {number} place
   * @param {number} name
   * @param {number} value
   */
  #store(place, name, value) {
    Atomics.store(this.#words, this.#at(place) + name, value);
  }
}
