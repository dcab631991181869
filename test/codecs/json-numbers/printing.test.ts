import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32Text } from '../../../src/codecs/json-numbers/index.ts';
import { CodecBench, randomWords } from './support.ts';
import { numRuns } from '../../thorough.ts';

const bench = new CodecBench();
const isFinite32 = (bits: number): boolean => (bits & 0x7f800000) !== 0x7f800000;

/** Holds what is printed against the plain printer, which is proven shortest and nearest by tests of its own, and reads it back. */
function expectShortest(bits: Uint32Array): void {
  const printed = bench.print(bits);
  if (typeof printed === 'number') throw new Error(`refused ${printed}`);
  const values = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
  expect(printed).toHaveLength(bits.length);
  for (let i = 0; i < bits.length; i++) {
    if (printed[i] !== float32Text(values[i]!)) expect.fail(`${values[i]!} is printed as ${printed[i]!}`);
    if (!Object.is(Math.fround(Number(printed[i])), values[i])) expect.fail(`${printed[i]!} does not read back as ${values[i]!}`);
  }
}

describe('printing float32', () => {
  it('prints any as short as reads back the same', () => {
    const random = randomWords(1_000_000, 5).filter(isFinite32);
    for (let from = 0; from < random.length; from += 50_000) expectShortest(random.slice(from, from + 50_000));
  });

  it('does so at every power of two and of ten, and beside them', () => {
    const tens = new Uint32Array(Float32Array.from({ length: 84 }, (_, i) => Number(`1e${i - 45}`)).buffer);
    const starts = [...Array.from({ length: 255 }, (_, biased) => biased << 23), ...tens];
    const near = starts
      .flatMap((bits) => Array.from({ length: 41 }, (_, i) => bits + i - 20))
      .filter((bits) => bits >= 0 && isFinite32(bits));
    expectShortest(Uint32Array.from(near));
    expectShortest(Uint32Array.from(near, (bits) => (bits | 0x80000000) >>> 0));
  });

  it('does so for decimals with few digits', () => {
    const few = fc
      .tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.integer({ min: -44, max: 31 }))
      .map(([digits, exponent]) => Number(`${digits}e${exponent}`));
    fc.assert(
      fc.property(fc.array(few, { minLength: 1, maxLength: 100 }), (values) => {
        expectShortest(new Uint32Array(Float32Array.from(values).buffer));
      }),
      { numRuns: numRuns(1000) },
    );
  });

  it('takes the even one of two decimals that are equally near', () => {
    // Whole numbers of 2^-10 and 2^-4: many have a digit 5 more than are printed, and none behind it.
    expectShortest(new Uint32Array(Float32Array.from({ length: 50_000 }, (_, i) => i / 1024).buffer));
    expectShortest(new Uint32Array(Float32Array.from({ length: 50_000 }, (_, i) => 900_000 + i / 16).buffer));
    expect(bench.print(new Uint32Array(Float32Array.of(0.197265625, 0.216796875).buffer))).toEqual(['0.19726562', '0.21679688']);
  });

  it('prints any number of them, of which the last stand at the end of the memory', () => {
    for (let count = 1; count <= 130; count++) {
      const values = Float32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? 0 : -i / 7));
      expect(bench.print(new Uint32Array(values.buffer))).toEqual(Array.from(values, float32Text));
      expect(bench.printAtEnd(values)).toEqual(Array.from(values, float32Text));
    }
  });

  it('prints whole numbers of one digit, and others among them', () => {
    for (const other of [0, -0, 10, 0.5, -1, 1e-9, 123_456, 16_777_216]) {
      for (let at = 0; at < 150; at++) {
        const values = Float32Array.from({ length: 150 }, (_, i) => (i === at ? other : i % 10));
        expect(bench.print(new Uint32Array(values.buffer))).toEqual(Array.from(values, float32Text));
      }
    }
    const bad = new Float32Array(128);
    bad[100] = NaN;
    expect(bench.print(new Uint32Array(bad.buffer))).toBe(-101);
  });

  it('says which one is not finite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      for (const at of [0, 1, 7, 99]) {
        const values = new Float32Array(100).fill(0.1);
        values[at] = bad;
        expect(bench.print(new Uint32Array(values.buffer))).toBe(-1 - at);
      }
    }
  });
});

it('prints whole numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 1000 })), { minLength: 1 }),
      (values) => {
        expect(bench.printIntegers(Int32Array.from(values))).toEqual(values.map(String));
      },
    ),
  );
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(bench.printIntegers(all)).toEqual(Array.from(all, String));
  for (let count = 0; count < 50; count++) {
    const spikes = Uint8Array.from({ length: count }, (_, i) => (i === 20 ? 10 : i % 10));
    expect(bench.printIntegers(spikes).join()).toBe(Array.from(spikes, String).join());
  }
});
