import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broadcastValues, toRowMajor } from '../../src/codecs/ndarray.ts';
import { linspace, materialize, sliceNumbers, valueAt, writeNumbers, type Numbers } from '../../src/compute/numbers.ts';

/** numpy's own arithmetic. */
function plainLinspace(first: number, last: number, count: number): Float64Array {
  const values = new Float64Array(count);
  const step = (last - first) / (count - 1);
  for (let i = 0; i < count; i++) values[i] = i * step + first;
  if (count > 1) values[count - 1] = last;
  if (count === 1) values[0] = first;
  return values;
}

/** Holds every way to get at numbers against the numbers themselves, to the bit. */
function expectNumbers(numbers: Numbers, expected: Float64Array, [a, b]: readonly [number, number]): void {
  expect(numbers.length).toBe(expected.length);
  expect(materialize(numbers)).toEqual(expected);
  const [from, to] = [Math.min(a, b) % (expected.length + 1), Math.max(a, b) % (expected.length + 1)].sort((x, y) => x - y) as [
    number,
    number,
  ];
  for (const Target of [Float64Array, Float32Array]) {
    const target = new Target(expected.length + 3).fill(7);
    writeNumbers(numbers, target, 2, from, to);
    const wanted = new Target(expected.length + 3).fill(7);
    wanted.set(expected.subarray(from, to), 2);
    expect(target).toEqual(wanted);
  }
  for (let i = 0; i < expected.length; i++) expect(valueAt(numbers, i)).toBe(expected[i]);
  const slice = sliceNumbers(numbers, from, to);
  expect(materialize(slice)).toEqual(expected.subarray(from, to));
  // Between threads they go as they are.
  expect(materialize(sliceNumbers(structuredClone(slice), (to - from) >> 1, to - from))).toEqual(
    expected.subarray(from + ((to - from) >> 1), to),
  );
}

const part = fc.tuple(fc.nat(200), fc.nat(200));
const ends = fc.oneof(fc.double({ min: -1e38, max: 1e38, noNaN: true }), fc.constantFrom(0, -0, 1, -1, 2 ** -149, 3e38, -3e38));

it('are what numpy.linspace makes', () => {
  fc.assert(
    fc.property(ends, ends, fc.oneof(fc.nat(60), fc.constantFrom(0, 1, 2)), part, (first, last, count, range) => {
      expectNumbers(linspace(first, last, count), plainLinspace(first, last, count), range);
    }),
  );
});

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 });
const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
const indexOf = (at: number, shape: readonly number[]) =>
  shape.map((length, axis) => Math.floor(at / size(shape.slice(axis + 1))) % length);

it('are what a broadcast repeats, of numbers that are there and of a linspace', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.nat(4),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.boolean(),
      part,
      (to, dropped, ones, isLinspace, range) => {
        const from = to.slice(Math.min(dropped, to.length)).map((length, i) => (ones[i] ? 1 : length));
        const base = plainLinspace(0.1, 0.7, size(from));
        const expected = Float64Array.from({ length: size(to) }, (_, at) => {
          const index = indexOf(at, to)
            .slice(to.length - from.length)
            .map((along, axis) => Math.min(along, from[axis]! - 1));
          return base[index.reduce((offset, along, axis) => offset * from[axis]! + along, 0)]!;
        });
        expectNumbers(broadcastValues({ shape: from, values: isLinspace ? linspace(0.1, 0.7, size(from)) : base }, to), expected, range);
      },
    ),
  );
});

it('are what lies in Fortran order, also when that is repeated', () => {
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 3 }), part, (shape, rows, range) => {
      const values = plainLinspace(0.1, 0.7, size(shape));
      const expected = Float64Array.from(
        values,
        (_, at) => values[indexOf(at, shape).reduceRight((offset, along, axis) => offset * shape[axis]! + along, 0)]!,
      );
      const ordered = toRowMajor(values, shape);
      expectNumbers(ordered, expected, range);
      const repeated = broadcastValues({ shape: [1, ...shape], values: ordered }, [rows, ...shape]);
      expectNumbers(
        repeated,
        Float64Array.from({ length: rows * expected.length }, (_, i) => expected[i % expected.length]!),
        range,
      );
    }),
  );
});

describe('of more numbers than memory holds', () => {
  const numbers: readonly (readonly [string, Numbers, number, number])[] = [
    ['a linspace', linspace(0, 2 ** 40, 2 ** 40 + 1), 2 ** 40 - 1, 2 ** 40],
    ['a repeated row', broadcastValues({ shape: [1, 3], values: Float64Array.of(5, 6, 7) }, [2 ** 33, 3]), 6, 7],
    ['a repeated number', broadcastValues({ shape: [1], values: Float64Array.of(5) }, [2 ** 20, 2 ** 20]), 5, 5],
  ];
  it.each(numbers)('%s can be cut and read at its end', (_, all, before, last) => {
    const end = sliceNumbers(all, all.length - 2, all.length);
    expect(Array.from(materialize(end))).toEqual([before, last]);
    expect(valueAt(all, all.length - 1)).toBe(last);
  });
});

it('are the numbers themselves where none is repeated or moved', () => {
  const values = Float32Array.of(1, 2, 3);
  expect(broadcastValues({ shape: [3], values }, [1, 1, 3])).toBe(values);
  expect(toRowMajor(values, [1, 3, 1])).toBe(values);
});
