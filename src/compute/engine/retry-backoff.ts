import type { FailureKind } from './failure.ts';

const firstPauseMs = 1000;
const maxPauseMs = 60_000;
/** A library that is missing is not there a second later. */
const unavailablePauseMs = 300_000;

/** How long a back-end stays out after having failed so many times in a row: a second, doubling up to a minute. */
export function pauseMs(kind: FailureKind, failuresInARow: number): number {
  return kind === 'unavailable' ? unavailablePauseMs : Math.min(maxPauseMs, firstPauseMs * 2 ** (failuresInARow - 1));
}
