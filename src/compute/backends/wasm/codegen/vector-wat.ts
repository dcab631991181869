import type { LaneType } from '../ir/lanes.ts';

// Pieces of WebAssembly text. The time series of a vector's neurons lie in rows, one after another in memory.

export const zeroVector = '(v128.const i32x4 0 0 0 0)';

export function get(local: string): string {
  return `(local.get $${local})`;
}

export function set(local: string, value: string): string {
  return `(local.set $${local} ${value})`;
}

export function i32(value: number): string {
  return `(i32.const ${value})`;
}

/** Adds to an i32 local. */
export function advance(local: string, by: string): string {
  return set(local, `(i32.add ${get(local)} ${by})`);
}

/** One of the vectors that lie one after another from `address` on. */
export function loadVector(address: string, offset: number): string {
  return `(v128.load offset=${offset} ${address})`;
}

export function storeVector(address: string, offset: number, vector: string): string {
  return `(v128.store offset=${offset} ${address} ${vector})`;
}

/** The rows' values at one step, gathered into one vector. `at` is the address in the first row. */
export function gatherRows(lanes: LaneType, at: string): string {
  return rowAddresses(lanes, at, lanes.bytes).reduce(
    (vector, row, i) => (i === 0 ? `(v128.load${lanes.bits}_zero ${row})` : `(v128.load${lanes.bits}_lane ${i} ${row} ${vector})`),
    '',
  );
}

/** Stores one vector into the rows, `bytes` of each lane; `setRowStrides` comes first. */
export function scatterRows(lanes: LaneType, at: string, vector: string, bytes: number): string[] {
  const partsOfLane = lanes.bytes / bytes;
  return rowAddresses(lanes, at, bytes).map((row, i) => `(v128.store${bytes * 8}_lane ${i * partsOfLane} ${row} ${vector})`);
}

function rowAddresses(lanes: LaneType, at: string, bytes: number): string[] {
  return Array.from({ length: lanes.count }, (_, row) => (row === 0 ? at : `(i32.add ${at} ${get(rowStride(row, bytes))})`));
}

/** The local that holds how far a row is from the first, of values of that many bytes. */
export function rowStride(row: number, bytes: number): string {
  return `${bytes === 1 ? 'byteRow' : 'row'}${row}`;
}

/** Stores the lanes' integers as int32. `address` is the one of vector 0. */
export function storeInt32(lanes: LaneType, vector: number, address: string, integers: string): string {
  const int32 = lanes.toInt32(integers);
  return lanes.count === 4
    ? storeVector(address, 16 * vector, int32)
    : `(v128.store${32 * lanes.count}_lane offset=${4 * lanes.count * vector} 0 ${address} ${int32})`;
}

/** Stores a mask's lanes as bytes, 0 or 1. `address` is the one of vector 0. */
export function storeBits(lanes: LaneType, vector: number, address: string, mask: string): string {
  const ones = '(v128.const i32x4 0x01010101 0 0 0)';
  const bytes = `(v128.and ${ones} (i8x16.narrow_i16x8_s (i16x8.narrow_i32x4_s ${lanes.toInt32(mask)} ${zeroVector}) ${zeroVector}))`;
  return `(v128.store${8 * lanes.count}_lane offset=${lanes.count * vector} 0 ${address} ${bytes})`;
}

/** Leaves the block of that label when the job is stopped. */
export function breakIfStopped(label: string): string {
  return `(br_if $${label} (i32.atomic.load ${get('arguments')}))`;
}

/** min(from + maxSteps, steps), without a sum that overflows: `steps` may be the largest i32. */
export function chunkEnd(from: string, steps: string, maxSteps: number): string {
  const left = `(i32.sub ${steps} ${from})`;
  return `(i32.add ${from} (select ${left} ${i32(maxSteps)} (i32.lt_u ${left} ${i32(maxSteps)})))`;
}

/** A loop whose counter `$t` runs up to `to`, at least once. */
export function countUp(label: string, body: readonly string[], to: string): string[] {
  return [`(loop $${label}`, ...body, `(br_if $${label} (i32.lt_s (local.tee $t (i32.add ${get('t')} ${i32(1)})) ${to}))`, ')'];
}
