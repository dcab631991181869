import fc from 'fast-check';
import { expect, it } from 'vitest';
import { broadcastValues, canBroadcast, sizeOf } from '../../src/codecs/ndarray.ts';
import { materialize } from '../../src/compute/numbers.ts';

/** A shape and one that broadcasts to it: leading axes dropped, others set to 1. */
const shapes = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), fc.nat(4), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
  .map(([to, dropped, ones]) => ({ to, from: to.slice(Math.min(dropped, to.length)).map((length, i) => (ones[i] ? 1 : length)) }));

function at(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((offset, length, axis) => offset * length + Math.min(index[axis]!, length - 1), 0);
}

it('repeats values as numpy does', () => {
  fc.assert(
    fc.property(shapes, ({ from, to }) => {
      expect(canBroadcast(from, to)).toBe(true);
      const values = Float64Array.from({ length: sizeOf(from) }, (_, i) => i);
      const repeated = materialize(broadcastValues({ shape: from, values }, to));
      expect(repeated.length).toBe(sizeOf(to));
      for (let i = 0; i < repeated.length; i++) {
        const index = to.map((length, axis) => Math.floor(i / sizeOf(to.slice(axis + 1))) % length);
        expect(repeated[i]).toBe(values[at(from, index.slice(to.length - from.length))]);
      }
    }),
  );
});

it.each([
  [[3], [2]],
  [[2, 3], [3]],
  [[2], [2, 3]],
  [[0], [2]],
])('%j does not broadcast to %j', (from, to) => {
  expect(canBroadcast(from, to)).toBe(false);
});
