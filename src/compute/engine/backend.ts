import type { Arena } from './arena.ts';
import type { Dtype, Job, ResultOf } from '../jobs.ts';

/** The back-ends, in the order in which a job falls from one to the next. */
export const backendNames = ['tensorflow', 'wasm', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

/** Those that compute in float64 where a job asks for it. */
export const float64Backends: readonly BackendName[] = ['wasm', 'reference'];

/** What is known of a back-end that has a library or a device of its own. */
export interface BackendDetails {
  /** The library's. */
  readonly version?: string;
  /** Whether the library compiles with XLA. */
  readonly xla?: boolean;
  /** Memory of the device. */
  readonly memoryBytes?: number;
  /** Whether the device is a GPU. */
  readonly gpu?: boolean;
}

/** What did a job, as `meta` reports it. */
export interface BackendInfo {
  readonly name: BackendName;
  /** Where it runs: `cpu`, or a card's name. */
  readonly device: string;
  /** Its arithmetic; of a back-end that has both, the one of jobs that do not say. */
  readonly dtype: Dtype;
  readonly details?: BackendDetails;
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
 * - `run` never changes its input and never keeps a reference to it; what it returns belongs to the caller. Where the caller lends
 *   an arena, in which the job's numbers may lie already, the back-end may compute there, and the result's arrays may be views on it.
 * - When the signal is aborted, `run` rejects with its reason as soon as nothing of the job runs any more, within some milliseconds where
 *   the job's parts allow it.
 * - Every element depends on its own neuron (or x) alone: batch size and order change nothing, not a bit.
 * - A job small enough to be done at once is answered synchronously, without a promise: a turn of the event loop costs as much.
 * - Gradients and potentials come back non-finite where the mathematics itself leaves the arithmetic's range; who encodes them
 *   says so. A surrogate's value is given as the largest number there is instead.
 *
 * @throws {ComputeError} when the job could not be done by this back-end.
 */
export interface Backend {
  /** May change until the back-end is warm. */
  readonly info: BackendInfo;
  /** How many jobs that are not small it does side by side; more than that wait before it. Where this is missing none wait. */
  readonly concurrency?: number;
  /** Tensors that its library holds between two runs, where it has a library that counts them. */
  readonly liveTensors?: number | undefined;
  /** False for a job that it does not do, by its kind or its size; where this is missing it does all. */
  accepts?(job: Job): boolean;
  /** Runs a job that is small enough to be done at once; undefined for another, of which nothing was done. */
  tryRunSync?<J extends Job>(job: J): Computed<J> | undefined;
  /** About how long a job takes when nothing else runs, in milliseconds. */
  estimateMs?(job: Job): number;
  /** Compiles and runs the usual kernels once; until then `run` is correct but slow at first. */
  warm(): Promise<void>;
  run<J extends Job>(job: J, arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>>;
  close(): Promise<void>;
}

/** A job that a back-end could not do, by no fault of the request. */
export class ComputeError extends Error {
  override readonly name: string = 'ComputeError';
}

/** The threads that worked on the job ended, and so did those that tried it again: by a fault of theirs, or by the job's. */
export class WorkerLostError extends ComputeError {
  override readonly name = 'WorkerLostError';
}

/** There was no memory for the job at this time. */
export class OutOfMemoryError extends ComputeError {
  override readonly name = 'OutOfMemoryError';
}

/** The back-end cannot be had in this process, such as one whose library is not installed: there is no use in a quick retry. */
export class BackendUnavailableError extends ComputeError {
  override readonly name = 'BackendUnavailableError';
}
