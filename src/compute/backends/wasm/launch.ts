import type { Arena } from '../../engine/arena.ts';
import type { Dtype, Values } from '../../jobs.ts';
import type { Kernel, KernelCache, KernelRequest } from './kernel-cache.ts';
import type { pause } from './sliced-loops.ts';

/** One run of a kernel over all vectors of a job. */
export interface Launch {
  readonly kernel: Kernel;
  /** Address of the job's block. */
  readonly job: number;
  readonly vectors: number;
  /** Scratch that each thread needs for itself. */
  readonly scratchBytes: number;
  /** Writes what the kernel changes as it reads it; called before each run of the launch, since one may have to be run again. */
  readonly prepare?: () => void;
}

/** Where a job finds its kernels and its memory. */
export interface KernelContext {
  readonly kernels: KernelCache;
  readonly arena: Arena;
  /** Gives what a result may hold of a part of the arena: the arena's own views, or those of a copy where it is soon used again. */
  readonly readBack: (arena: Arena, from: number, to: number) => Kept;
}

/** Arrays of a part of an arena, by their addresses in it. */
export interface Kept {
  numbers(dtype: Dtype, address: number, length: number): Values;
  integers(address: number, length: number): Int32Array;
  bytes(address: number, length: number): Uint8Array;
}

export const viewResults: KernelContext['readBack'] = (arena) => arena;

/**
 * A job as a sequence of steps: it lays out its memory, yields kernels that have yet to be compiled and launches that are to be run, and goes on
 * when that is done, with the kernel. Whether it runs in this thread or in the pool is up to who drives it, as is whether others have their turn
 * where it pauses.
 */
export type LaunchPlan<R> = Generator<KernelRequest | Launch | typeof pause, R, Kernel | undefined>;

export function isKernelRequest(step: KernelRequest | Launch): step is KernelRequest {
  return 'print' in step;
}
