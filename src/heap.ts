import { setFlagsFromString } from 'node:v8';

/** By how many percent of what was alive after a collection of the whole heap it may grow until the next. */
const growthPercent = 300;

/**
 * Keeps V8 from collecting the whole heap again and again while large bodies arrive. Node gives each 64 kB of a body memory of their own, which V8
 * counts to the heap: 32 MB of it before it looks for what is left of the young, as much as all the rest that is alive. With its own limit it
 * then marks everything every eighth body of 4 MB, on the other threads too, and jobs wait up to 20 ms for a processor.
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent}`);
}
