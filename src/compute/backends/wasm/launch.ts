import type { Arena } from '../../arena.ts';
import type { Values } from '../../jobs.ts';
import type { Kernel, KernelCache } from './kernel-cache.ts';

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
export interface Surroundings {
  readonly kernels: KernelCache;
  readonly arena: Arena;
  /** Makes of a view on the arena what the result may hold: the view itself, or a copy where the arena is soon used again. */
  readonly take: <View extends ResultView>(view: View) => View;
}

/** An array of a result, as it lies in an arena. */
export type ResultView = Values | Int32Array | Uint8Array;

export const asItLies: Surroundings['take'] = (view) => view;

/**
 * A job as a sequence of launches: it lays out its memory, yields what is to be run, and goes on when that is done. Whether it is
 * run in this thread or by the pool is up to who drives it.
 */
export type Program<R> = Generator<Launch, R, undefined>;
