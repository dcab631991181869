import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { broadcastValues, toRowMajor } from '../../src/codecs/ndarray.ts';
import { extremes, materialize, sliceNumbers, valueAt, writeNumbers } from '../../src/compute/numbers.ts';
import { indexOfUnfit, narrowNumbers, narrowText, type NarrowType } from '../../src/compute/narrow-numbers.ts';
import { elementBytes } from '../../support/element-bytes.ts';
import { numRuns } from '../thorough.ts';

/** IEEE 754's definition, with no bits moved: (-1)^sign 2^(exponent - bias) (1 + fraction), and what its first and last exponents mean. */
function slowFloat(bits: number, exponentBits: number, fractionBits: number): number {
  const fraction = (bits % 2 ** fractionBits) / 2 ** fractionBits;
  const exponent = Math.floor(bits / 2 ** fractionBits) % 2 ** exponentBits;
  const sign = bits < 2 ** 15 ? 1 : -1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * 2 ** (1 - bias) * fraction;
  return sign * 2 ** (exponent - bias) * (1 + fraction);
}

const bytesOf = ({ buffer }: { readonly buffer: ArrayBufferLike }) => new Uint8Array(buffer);

it.each([
  ['float16', 5, 10],
  ['bfloat16', 8, 7],
] as const)('%s is read as IEEE 754 defines it, every one, and only finite ones fit', (type, exponentBits, fractionBits) => {
  const all = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
  const numbers = narrowNumbers(type, bytesOf(all));
  const expected = Float64Array.from(all, (bits) => slowFloat(bits, exponentBits, fractionBits));
  expect(materialize(numbers)).toEqual(Float32Array.from(expected));
  expect(Float64Array.from(all, (_, i) => valueAt(numbers, i))).toEqual(expected);
  const unfit = Array.from(all).filter((_, i) => indexOfUnfit(sliceNumbers(numbers, i, i + 1) as typeof numbers) === 0);
  expect(unfit).toEqual(Array.from(all).filter((_, i) => !Number.isFinite(expected[i])));
});

const samples: Readonly<Record<NarrowType, readonly number[]>> = {
  bits: [0, 1],
  bool: [0, 1],
  uint8: [0, 1, 255],
  int8: [-128, -1, 0, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 0, 32_767],
  uint32: [0, 1, 2 ** 24, 2 ** 31, 2 ** 32 - 256],
  int32: [-(2 ** 31), -(2 ** 24), -1, 0, 2 ** 24, 2 ** 31 - 128],
  uint64: [0, 2 ** 24, 2 ** 53, 2 ** 63, 2 ** 64 - 2 ** 40],
  int64: [-(2 ** 63), -(2 ** 53), -(2 ** 32), -1, 0, 1, 2 ** 24, 2 ** 32, 2 ** 53, 2 ** 63 - 2 ** 39],
  float16: [-65_504, -0, 2 ** -24, 1.5, 65_504],
  bfloat16: [-1.5, -0, 2 ** -133, 1.0078125],
};

it.each(Object.keys(samples) as NarrowType[])('%s is the same numbers however they are reached, at any address', (type) => {
  const choice = fc.constantFrom(...samples[type]);
  fc.assert(
    fc.property(fc.array(choice, { minLength: 1, maxLength: 20 }), fc.nat(9), fc.nat(20), fc.nat(20), (values, address, a, b) => {
      const bytes = elementBytes(type, values);
      const moved = new Uint8Array(address + bytes.length).subarray(address);
      moved.set(bytes);
      const numbers = narrowNumbers(type, moved, values.length);
      const expected = Float64Array.from(values);
      expect(numbers).toHaveLength(values.length);
      expect(indexOfUnfit(numbers)).toBe(-1);
      expect(materialize(numbers)).toEqual(Float32Array.from(values));
      // Equal but for the sign of a zero.
      expect(Math.min(...extremes(numbers)) === Math.min(...values)).toBe(true);
      expect(Math.max(...extremes(numbers)) === Math.max(...values)).toBe(true);
      const [from, to] = [Math.min(a, b) % values.length, Math.max(a, b) % values.length].sort((x, y) => x - y) as [number, number];
      // Between threads they go as they are.
      const slice = structuredClone(sliceNumbers(numbers, from, to));
      const target = new Float64Array(to - from);
      writeNumbers(slice, target);
      expect(target).toEqual(expected.subarray(from, to));
      expect(Array.from(target, (_, i) => valueAt(slice, i))).toEqual(Array.from(expected.subarray(from, to)));
      expect(materialize(broadcastValues({ shape: [1, values.length], values: numbers }, [2, values.length]))).toEqual(
        Float32Array.from([...values, ...values]),
      );
      expect(materialize(toRowMajor(sliceNumbers(numbers, 0, 1), [1, 1]))).toEqual(Float32Array.of(values[0]!));
    }),
  );
});

describe('what float32 does not hold', () => {
  it.each([
    ['bool', Uint8Array.of(0, 1, 2), 2, '2'],
    ['int32', Int32Array.of(2 ** 24, -(2 ** 24) - 1, 2 ** 24 + 1), 1, '-16777217'],
    ['uint32', Uint32Array.of(2 ** 32 - 256, 2 ** 32 - 1), 1, '4294967295'],
    ['int64', BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n), 1, '9007199254740993'],
    ['int64', BigInt64Array.of(-(2n ** 53n) - 1n), 0, '-9007199254740993'],
    ['int64', BigInt64Array.of(2n ** 63n - 1n), 0, '9223372036854775807'],
    ['int64', BigInt64Array.of(2n ** 24n + 1n), 0, '16777217'],
    ['uint64', BigUint64Array.of(2n ** 63n, 2n ** 64n - 1n), 1, '18446744073709551615'],
    ['float16', Uint16Array.of(0x7bff, 0x7c00), 1, 'Infinity'],
    ['float16', Uint16Array.of(0xfe00), 0, 'NaN'],
    ['bfloat16', Uint16Array.of(0x7f7f, 0xff80), 1, '-Infinity'],
  ] as const)('is found in %s (%#)', (type, values, index, text) => {
    const numbers = narrowNumbers(type, bytesOf(values));
    expect(indexOfUnfit(numbers)).toBe(index);
    expect(narrowText(numbers, index)).toBe(text);
  });

  it('of 64 bits is every number that Math.fround changes, or that float64 does not hold', () => {
    const near = fc
      .tuple(fc.bigInt({ min: -4n, max: 4n }), fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 63 }))
      .map(([d, a, b]) => 2n ** BigInt(a) + d * 2n ** BigInt(b));
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (given) => {
        const value = BigInt.asIntN(64, given);
        const isHeld = BigInt(Math.fround(Number(value))) === value;
        expect(indexOfUnfit(narrowNumbers('int64', bytesOf(BigInt64Array.of(value))))).toBe(isHeld ? -1 : 0);
        const unsigned = BigInt.asUintN(64, given);
        const isUnsignedHeld = BigInt(Math.fround(Number(unsigned))) === unsigned;
        expect(indexOfUnfit(narrowNumbers('uint64', bytesOf(BigUint64Array.of(unsigned))))).toBe(isUnsignedHeld ? -1 : 0);
      }),
      { numRuns: numRuns(2000) },
    );
  });
});
