import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InlineNumbers } from '../../src/codecs/inline-numbers.ts';
import { numberCodec } from '../../src/codecs/json-numbers/compiled.ts';
import { parseJsonBody } from '../../src/codecs/json-body.ts';
import { PackedNumbers } from '../../src/codecs/packed-numbers.ts';
import { Problem } from '../../src/errors/problems.ts';

const reader = new InlineNumbers(numberCodec);

/** What JSON.parse would have given, from what the reader gives. */
function unpacked(value: unknown): unknown {
  if (value instanceof PackedNumbers) return nested(Array.from(value.values), value.shape);
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unpacked(child)]));
}

function nested(values: readonly number[], [length, ...inner]: readonly number[]): unknown[] {
  if (inner.length === 0) return [...values];
  const each = values.length / length!;
  return Array.from({ length: length! }, (_, i) => nested(values.slice(i * each, (i + 1) * each), inner));
}

function outcome(parse: () => unknown): unknown {
  try {
    return { value: parse() };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Problem)) throw error;
    return 'refused';
  }
}

/** Holds the reader against the ordinary parser, which is JSON.parse but for keys that reach into prototypes: both give the same, or both refuse. */
function expectSame(text: string): void {
  const bytes = Buffer.from(text);
  const expected = outcome(() => parseJsonBody(bytes.toString()));
  expect(outcome(() => unpacked(reader.parse(bytes))), text.slice(0, 200)).toEqual(expected);
}

/** Numbers that float32 can hold, so that all arrays of them are read by the codec. */
const number = fc.oneof(fc.double({ min: -1e38, max: 1e38, noNaN: true }), fc.integer(), fc.float({ noNaN: true, noDefaultInfinity: true }));
const row = (length: number) => fc.array(number, { minLength: length, maxLength: length });
const tensor = fc.oneof(
  fc.integer({ min: 60, max: 90 }).chain(row),
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })).chain(([rows, length]) => fc.array(row(length), { minLength: rows, maxLength: rows })),
  fc.array(fc.array(number, { maxLength: 40 }), { maxLength: 4 }),
);
const body = fc.tuple(tensor, fc.jsonValue(), tensor, fc.string()).map(([a, b, c, d]) => ({ a, [d]: b, deep: [{ c }, d, b], d }));
const spaced = fc.tuple(body, fc.constantFrom(undefined, 1, '\t')).map(([value, space]) => JSON.stringify(value, null, space));

describe('reading JSON with its arrays of numbers packed', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(fc.property(spaced, expectSame), { numRuns: 2000 });
  });

  it('refuses what JSON.parse refuses', () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), drop: fc.integer({ min: 0, max: 3 }), put: fc.string({ unit: fc.constantFrom(...Array.from('0123456789+-.eE,[]{}:" \\\n\u00e4x')), maxLength: 3 }) });
    fc.assert(
      fc.property(spaced, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let changed = text;
        for (const { at, drop, put } of changes) {
          const index = Math.floor(at * changed.length);
          changed = changed.slice(0, index) + put + changed.slice(index + drop);
        }
        expectSame(changed);
      }),
      { numRuns: 10_000 },
    );
  });

  it('packs arrays of more than 64 numbers, and leaves shorter ones alone', () => {
    const { long, short, ragged } = reader.parse(Buffer.from(JSON.stringify({ long: new Array(65).fill(0.5), short: new Array(64).fill(0.5), ragged: [new Array(70).fill(1), [1]] }))) as Record<string, unknown>;
    expect(long).toEqual(new PackedNumbers(new Float64Array(65).fill(0.5), [65]));
    expect(short).toHaveLength(64);
    expect(ragged).toEqual([new Array(70).fill(1), [1]]);
  });

  it('looks into no string', () => {
    const numbers = `[${new Array(100).fill('1.5').join(',')}]`;
    expectSame(JSON.stringify({ text: numbers, [numbers]: '\\"[1,2', back: '\\', slash: `\\\\${numbers}`, x: JSON.parse(numbers) as number[] }));
  });

  it('refuses keys that reach into prototypes', () => {
    const numbers = new Array(100).fill(1).join(',');
    for (const text of [`{"__proto__":[${numbers}]}`, `{"x":[${numbers}],"constructor":{"prototype":1}}`]) {
      expect(() => reader.parse(Buffer.from(text))).toThrow(SyntaxError);
    }
  });

  it('keeps what one text gave when the next is read', () => {
    const read = (value: number) => reader.parse(Buffer.from(JSON.stringify(new Array(1000).fill(value)))) as PackedNumbers;
    const first = read(1);
    read(2);
    expect(first.values.every((value) => value === 1)).toBe(true);
  });
});
