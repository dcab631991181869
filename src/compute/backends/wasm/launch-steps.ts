import type { Arena } from '../../engine/arena.ts';
import type { Values } from '../../numbers.ts';
import type { Dtype } from '../../jobs.ts';
import type { pause } from '../../loops.ts';
import type { Kernel, KernelCache, KernelRequest } from './kernel-cache.ts';

/** One run of a kernel over all vectors of a job. */
export interface Launch {
  readonly kernel: Kernel;
  /** Address of the argument block. */
  readonly argumentBlock: number;
  readonly vectors: number;
  /** Scratch of each thread, in bytes. */
  readonly scratchBytes: number;
  /** Writes the memory that the kernel both reads and changes; called before each run of the launch, which may have to be repeated. */
  readonly prepare?: () => void;
}

/**
 * A job as a sequence of steps: it lays out its memory, yields kernels that have yet to be compiled and launches that are to be run,
 * and is resumed when that is done, with the kernel. Its driver decides whether it runs in this thread or in the pool, and whether it
 * waits at pauses.
 */
export type LaunchSteps<R> = Generator<KernelRequest | Launch | typeof pause, R, Kernel | undefined>;

export function isKernelRequest(step: KernelRequest | Launch): step is KernelRequest {
  return 'print' in step;
}

/** Where a job finds its kernels and its memory. */
export interface KernelContext {
  readonly kernels: KernelCache;
  readonly arena: Arena;
  /** Gives the results in [from, to) of the arena: as views on it, or on a copy where the arena is soon used again. */
  readonly readBack: (arena: Arena, from: number, to: number) => Results;
}

/** Arrays in a part of an arena, by their addresses in it. */
export interface Results {
  numbers(dtype: Dtype, address: number, length: number): Values;
  integers(address: number, length: number): Int32Array;
  bytes(address: number, length: number): Uint8Array;
}

export const viewResults: KernelContext['readBack'] = (arena) => arena;

export const copyResults: KernelContext['readBack'] = (arena, from, to) => {
  // Small copies share Node's pool, in which each begins at a multiple of 8.
  const { buffer, byteOffset } = Buffer.allocUnsafe(to - from);
  const shift = byteOffset - from;
  new Uint8Array(buffer, byteOffset, to - from).set(arena.bytes(from, to - from));
  return {
    numbers: (dtype, address, length) =>
      dtype === 'float32' ? new Float32Array(buffer, address + shift, length) : new Float64Array(buffer, address + shift, length),
    integers: (address, length) => new Int32Array(buffer, address + shift, length),
    bytes: (address, length) => new Uint8Array(buffer, address + shift, length),
  };
};
