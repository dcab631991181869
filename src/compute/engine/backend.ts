import type { Arena } from './arena.ts';
import type { Dtype, Job, ResultOf } from '../jobs.ts';

/** The back-ends, in the order in which a job falls from one to the next. */
export const backendNames = ['tensorflow', 'wasm', 'reference'] as const;
export type BackendName = (typeof backendNames)[number];

/** Those that compute in float64 where a job asks for it. */
export const float64Backends: readonly BackendName[] = ['wasm', 'reference'];

/** Details of a back-end with a library or a device of its own. */
export interface BackendDetails {
  /** Version of the library. */
  readonly version?: string;
  /** Whether the library compiles with XLA. */
  readonly xla?: boolean;
  /** Memory of the device. */
  readonly memoryBytes?: number;
  /** Whether the device is a GPU. */
  readonly gpu?: boolean;
}

/** A back-end, as `meta` reports it. */
export interface BackendInfo {
  readonly name: BackendName;
  /** Where it runs: `cpu`, or a card's name. */
  readonly device: string;
  /** Its arithmetic; of a back-end with both, the one of jobs without a dtype. */
  readonly dtype: Dtype;
  readonly details?: BackendDetails;
}

/** The result of one job, and the times of its parts, in milliseconds. */
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
 * - `run` never changes its input and keeps no reference to it; its result belongs to the caller. If the caller lends an arena, which may hold
 *   the job's inputs already, the back-end may compute there, and the result's arrays may be views of it.
 * - When the signal is aborted, `run` rejects with its reason once nothing of the job runs any more, within some milliseconds where
 *   the job's parts allow it.
 * - Every element depends on its own neuron (or x) alone: batch size and order do not change a bit of it.
 * - Gradients and potentials are non-finite where the mathematics leaves the range of the arithmetic; responses report it.
 *   A surrogate's value becomes the largest finite number instead.
 *
 * @throws {ComputeError} when this back-end could not run the job.
 */
export interface Backend {
  /** May change until the back-end is warm. */
  readonly info: BackendInfo;
  /** How many jobs it runs concurrently, small ones aside; further ones wait in a queue. Without a value none wait. */
  readonly concurrency?: number;
  /** Tensors that its library holds between two runs, if it counts them. */
  readonly liveTensors?: number | undefined;
  /** False for a job that it does not run, by its kind or its size; without this method it runs all. */
  accepts?(job: Job): boolean;
  /** Runs a job that is small enough to be run at once; for any other it returns undefined and has no effect. */
  tryRunSync?<J extends Job>(job: J): Computed<J> | undefined;
  /** The estimated time of a job when nothing else runs, in milliseconds. */
  estimateMs?(job: Job): number;
  /** Compiles and runs the usual kernels once; before that `run` is correct, but slow at first. */
  warm(): Promise<void>;
  run<J extends Job>(job: J, arena?: Arena, signal?: AbortSignal): Computed<J> | Promise<Computed<J>>;
  close(): Promise<void>;
}
