import type { LoopRunner } from '../../engine/arena.ts';
import { sliceLength } from '../../generated-numbers.ts';

/** Says that others may have their turn before a program goes on. */
export const pause = Symbol('pause');

type Body = (from: number, to: number) => void;

/** Loops over a job's numbers: short ones run when they are added, others in slices with pauses between them. */
export class SlicedLoops implements LoopRunner {
  #waiting: { readonly length: number; readonly body: Body }[] = [];

  add(length: number, body: Body): void {
    if (length <= sliceLength) body(0, length);
    else this.#waiting.push({ length, body });
  }

  get areWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Runs the loops that wait, in the order in which they were added. */
  *run(): Generator<typeof pause, void, unknown> {
    const loops = this.#waiting;
    this.#waiting = [];
    for (const { length, body } of loops) {
      for (let from = 0; from < length; from += sliceLength) {
        body(from, Math.min(from + sliceLength, length));
        yield pause;
      }
    }
  }
}
