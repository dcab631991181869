// @ts-check
// Plain JavaScript, so that a worker thread loads the same file from src and from dist.

/** @typedef {(job: number, scratch: number, from: number, to: number) => void} RunKernel runs vectors [from, to) of the job whose block lies at `job` */

/** Ways to call are compared in every so many launches: what lies above a kernel on the stack changes as V8 compiles the code that calls it. */
const launchesBetween = 16;
/** A launch of fewer groups of vectors is over before a comparison would pay. */
const fewestGroups = 8;
/** A kernel's arguments, and the same with one too many. */
const paddedArguments = [[0, 0, 0, 0], [0, 0, 0, 0, 0]];

/**
 * A kernel that is called in the faster of two ways: as it is, or with an argument too many, which moves its frame by eight bytes on the stack.
 * V8 aligns frames to no more than that, so that of the vectors kept there every fourth may lie across two lines of the cache, and one across
 * two pages: then a kernel takes up to three times as long.
 */
export class SteadyKernel {
  #run;
  #padding = 0;
  #launches = 0;
  /** Blocks of this launch that were timed; 2 where none is. */
  #timed = 2;
  #times = [0, 0];

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
   */
  launch(job, scratch, vectors, inFlight) {
    const half = Math.floor(vectors / (2 * inFlight)) * inFlight;
    if (half < (fewestGroups / 2) * inFlight) {
      this.#run(job, scratch, 0, vectors);
    } else if (this.begin()) {
      this.block(job, scratch, 0, half);
      this.block(job, scratch, half, vectors);
    } else {
      this.block(job, scratch, 0, vectors);
    }
  }

  /** Begins a launch in blocks, and says whether the first two of them are compared. */
  begin() {
    this.#timed = this.#launches++ % launchesBetween === 0 ? 0 : 2;
    return this.#timed === 0;
  }

  /**
   * A block of a launch that was begun.
   *
   * @param {number} job address of the job's block
   * @param {number} scratch
   * @param {number} from number of the first vector
   * @param {number} to of the first behind the block
   */
  block(job, scratch, from, to) {
    const timed = this.#timed;
    const args = /** @type {number[]} */ (paddedArguments[timed === 2 ? this.#padding : timed]);
    args[0] = job;
    args[1] = scratch;
    args[2] = from;
    args[3] = to;
    const start = performance.now();
    // One call for all, and one that V8 leaves as it is: from elsewhere, or inlined, a kernel would lie elsewhere on the stack.
    Reflect.apply(this.#run, undefined, args);
    if (timed === 2) return;
    this.#times[timed] = (performance.now() - start) / (to - from);
    this.#timed = timed + 1;
    if (this.#timed === 2) this.#padding = /** @type {number} */ (this.#times[1]) < /** @type {number} */ (this.#times[0]) ? 1 : 0;
  }
}
