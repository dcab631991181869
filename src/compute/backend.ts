import type { Job, ResultOf } from './jobs.ts';

/** What did a job, as `meta` reports it. */
export interface BackendInfo {
  /** `reference`, `wasm`, ... */
  readonly name: string;
  /** Where it runs: `cpu`, or a card's name. */
  readonly device: string;
  /** The arithmetic of its kernels. */
  readonly dtype: 'float32' | 'float64';
}

/** A back-end's answer to one job, with the time its parts took, in milliseconds. */
export interface Computed<J extends Job = Job> {
  readonly result: ResultOf[J['kind']];
  /** Time between being handed over and the first kernel. */
  readonly queueMs: number;
  /** Time in kernels. */
  readonly computeMs: number;
}

/**
 * An implementation of the mathematics. Results follow the contract of `jobs.ts` to within the back-end's arithmetic:
 *
 * - `run` never changes its input and never keeps a reference to it; what it returns belongs to the caller.
 * - Every element depends on its own neuron (or x) alone: batch size and order change nothing, not a bit.
 * - A job small enough to be done at once is answered synchronously, without a promise: a turn of the event loop costs as much.
 * - Gradients and potentials come back non-finite where the mathematics itself leaves the arithmetic's range; who encodes them
 *   says so. A surrogate's value is given as the largest number there is instead.
 *
 * @throws {ComputeError} when the job could not be done by this back-end.
 */
export interface Backend {
  readonly info: BackendInfo;
  /** Compiles and runs the usual kernels once; until then `run` is correct but slow at first. */
  warm(): Promise<void>;
  run<J extends Job>(job: J): Computed<J> | Promise<Computed<J>>;
  close(): Promise<void>;
}

/** A job that a back-end could not do, by no fault of the request. */
export class ComputeError extends Error {
  override readonly name: string = 'ComputeError';
}

/** There was no memory for the job at this time. */
export class OutOfMemoryError extends ComputeError {
  override readonly name = 'OutOfMemoryError';
}
