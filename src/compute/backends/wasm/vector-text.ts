/** Small pieces of WebAssembly text for vectors of four neurons, whose time series lie in four rows of memory. */

/** The four rows' values at one step, gathered into one vector. `at` is the address in the first row. */
export function gatherRows(at: string): string {
  const rows = rowAddresses(at);
  return rows
    .slice(1)
    .reduce(
      (vector, row, i) => `(v128.load32_lane ${i + 1} ${row} ${vector})`,
      `(v128.load32_zero ${rows[0]!})`,
    );
}

/** Stores one vector into the four rows, `bytes` of each lane. Needs `$row1` to `$row3`, the rows' distances in bytes. */
export function scatterRows(at: string, vector: string, bytes: 1 | 4): string[] {
  const lanesPerNeuron = 4 / bytes;
  return rowAddresses(at, bytes).map(
    (row, i) => `(v128.store${bytes * 8}_lane ${i * lanesPerNeuron} ${row} ${vector})`,
  );
}

function rowAddresses(at: string, bytes: 1 | 4 = 4): string[] {
  const unit = bytes === 4 ? 'row' : 'byteRow';
  return [at, ...[1, 2, 3].map((row) => `(i32.add ${at} (local.get $${unit}${row}))`)];
}

/** A counted loop whose counter `$t` runs over [from, to), at least once. */
export function upwards(label: string, body: readonly string[], to: string): string[] {
  return [
    `(loop $${label}`,
    ...body,
    `(br_if $${label} (i32.lt_s (local.tee $t (i32.add (local.get $t) (i32.const 1))) ${to}))`,
    ')',
  ];
}

/** Adds a constant to an i32 local. */
export function advance(local: string, by: string): string {
  return `(local.set $${local} (i32.add (local.get $${local}) ${by}))`;
}
