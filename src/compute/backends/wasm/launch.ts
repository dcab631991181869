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

type ResultView = Values | Int32Array | Uint8Array;

/** Copies of so many bytes share buffers: one of its own costs a microsecond, and as much again to collect. V8 keeps shorter arrays beside its objects. */
const inSlab = { from: 65, to: 4096 };
const slabBytes = 64 * 1024;
let slab = new ArrayBuffer(slabBytes);
let slabTop = 0;

export const copyOf: Surroundings['take'] = <View extends ResultView>(view: View): View => {
  if (view.byteLength < inSlab.from || view.byteLength > inSlab.to) return view.slice() as View;
  if (slabTop + view.byteLength > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    slabTop = 0;
  }
  const copy = viewOf(view, slab, slabTop);
  copy.set(view);
  slabTop += Math.ceil(view.byteLength / 8) * 8;
  return copy;
};

/** A view as long as another and of its kind. */
function viewOf<View extends ResultView>({ constructor, length }: View, buffer: ArrayBuffer, offset: number): View {
  return new (constructor as new (buffer: ArrayBuffer, offset: number, length: number) => View)(buffer, offset, length);
}
export const asItLies: Surroundings['take'] = (view) => view;

/**
 * A job as a sequence of launches: it lays out its memory, yields what is to be run, and goes on when that is done. Whether it is
 * run in this thread or by the pool is up to who drives it.
 */
export type Program<R> = Generator<Launch, R, undefined>;
