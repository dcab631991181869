import type { Arena } from '../../engine/arena.ts';
import type { Kernel } from './kernel-cache.ts';

/** Runs vectors [from, to) of the job whose block lies at `job`. */
export type RunKernel = (job: number, scratch: number, from: number, to: number) => void;

const instances = new WeakMap<Arena, WeakMap<Kernel, RunKernel>>();

/** A kernel over an arena's memory, in this thread. */
export function instanceIn(arena: Arena, kernel: Kernel): RunKernel {
  let known = instances.get(arena);
  if (known === undefined) instances.set(arena, (known = new WeakMap()));
  let run = known.get(kernel);
  if (run === undefined) {
    const { exports } = new WebAssembly.Instance(kernel.module, { env: { memory: arena.memory } });
    run = exports.run as RunKernel;
    known.set(kernel, run);
  }
  return run;
}
