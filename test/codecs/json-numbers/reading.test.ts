import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecBench, halfwayText, randomWords } from './support.ts';
import { numRuns } from '../../thorough.ts';

const bench = new CodecBench();
const inRange = (text: string): boolean => Math.abs(Number(text)) < 2 ** 128 - 2 ** 103;

/** Holds the numbers of texts against Number, all in one array. */
function expectExact(texts: readonly string[]): void {
  const read = bench.read(`[${texts.join(',')}]`);
  if (typeof read === 'number') throw new Error(`stopped at ${read} of [${texts.join(',').slice(Math.max(0, read - 40), read + 40)}]`);
  const wrong = texts.findIndex((text, i) => !Object.is(read.values[i], Number(text)));
  if (wrong >= 0) expect.fail(`${texts[wrong]!} is read as ${read.values[wrong]!}`);
  expect(read).toMatchObject({ shape: [texts.length], rest: '' });
}

const negative = fc.boolean();
const digits = (most: number) => fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: 1, maxLength: most });
/** Any number that JSON's grammar has, most of them near where something changes. */
const grammar = fc
  .tuple(
    negative,
    fc.oneof(
      fc.constant('0'),
      digits(25).map((text) => text.replace(/^0+/, '') || '7'),
    ),
    fc.option(digits(40)),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(4))),
  )
  .map(
    ([minus, whole, fraction, power]) =>
      `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}${power === null ? '' : power.join('')}`,
  )
  .filter(inRange);

describe('reading numbers', () => {
  it('rounds as Number does, whatever the grammar allows', () => {
    fc.assert(fc.property(fc.array(grammar, { minLength: 1, maxLength: 20 }), expectExact), { numRuns: numRuns(5000) });
  });

  it('reads back every way in which a float64 is printed', () => {
    const float = new Float64Array(1);
    const words = new Uint32Array(float.buffer);
    const random = randomWords(200_000, 1);
    for (let from = 0; from < random.length; from += 1000) {
      const texts: string[] = [];
      for (let i = from; i < from + 1000; i += 2) {
        words.set([random[i]!, random[i + 1]!]);
        if (!(Math.abs(float[0]!) < 3e38)) continue;
        const digits = 1 + (i % 21);
        texts.push(String(float[0]), float[0]!.toExponential(digits - 1), float[0]!.toPrecision(digits));
      }
      expectExact(texts);
    }
  });

  it('reads back fractions of one to thirty digits', () => {
    const random = randomWords(60_000, 2);
    const texts = Array.from(random, (word, i) => {
      const many = String(word).padStart(10, '0').repeat(3);
      return `${word % 2 === 0 ? '-' : ''}${word % 3 === 0 ? word % 1000 : word % 10}.${many.slice(0, 1 + (i % 30))}`;
    });
    expectExact(texts);
  });

  it('reads up to eighteen digits with a point anywhere among them, wherever the text begins', () => {
    const digits = '987654321098765432';
    const texts = Array.from({ length: 18 }, (_, i) => digits.slice(0, i + 1)).flatMap((whole) => [
      whole,
      `-${whole}`,
      ...Array.from({ length: whole.length }, (_, i) => `${i === 0 ? '0' : whole.slice(0, i)}.${whole.slice(i)}`),
    ]);
    const values = Float64Array.from(texts, Number);
    for (let misaligned = 0; misaligned < 70; misaligned++) {
      for (const separator of [',', ', ', ',  ', ' ,\n']) {
        expect(bench.read(`[${texts.join(separator)}]`, misaligned)).toEqual({ values, shape: [texts.length], rest: '' });
      }
    }
  });

  it('refuses what is no number among usual ones', () => {
    for (const bad of [
      '',
      ' ',
      '01',
      '00.5',
      '-01',
      '.5',
      '-.5',
      '5.',
      '-5.',
      '-',
      '--1',
      '1.2.3',
      '1-',
      '1 2',
      '0x1',
      '+1',
      '1e',
      '1/2',
      '1:2',
      '"1"',
      'a',
      '1.a',
      '1234567890123456a',
    ]) {
      for (const before of [0, 1, 5, 40]) {
        for (const separator of [',', ', ']) {
          expect(bench.read(`[${[...new Array<string>(before).fill('1.25'), bad, '2.5', '3'].join(separator)}]`), bad).toBeTypeOf('number');
        }
      }
    }
  });

  it('rounds halves to even, and what is a digit beside them to its side', () => {
    const float = new Float64Array(1);
    const words = new Uint32Array(float.buffer);
    const random = randomWords(1200, 3);
    const texts: string[] = [];
    for (let i = 0; i < random.length; i += 2) {
      words.set([random[i]!, random[i + 1]! & 0x7fffffff]);
      if (!(float[0]! < 3e38)) continue;
      const [digits, power = '0'] = halfwayText(float[0]!).split('e') as [string, string?];
      const below = `${BigInt(digits) * 10n - 1n}e${Number(power) - 1}`;
      texts.push(`${digits}e${power}`, `${digits}0000e${Number(power) - 4}`, `${digits}1e${Number(power) - 1}`, below);
    }
    for (let i = 0; i < texts.length; i += 100) expectExact(texts.slice(i, i + 100));
  });

  it.each([
    '0',
    '-0',
    '-0.0',
    '0e5',
    '-0e-5',
    '0.0e999',
    '1e-400',
    '5e-324',
    '2.4703282292062327e-324',
    '2.4703282292062328e-324',
    '2.2250738585072011e-308',
    '2.2250738585072014e-308',
    '1.4e-45',
    '7.006492321624085e-46',
    '3.4028235677973362e38',
    '9007199254740993',
    '9007199254740992',
    '9007199254740991.5',
    '123456789012345678901234567890',
    '0.000000000000000000000000000000000000000000000000001',
    '1e22',
    '1e23',
    '8.5e22',
    '1.7976931348623157e-308',
    `0.${'0'.repeat(400)}1e400`,
    `1${'0'.repeat(38)}`,
    `${'9'.repeat(30)}.${'9'.repeat(60)}`,
    '1e-99999999999999999999',
    '0e99999999999999999999',
    '6631236871469758276785396630275967e-65',
  ])('reads %s', (text) => {
    expectExact([text, `-${text.replace(/^-/, '')}`, '1']);
  });

  it.each(['3.4028235677973366e38', '-3.4028235677973366e38', '1e39', '1e999', '-1e999', `1${'0'.repeat(400)}`])(
    'leaves %s, which float32 cannot hold, to others',
    (text) => {
      expect(bench.read(`[1,${text}]`)).toBeTypeOf('number');
    },
  );
});

describe('reading arrays', () => {
  it.each<[string, number[], number[], string]>([
    ['[1]', [1], [1], ''],
    ['[1,2]', [1, 2], [2], ''],
    ['[[1,2],[3,4],[5,6]]', [1, 2, 3, 4, 5, 6], [3, 2], ''],
    ['[[[1]],[[2]]]', [1, 2], [2, 1, 1], ''],
    [' \t\r\n[ 1 ,\n[2]'.trim().replace(',\n[2]', ' , 2 ] , 3'), [1, 2], [2], ' , 3'],
    ['[\t[ 1.5 , -2e1 ]\r\n, [3,4] ]}', [1.5, -20, 3, 4], [2, 2], '}'],
    ['[0.5,1.25]', [0.5, 1.25], [2], ''],
    ['[1.0 ,2.0\n]x', [1, 2], [2], 'x'],
  ])('reads %j', (text, values, shape, rest) => {
    for (let misaligned = 0; misaligned < 16; misaligned++) {
      expect(bench.read(text, misaligned)).toEqual({ values: Float64Array.from(values), shape, rest });
    }
  });

  it.each([
    '[',
    '[]',
    '[[]]',
    '[1',
    '[1,',
    '[1,]',
    '[,1]',
    '[1 2]',
    '[1,,2]',
    '[[1],2]',
    '[1,[2]]',
    '[[1,2],[3]]',
    '[[1],[2,3]]',
    '[[1],[[2]]]',
    '[[[1]],[2]]',
    '[1}',
    '["1"]',
    '[null]',
    '[true]',
    '[{}]',
    '[01]',
    '[-01]',
    '[00]',
    '[+1]',
    '[.5]',
    '[1.]',
    '[1.e1]',
    '[1e]',
    '[1e+]',
    '[-]',
    '[--1]',
    '[1-]',
    '[0x1]',
    '[1_0]',
    '[1.2.3]',
    '[1e1.5]',
    '[NaN]',
    '[Infinity]',
    '[1f]',
    '[1.5',
    '[1.5,2.5',
    '[0.1234567890123456',
    '[1\u00a0]',
    '[1\v]',
    '[1\u0000]',
    '[0.5;1]',
    `[${'['.repeat(70)}1${']'.repeat(70)}]`,
    '[1e5',
    '[-',
    '[0.5,-',
    '[0.5,-1.',
  ])('does not read %j', (text) => {
    expect(bench.read(text)).toBeTypeOf('number');
  });

  it.each<[string, number, number[], { length: number; expected: number }?]>([
    ['[[1,2],[3,4],[5]]', 15, [2], { length: 1, expected: 2 }],
    ['[[1],[2,3]]', 9, [1], { length: 2, expected: 1 }],
    ['[[[1],[2]],[[3]]]', 15, [1], { length: 1, expected: 2 }],
    ['[[[1],[2]],[[3],[4,5]]]', 20, [1, 1], { length: 2, expected: 1 }],
    ['[1,2,NaN]', 5, [2]],
    ['[[1,2],[3,null]]', 10, [1, 1]],
    ['[[1],2]', 5, [1]],
    ['[1,[2]]', 3, [1]],
    ['["a"]', 1, [0]],
    ['[[],[]]', 2, [0, 0]],
  ])('says where and why it does not read %j', (text, at, indices, ragged) => {
    expect(bench.stop(text)).toEqual({ at, indices, ...(ragged && { ragged }) });
  });

  it('does not read on behind the text, whatever stands there', () => {
    for (const text of ['[1', '[0.5,1.', '[1e', '[1.5,2', '[-', '[0.123456789012345', '[[1,2],[3']) {
      // Longer texts first: what is left of them stands behind the next.
      bench.read(`${text}${'7'.repeat(5000)},1]]`);
      bench.read(text);
      expect(bench.read(text)).toBeTypeOf('number');
    }
  });

  it('counts commas, and says whether a text is ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(',', '1', '"', 'é'), maxLength: 100 }), (text) => {
        expect(bench.prescan(text)).toEqual({ commas: text.split(',').length - 1, isAscii: !text.includes('é') });
      }),
    );
  });
});
