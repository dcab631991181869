import { totalOf } from './operations.ts';
import type { Operations } from './operations.ts';

/** The most vectors that a kernel ever works on at a time. */
export const maxInFlight = 7;

/**
 * How many vectors of four lanes a kernel works on at a time. One vector's operations wait for each other, so the more are in flight
 * the better, until the compiler, which mixes all of a loop's operations, moves values in and out of the registers for longer
 * than it saves: by how many operations a vector takes, as measured.
 */
export function vectorsInFlight(operations: Operations): number {
  const total = totalOf(operations);
  if (total <= 64) return maxInFlight;
  return total <= 160 ? 4 : 2;
}
