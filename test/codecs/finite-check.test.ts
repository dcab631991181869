import fc from 'fast-check';
import { expect, it } from 'vitest';
import { beyondFloat32, indexOfMagnitudeAtLeast, indexOfNotFinite } from '../../src/codecs/finite-check.ts';
import { compileNumberCodec } from '../../src/codecs/json-numbers/index.ts';
import { Arena } from '../../src/compute/engine/arena.ts';

await compileNumberCodec();

it('finds the first number that is not finite in a precision', () => {
  const edge = fc.constantFrom(
    NaN,
    Infinity,
    -Infinity,
    3.4028235677973366e38,
    -3.4028235677973366e38,
    1e39,
    3.4028235677973362e38,
    -3.4028235e38,
    0,
    -1.5,
    5e-324,
  );
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 20 }), (values) => {
      const rounded = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
      expect(indexOfNotFinite(Float64Array.from(values), 'float32')).toBe(rounded);
      expect(indexOfNotFinite(Float32Array.from(values), 'float32')).toBe(rounded);
      expect(indexOfNotFinite(Float64Array.from(values), 'float64')).toBe(values.findIndex((value) => !Number.isFinite(value)));
    }),
  );
});

it('finds it in an arena too, wherever it lies among however many', () => {
  const arena = new Arena();
  const wrong = fc.constantFrom(NaN, -NaN, Infinity, -Infinity);
  const large = fc.constantFrom(beyondFloat32, -beyondFloat32, 1e308, NaN, Infinity);
  const arrays = fc.tuple(fc.integer({ min: 1000, max: 5000 }), fc.array(fc.nat(5000), { maxLength: 2 }), fc.nat(8));
  fc.assert(
    fc.property(arrays, wrong, large, ([count, at, offset], notFinite, tooLarge) => {
      const places = at.filter((i) => i < count);
      const first = places.length === 0 ? -1 : Math.min(...places);
      const expectFirst = (type: 'floats' | 'doubles', fill: number, value: number, bound: number) => {
        arena.reset();
        arena.allocate(8 * offset);
        const values = arena[type](arena.allocate(8 * (count + offset)) + 8 * offset, count);
        values.fill(fill);
        for (const i of places) values[i] = value;
        expect(indexOfMagnitudeAtLeast(values, bound)).toBe(first);
      };
      expectFirst('floats', -3.4028234663852886e38, notFinite, beyondFloat32);
      expectFirst('doubles', 3.4028235677973362e38, tooLarge, beyondFloat32);
      expectFirst('doubles', Number.MAX_VALUE, notFinite, Infinity);
    }),
  );
});
