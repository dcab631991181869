import type { LaneType } from './lanes.ts';

/** Small pieces of WebAssembly text for vectors of neurons, whose time series lie in as many rows of memory. */

/** The rows' values at one step, gathered into one vector. `at` is the address in the first row. */
export function gatherRows(lanes: LaneType, at: string): string {
  const [first, ...others] = rowAddresses(lanes, at, lanes.bytes);
  return others.reduce(
    (vector, row, i) => `(v128.load${lanes.bits}_lane ${i + 1} ${row} ${vector})`,
    `(v128.load${lanes.bits}_zero ${first!})`,
  );
}

/** Stores one vector into the rows, `bytes` of each lane. Needs the rows' distances, as `rowDistances` sets them. */
export function scatterRows(lanes: LaneType, at: string, vector: string, bytes: number): string[] {
  const partsOfLane = lanes.bytes / bytes;
  return rowAddresses(lanes, at, bytes).map((row, i) => `(v128.store${bytes * 8}_lane ${i * partsOfLane} ${row} ${vector})`);
}

function rowAddresses(lanes: LaneType, at: string, bytes: number): string[] {
  return Array.from({ length: lanes.count }, (_, row) => (row === 0 ? at : `(i32.add ${at} (local.get $${rowDistance(row, bytes)}))`));
}

/** The local that holds how far a row is from the first, of values of so many bytes. */
export function rowDistance(row: number, bytes: number): string {
  return `${bytes === 1 ? 'byteRow' : 'row'}${row}`;
}

/** Stores the lanes' integers as int32. `address` is the first group's. */
export function storeInt32(lanes: LaneType, group: number, address: string, integers: string): string {
  const int32 = lanes.toInt32(integers);
  return lanes.count === 4
    ? `(v128.store offset=${16 * group} ${address} ${int32})`
    : `(v128.store${32 * lanes.count}_lane offset=${4 * lanes.count * group} 0 ${address} ${int32})`;
}

/** Stores a mask's lanes as bytes, 0 or 1. `address` is the first group's. */
export function storeBits(lanes: LaneType, group: number, address: string, mask: string): string {
  const zero = '(v128.const i32x4 0 0 0 0)';
  const ones = '(v128.const i32x4 0x01010101 0 0 0)';
  const bytes = `(v128.and ${ones} (i8x16.narrow_i16x8_s (i16x8.narrow_i32x4_s ${lanes.toInt32(mask)} ${zero}) ${zero}))`;
  return `(v128.store${8 * lanes.count}_lane offset=${lanes.count * group} 0 ${address} ${bytes})`;
}

/** Ends the block of that label when the job is stopped. */
export function breakIfStopped(label: string): string {
  return `(br_if $${label} (i32.atomic.load (local.get $job)))`;
}

/** Steps from `from` to the end of a run, but no more than `most`: the sum may be the run's last step, which is the largest of an i32. */
export function chunkEnd(from: string, steps: string, most: number): string {
  const left = `(i32.sub ${steps} ${from})`;
  return `(i32.add ${from} (select ${left} (i32.const ${most}) (i32.lt_u ${left} (i32.const ${most}))))`;
}

/** A counted loop whose counter `$t` runs over [from, to), at least once. */
export function upwards(label: string, body: readonly string[], to: string): string[] {
  return [`(loop $${label}`, ...body, `(br_if $${label} (i32.lt_s (local.tee $t (i32.add (local.get $t) (i32.const 1))) ${to}))`, ')'];
}

/** Adds a constant to an i32 local. */
export function advance(local: string, by: string): string {
  return `(local.set $${local} (i32.add (local.get $${local}) ${by}))`;
}
