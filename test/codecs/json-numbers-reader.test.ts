import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InlineNumbers } from '../../src/codecs/inline-numbers.ts';
import { numberCodec } from '../../src/codecs/json-numbers/compiled.ts';
import { JsonNumbersReader } from '../../src/codecs/json-numbers-reader.ts';
import { NumberCodec } from '../../src/codecs/json-numbers/number-codec.ts';
import { parseJsonBody } from '../../src/codecs/json-body.ts';
import { PackedNumbers } from '../../src/codecs/packed-numbers.ts';
import { cutOf, type SecondReader } from '../../src/codecs/text-halves.ts';
import { Arena } from '../../src/compute/arena.ts';
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

describe('reading a text together with another', () => {
  const memory = new Arena();
  const first = new JsonNumbersReader(numberCodec, memory);
  const second = new NumberCodec(numberCodec, memory.memory, memory.allocate(NumberCodec.bytes));
  const start = memory.mark();

  /** Reads the second half when it is asked to, in the same thread. */
  function secondReaderOf(text: Uint8Array, cut: number): SecondReader & { asked: number } {
    const [from, end] = [text.byteOffset + cut, text.byteOffset + text.length];
    let part: ReturnType<NumberCodec['readOn']>;
    return {
      cut,
      asked: 0,
      secondLook: () => second.lookThrough(from, end),
      ask(out, depth) {
        part = second.readOn(from, end, out, depth);
        return ++this.asked === 1;
      },
      awaitAnswer: () => (typeof part === 'number' ? undefined : part),
    };
  }

  /** Holds what both read against JSON.parse; whether the second was asked. */
  function expectSameInHalves(text: string): boolean {
    memory.release(start);
    const bytes = Buffer.from(text);
    const address = memory.allocate(bytes.length);
    memory.setBytes(address, bytes);
    const view = memory.bytes(address, bytes.length);
    const cut = cutOf(view);
    const other = cut === undefined ? undefined : secondReaderOf(view, cut);
    const expected = outcome(() => parseJsonBody(text));
    expect(outcome(() => unpacked(first.parse(view, other))), text.slice(0, 200)).toEqual(expected);
    return other !== undefined && other.asked > 0;
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, i) => Math.round(1e8 * Math.sin(i)) / 1e8);
  const rows = (count: number, length: number) => Array.from({ length: count }, (_, i) => numbers(length).map((value) => value + i));

  it('gives what JSON.parse gives, and shares the long array', () => {
    for (const x of [numbers(3000), rows(3, 1000), rows(100, 20), [rows(30, 40), rows(30, 40)], [[[numbers(2000)]]]]) {
      for (const space of [undefined, 1]) {
        expect(expectSameInHalves(JSON.stringify({ surrogate: { name: 'sigmoid' }, short: numbers(100), x, behind: [numbers(80), 'text'] }, null, space))).toBe(true);
      }
    }
  });

  it('gives what JSON.parse gives where there is nothing to share', () => {
    for (const body of [{ x: numbers(300) }, { text: numbers(3000).join() }, { first: numbers(1000), text: numbers(3000).join() }, [numbers(200), numbers(200), numbers(3000)], { x: numbers(3000).map(String) }]) {
      expectSameInHalves(JSON.stringify(body));
    }
  });

  it('gives what JSON.parse gives, or refuses what it refuses, whatever is wrong in either half', () => {
    const text = JSON.stringify({ x: rows(4, 500), y: numbers(100) });
    const places = fc.tuple(fc.integer({ min: 0, max: text.length }), fc.constantFrom('', '7', ',', '[', ']', '],[', '"', '\\u00e4', '1e999', 'x', ',"a",', '}'), fc.integer({ min: 0, max: 3 }));
    fc.assert(fc.property(places, ([at, put, drop]) => { expectSameInHalves(text.slice(0, at) + put + text.slice(at + drop)); }), { numRuns: 1000 });
  });
});
