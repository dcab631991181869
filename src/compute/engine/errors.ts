/** A back-end could not run a job, by no fault of the request. */
export class ComputeError extends Error {
  override readonly name: string = 'ComputeError';
}

/** The threads that ran the job ended, and so did those that retried it. */
export class WorkerLostError extends ComputeError {
  override readonly name = 'WorkerLostError';
}

/** There was no memory for the job at this time. */
export class OutOfMemoryError extends ComputeError {
  override readonly name = 'OutOfMemoryError';
}

/** This process cannot have the back-end, for example because its library is not installed: a quick retry is useless. */
export class BackendUnavailableError extends ComputeError {
  override readonly name = 'BackendUnavailableError';
}

/** A job or request was rejected, since the backlog is too long or the memory is in use. */
export class OverloadError extends Error {
  override readonly name = 'OverloadError';
  readonly of: 'time' | 'memory';
  /** Milliseconds after which a retry may succeed. */
  readonly retryAfterMs: number;

  constructor(of: 'time' | 'memory', message: string, retryAfterMs: number) {
    super(message);
    this.of = of;
    this.retryAfterMs = retryAfterMs;
  }
}

/** How a back-end failed; `unexpected` is a fault in its code. */
export const failureKinds = ['unavailable', 'out_of_memory', 'failed', 'unexpected'] as const;
export type FailureKind = (typeof failureKinds)[number];

/** The kind of failure that a back-end's error stands for. */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof BackendUnavailableError) return 'unavailable';
  if (error instanceof OutOfMemoryError) return 'out_of_memory';
  return error instanceof ComputeError ? 'failed' : 'unexpected';
}
