import fc from 'fast-check';
import { expect, it } from 'vitest';
import { firstNotFinite } from '../../src/codecs/tensor-bytes.ts';

it('finds the first number that is not finite in a precision', () => {
  const edge = fc.constantFrom(NaN, Infinity, -Infinity, 3.4028235677973366e38, -3.4028235677973366e38, 1e39, 3.4028235677973362e38, -3.4028235e38, 0, -1.5, 5e-324);
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 20 }), (values) => {
      const rounded = values.findIndex((value) => !Number.isFinite(Math.fround(value)));
      expect(firstNotFinite(Float64Array.from(values), 'float32')).toBe(rounded);
      expect(firstNotFinite(Float32Array.from(values), 'float32')).toBe(rounded);
      expect(firstNotFinite(Float64Array.from(values), 'float64')).toBe(values.findIndex((value) => !Number.isFinite(value)));
    }),
  );
});
