import type { Arena } from '../../arena.ts';
import type { Kernel, RunKernel } from './kernel-cache.ts';

const instances = new WeakMap<Arena, WeakMap<Kernel, RunKernel>>();

/** A kernel as a function over an arena's memory, in this thread. */
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
