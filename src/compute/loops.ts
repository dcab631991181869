/** Numbers that a loop generates or reads in a few milliseconds: longer loops yield to other requests after each slice. */
export const sliceLength = 2 ** 17;

/** Runs a body over [0, length), perhaps later and in slices: of that many numbers, where one is given. */
export interface Loops {
  add(length: number, body: (from: number, to: number) => void, slice?: number): void;
}

/** Runs each loop as it is added, as a whole. */
export const atOnce: Loops = {
  add: (length, body) => {
    body(0, length);
  },
};

/** Says that other tasks may run before the work goes on. */
export const pause = Symbol('pause');

type Body = (from: number, to: number) => void;

/** Loops over a job's numbers, in the order in which they are added: short ones run at once unless one waits, others in slices with pauses between them. */
export class SlicedLoops implements Loops {
  #waiting: { readonly length: number; readonly body: Body; readonly slice: number }[] = [];

  /** @param slice how many numbers the body computes without a pause. */
  add(length: number, body: Body, slice = sliceLength): void {
    if (length <= slice && this.#waiting.length === 0) body(0, length);
    else this.#waiting.push({ length, body, slice });
  }

  /** Runs the loops that wait, of which most jobs have none. */
  run(): Iterable<typeof pause> {
    return this.#waiting.length === 0 ? [] : this.#runWaiting();
  }

  *#runWaiting(): Generator<typeof pause, void, unknown> {
    const loops = this.#waiting;
    this.#waiting = [];
    for (const { length, body, slice } of loops) {
      for (let from = 0; from < length; from += slice) {
        body(from, Math.min(from + slice, length));
        yield pause;
      }
    }
  }
}
