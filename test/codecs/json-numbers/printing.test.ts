import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecBench, plainText, randomWords } from './support.ts';

const bench = new CodecBench();
const isFinite32 = (bits: number): boolean => (bits & 0x7f800000) !== 0x7f800000;

/** Holds what is printed against the plain printer, which is proven shortest and nearest by tests of its own, and reads it back. */
function expectShortest(bits: Uint32Array): void {
  const printed = bench.print(bits);
  if (typeof printed === 'number') throw new Error(`refused ${printed}`);
  const values = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
  expect(printed).toHaveLength(bits.length);
  for (let i = 0; i < bits.length; i++) {
    if (printed[i] !== plainText(values[i]!)) expect.fail(`${values[i]!} is printed as ${printed[i]!}`);
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
    const near = starts.flatMap((bits) => Array.from({ length: 41 }, (_, i) => bits + i - 20)).filter((bits) => bits >= 0 && isFinite32(bits));
    expectShortest(Uint32Array.from(near));
    expectShortest(Uint32Array.from(near, (bits) => (bits | 0x80000000) >>> 0));
  });

  it('does so for decimals with few digits', () => {
    const few = fc.tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.integer({ min: -44, max: 31 })).map(([digits, exponent]) => Number(`${digits}e${exponent}`));
    fc.assert(
      fc.property(fc.array(few, { minLength: 1, maxLength: 100 }), (values) => { expectShortest(new Uint32Array(Float32Array.from(values).buffer)); }),
      { numRuns: 1000 },
    );
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
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 0, max: 1000 })), { minLength: 1 }), (values) => {
      expect(bench.printWholes(Int32Array.from(values))).toEqual(values.map(String));
    }),
  );
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(bench.printWholes(all)).toEqual(Array.from(all, String));
});
