import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compileNumberCodec, NumberCodec } from '../../src/codecs/json-numbers/index.ts';
import { InlineJsonReader } from '../../src/codecs/json-reader.ts';
import { parseJsonBody } from '../../src/codecs/json-body.ts';
import { NumericArray } from '../../src/codecs/request-tensors.ts';
import { Problem } from '../../src/errors/problems.ts';
import { numRuns } from '../thorough.ts';

await compileNumberCodec();
const reader = new InlineJsonReader();

/** What JSON.parse would have given, from what the reader gives. */
function unpacked(value: unknown): unknown {
  if (value instanceof NumericArray) return nested(Array.from(value.values), value.shape);
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
    if (!(error instanceof Problem)) throw error;
    return 'refused';
  }
}

function shapeOf(array: unknown): number[] {
  return Array.isArray(array) ? [array.length, ...shapeOf(array[0])] : [];
}

/** Holds the reader against the ordinary parser, which is JSON.parse but for keys that reach into prototypes: both give the same, or both refuse. */
function expectSame(text: string): void {
  const bytes = Buffer.from(text);
  const expected = outcome(() => parseJsonBody(bytes.toString()));
  expect(
    outcome(() => unpacked(reader.parse(bytes))),
    text.slice(0, 200),
  ).toEqual(expected);
}

/** Numbers that float32 can hold, so that all arrays of them are read by the codec. */
const number = fc.oneof(
  fc.double({ min: -1e38, max: 1e38, noNaN: true }),
  fc.integer(),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
);
const row = (length: number) => fc.array(number, { minLength: length, maxLength: length });
const tensor = fc.oneof(
  fc.integer({ min: 60, max: 90 }).chain(row),
  fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
    .chain(([rows, length]) => fc.array(row(length), { minLength: rows, maxLength: rows })),
  fc.array(fc.array(number, { maxLength: 40 }), { maxLength: 4 }),
);
const body = fc.tuple(tensor, fc.jsonValue(), tensor, fc.string()).map(([a, b, c, d]) => ({ a, [d]: b, deep: [{ c }, d, b], d }));
const spaced = fc.tuple(body, fc.constantFrom(undefined, 1, '\t')).map(([value, space]) => JSON.stringify(value, null, space));

describe('reading JSON with its arrays of numbers packed', () => {
  it('gives what JSON.parse gives', () => {
    fc.assert(fc.property(spaced, expectSame), { numRuns: numRuns(2000) });
  });

  it('refuses what JSON.parse refuses', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      drop: fc.integer({ min: 0, max: 3 }),
      put: fc.string({ unit: fc.constantFrom(...Array.from('0123456789+-.eE,[]{}:" \\\n\u00e4x')), maxLength: 3 }),
    });
    fc.assert(
      fc.property(spaced, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let changed = text;
        for (const { at, drop, put } of changes) {
          const index = Math.floor(at * changed.length);
          changed = changed.slice(0, index) + put + changed.slice(index + drop);
        }
        expectSame(changed);
      }),
      { numRuns: numRuns(10_000) },
    );
  });

  it('packs arrays of more than 64 numbers, and leaves shorter ones alone', () => {
    const { long, short, ragged } = reader.parse(
      Buffer.from(JSON.stringify({ long: new Array(65).fill(0.5), short: new Array(64).fill(0.5), ragged: [new Array(70).fill(1), [1]] })),
    ) as Record<string, unknown>;
    expect(long).toEqual(new NumericArray(new Float64Array(65).fill(0.5), [65]));
    expect(short).toHaveLength(64);
    expect(ragged).toEqual([new Array(70).fill(1), [1]]);
  });

  it('packs what is long beside any number of short arrays', () => {
    const surrogates = Array.from({ length: 1024 }, (_, i) => ({
      name: 'sigmoid',
      alpha: i,
      linspace: [0, i, 9],
      deep: [[i], [[i, 'a']]],
    }));
    const x = Array.from({ length: 100 }, (_, i) => [i / 8]);
    const { x: packed, ...rest } = reader.parse(
      Buffer.from(JSON.stringify({ surrogate: surrogates, record: ['v', 'spikes'], x, empty: new Array(500).fill([]) })),
    ) as Record<string, unknown>;
    expect(packed).toEqual(new NumericArray(Float64Array.from(x.flat()), [100, 1]));
    expect(rest).toEqual({ surrogate: surrogates, record: ['v', 'spikes'], empty: new Array(500).fill([]) });
  });

  it('packs rows of any number and length', () => {
    for (const row of ['[0]', '[1,2]', '[[1],[2]]']) {
      const rows = 600_000;
      const { x } = reader.parse(Buffer.from(`{"x":[${`${row},`.repeat(rows).slice(0, -1)}]}`)) as { x: NumericArray };
      expect(x.shape).toEqual([rows, ...shapeOf(JSON.parse(row))]);
    }
  });

  it('looks into no string', () => {
    const numbers = `[${new Array(100).fill('1.5').join(',')}]`;
    expectSame(
      JSON.stringify({ text: numbers, [numbers]: '\\"[1,2', back: '\\', slash: `\\\\${numbers}`, x: JSON.parse(numbers) as number[] }),
    );
  });

  it('refuses keys that reach into prototypes', () => {
    const numbers = new Array(100).fill(1).join(',');
    for (const text of [`{"__proto__":[${numbers}]}`, `{"x":[${numbers}],"constructor":{"prototype":1}}`]) {
      expect(() => reader.parse(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'forbidden_key' }) as Error);
    }
  });

  it('keeps what one text gave when the next is read', () => {
    const read = (value: number) => reader.parse(Buffer.from(JSON.stringify(new Array(1000).fill(value)))) as NumericArray;
    const first = read(1);
    read(2);
    expect(first.values.every((value) => value === 1)).toBe(true);
  });
});

describe('the work of reading many short arrays', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each<[string, (i: number) => unknown]>([
    ['short tensors', (): unknown => [0.5, 1.5]],
    ['empty arrays', () => []],
    ['names', (i) => ['v', i]],
    ['long arrays', () => new Array<number>(70).fill(0.5)],
    ['short and long arrays', (i) => new Array<number>(i % 2 === 0 ? 3 : 70).fill(0.5)],
  ])('grows with their number: %s', (_name, one) => {
    for (const count of [500, 4000]) {
      const text = Buffer.from(`{${Array.from({ length: count }, (_, i) => `"${i}":${JSON.stringify(one(i))}`).join()}}`);
      const toString = vi.spyOn(Buffer.prototype as Buffer, 'toString');
      const readArray = vi.spyOn(NumberCodec.prototype, 'readArray');
      reader.parse(text);
      const copied = toString.mock.calls.reduce((bytes, [, start = 0, end = text.length]) => bytes + end - start, 0);
      expect(copied).toBeLessThanOrEqual(text.length);
      expect(readArray.mock.calls.length).toBeLessThanOrEqual(count);
      vi.restoreAllMocks();
    }
  });
});

describe('a text of which JSON.parse would make too much', () => {
  const refused = (text: string) => {
    try {
      return reader.parse(Buffer.from(text));
    } catch (error) {
      return error;
    }
  };
  const many = (unit: string) => `${unit},`.repeat(600_000).slice(0, -1);
  const flat = many('0.5');

  it.each([
    [`[${many('[0]')},[0,1]]`, '/x/600000: ragged: has length 2, but /x/0 has length 1; all must have the same'],
    [`[[${flat}],[${flat},1]]`, '/x/1: ragged: has length 600001, but /x/0 has length 600000; all must have the same'],
    [`[[[1],[2]],[[3],[4,5]],${many('[[1],[2]]')}]`, '/x/1/1: ragged: has length 2, but /x/0/0 has length 1; all must have the same'],
    [`[${many('[1],[1,2]')}]`, '/x/1: ragged: has length 2, but /x/0 has length 1; all must have the same'],
    [
      `[${many(`[${new Array(70).fill(1).join()}],[1]`).slice(0, 20_000_000)}`,
      '/x/1: ragged: has length 1, but /x/0 has length 70; all must have the same',
    ],
    [`[${flat},null]`, `/x/600000: must be a finite number within float32's range, in an array as long as those beside it, found "null"`],
    [`[${flat},1e39]`, `/x/600000: must be a finite number within float32's range, in an array as long as those beside it, found "]"`],
    [`[${many('[]')}]`, '/x/0/0: is an empty array, and a tensor has no more than 65536 rows of none'],
    [
      `{"data":[${flat},null]}`,
      `/x/data/600000: must be a finite number within float32's range, in an array as long as those beside it, found "null"`,
    ],
    [`[{"a":1},${flat}]`, 'The body: has more than 500000 values that belong to no rectangular array of numbers; no request needs as many'],
    [
      `[["ä", 1],[${flat}],["a",${many('null')}]]`,
      `/x/0/0: must be a finite number within float32's range, in an array as long as those beside it, found "\\""`,
    ],
    [`[[1],2],"y":[${many('{"a":[')}`, 'The body: is nested more than 100 levels deep; a tensor has at most 64 dimensions'],
    [`[${many('"a"')}]`, 'The body: has more than 20000 objects, keys and strings; no request needs as many'],
  ])('is refused before it is made, with where that begins: case %#', (x, message) => {
    expect(refused(`{"surrogate":[{"name":"sigmoid"}],"z":[${new Array(80).fill(1).join()}],"x":${x}}`)).toMatchObject({
      code: 'invalid_request',
      message,
    });
  });

  it.each([
    ['NaN', 'NaN'],
    ['-Infinity', '-Infinity'],
    ['', ']'],
    [',', ','],
    ['tru', 'tru'],
  ])('is no JSON from %j on', (end, unexpected) => {
    const text = `{"surrogate":"sigmoid","z":[${new Array(80).fill(1).join()}],"x":[${flat},`;
    expect(refused(`${text}${end}]}`)).toMatchObject({
      code: 'invalid_json',
      message: expect.stringContaining(`Unexpected "${unexpected}" at position ${text.length} `) as string,
    });
  });

  it('is told of words that are Python', () => {
    expect(refused(`{"ä":1,\n"x":[${flat},NaN]}`)).toMatchObject({
      code: 'invalid_json',
      message: 'Unexpected "NaN" at position 2400013 (line 2, column 2400006); that is Python or JavaScript, not JSON.',
    });
  });
});
