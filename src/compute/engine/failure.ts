import { BackendUnavailableError, ComputeError, OutOfMemoryError } from './backend.ts';

/** How a back-end failed. */
export const failureKinds = ['unavailable', 'out_of_memory', 'failed', 'unexpected'] as const;
export type FailureKind = (typeof failureKinds)[number];

/** The kind of failure that an error of a back-end stands for; `unexpected` is a fault in its code. */
export function failureKind(error: unknown): FailureKind {
  if (error instanceof BackendUnavailableError) return 'unavailable';
  if (error instanceof OutOfMemoryError) return 'out_of_memory';
  return error instanceof ComputeError ? 'failed' : 'unexpected';
}

/** Why a back-end did not do a job that it was the first choice for. */
export type FallbackReason = FailureKind | 'warming' | 'not_enabled' | 'not_accepted';

/** Fallback reasons in words for clients: an error's own message may hold paths. */
export const fallbackReasonTexts: Readonly<Record<FallbackReason, string>> = {
  unavailable: 'it cannot be loaded here',
  out_of_memory: 'it ran out of memory',
  failed: 'it failed',
  unexpected: 'it failed unexpectedly',
  warming: 'it is still warming up',
  not_enabled: 'it is not enabled on this server',
  not_accepted: 'it does not do jobs of this kind and size',
};
