import type { Arena } from '../../arena.ts';
import type { Kernel } from './kernel-cache.ts';
import { SteadyKernel, type RunKernel } from './steady-kernel.js';

const instances = new WeakMap<Arena, WeakMap<Kernel, SteadyKernel>>();

/** A kernel over an arena's memory, in this thread. */
export function instanceIn(arena: Arena, kernel: Kernel): SteadyKernel {
  let known = instances.get(arena);
  if (known === undefined) instances.set(arena, (known = new WeakMap()));
  let instance = known.get(kernel);
  if (instance === undefined) {
    const { exports } = new WebAssembly.Instance(kernel.module, { env: { memory: arena.memory } });
    instance = new SteadyKernel(exports.run as RunKernel);
    known.set(kernel, instance);
  }
  return instance;
}
