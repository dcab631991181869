// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.

/** @typedef {(job: number, scratch: number, from: number, to: number) => void} RunKernel runs vectors [from, to) of the job whose block lies at `job` */

/** A launch of fewer groups of vectors is over before a comparison would pay. */
const fewestGroups = 8;
/** Blocks between one trial of the other way and the next: what lies above a kernel on the stack changes as V8 compiles the code that calls it. */
const shortestPause = 2;
const longestPause = 64;
/** A way is the better one from so much less time on. */
const better = 0.95;
/** So many times the usual are what another place on the stack would explain, if two blocks take them one after the other. */
const slow = 1.25;
/** How fast the usual time follows a machine that gets slower; by block. */
const growth = 1.05;
/** A kernel's arguments, and the same with one too many. */
const paddedArguments = [[0, 0, 0, 0], [0, 0, 0, 0, 0]];

/**
 * A kernel that is called in the faster of two ways: as it is, or with an argument too many, which moves its frame by eight bytes on the stack.
 * V8 aligns frames to no more than that, so that of the vectors kept there every fourth may lie across two lines of the cache, and one across
 * two pages: then a kernel takes up to three times as long. The way that is not used is tried in a block now and then, and at once when two
 * blocks were slow.
 */
export class SteadyKernel {
  #run;
  #padding = 0;
  /** What a vector's step takes in the way that is used, in milliseconds. */
  #usual = Infinity;
  #wasSlow = false;
  #pause = shortestPause;
  /** Blocks until the next trial. */
  #untilTrial = 1;

  /** @param {RunKernel} run */
  constructor(run) {
    this.#run = run;
  }

  /**
   * A launch at once.
   *
   * @param {number} job address of the job's block
   * @param {number} scratch
   * @param {number} vectors how many there are
   * @param {number} inFlight how many of them the kernel works on at a time
   * @param {number} steps how many each of them takes
   */
  launch(job, scratch, vectors, inFlight, steps) {
    const half = Math.floor(vectors / (2 * inFlight)) * inFlight;
    if (half < (fewestGroups / 2) * inFlight) {
      this.#run(job, scratch, 0, vectors);
    } else if (this.#untilTrial <= 1) {
      this.block(job, scratch, 0, half, steps);
      this.block(job, scratch, half, vectors, steps);
    } else {
      this.block(job, scratch, 0, vectors, steps);
    }
  }

  /**
   * Some of a launch's vectors.
   *
   * @param {number} job address of the job's block
   * @param {number} scratch
   * @param {number} from number of the first vector
   * @param {number} to of the first behind the block
   * @param {number} steps how many each of them takes
   */
  block(job, scratch, from, to, steps) {
    const isTrial = this.#untilTrial-- === 0;
    const args = /** @type {number[]} */ (paddedArguments[isTrial ? 1 - this.#padding : this.#padding]);
    args[0] = job;
    args[1] = scratch;
    args[2] = from;
    args[3] = to;
    const start = performance.now();
    // One call for all, and one that V8 leaves as it is: from elsewhere, or inlined, a kernel would lie elsewhere on the stack.
    Reflect.apply(this.#run, undefined, args);
    const time = (performance.now() - start) / ((to - from) * steps);
    if (isTrial) this.#judge(time);
    else this.#note(time);
  }

  /**
   * Takes the other way if it was faster.
   *
   * @param {number} time of a vector's step in it
   */
  #judge(time) {
    if (time < better * this.#usual) {
      this.#padding = 1 - this.#padding;
      this.#usual = time;
      this.#pause = shortestPause;
    } else {
      this.#pause = Math.min(longestPause, 2 * this.#pause);
    }
    this.#untilTrial = this.#pause;
  }

  /**
   * Notes how fast the way that is used was. One slow block says nothing: another thread may have had the processor.
   *
   * @param {number} time of a vector's step
   */
  #note(time) {
    const isSlow = time > slow * this.#usual;
    if (isSlow && this.#wasSlow) {
      this.#usual = time;
      this.#pause = shortestPause;
      this.#untilTrial = 0;
    } else if (!isSlow) {
      this.#usual = Math.min(time, growth * this.#usual);
    }
    this.#wasSlow = isSlow && !this.#wasSlow;
  }
}
