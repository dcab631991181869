/** Milliseconds, to the microsecond. */
export function inMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
