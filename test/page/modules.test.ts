import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readAddress, readRange, readSurrogates, writeAddress, writeSurrogates, type PickedSurrogate } from '../../page/address.ts';
import { currentOf, waveforms, type CurrentSettings } from '../../page/currents.ts';
import { newest } from '../../page/newest.ts';
import { readNumber } from '../../page/number-text.ts';
import { snippets } from '../../page/snippets.ts';
import { csv, tableOf, thinned } from '../../page/table.ts';

describe('the address', () => {
  it('is read as it was written, whatever is in it', () => {
    const address = {
      part: 'gallery',
      settings: new Map([
        ['compare', 'sigmoid;erf(alpha:2)'],
        ['x', '-1,1'],
        ['odd', 'a=b&c#%?é'],
      ]),
    };
    const hash = writeAddress(address);
    expect(hash).toMatch(/^#gallery\?compare=sigmoid;erf\(alpha:2\)&x=-1,1&odd=/);
    expect(readAddress(hash)).toEqual(address);
  });

  it.each(['', '#', '#?', '#neuron?&=&&tau', '#neuron?tau=%E0%A4%A'])('%j is read without an error', (hash) => {
    expect(() => readAddress(hash)).not.toThrow();
  });

  it('has surrogates with their parameters, and names what is none', () => {
    const problems: string[] = [];
    const read = (text: string): PickedSurrogate[] => readSurrogates(text, (problem) => problems.push(problem));
    const picked = [
      { name: 'snntorch.atan', parameters: { alpha: 2.5 } },
      { name: 'sinabs.Gaussian', parameters: { mu: -0.5, sigma: 1e-3 } },
      { name: 'erf', parameters: {} },
    ];
    expect(read(writeSurrogates(picked))).toEqual(picked);
    expect(read('')).toEqual([]);
    expect(problems).toEqual([]);
    expect(read(';;(alpha:2);erf(alpha:x,beta:,gamma:1)')).toEqual([{ name: 'erf', parameters: { gamma: 1 } }]);
    expect(problems).toEqual([
      '"(alpha:2)" is not a surrogate; write a name, or a name with parameters: erf(alpha:2)',
      'erf: "alpha:x" is not a parameter with a number; write it as alpha:2',
      'erf: "beta:" is not a parameter with a number; write it as alpha:2',
    ]);
  });

  it.each([
    ['-2,2', [-2, 2]],
    ['2,-2', undefined],
    ['1,1', undefined],
    ['1', undefined],
    ['1,2,3', undefined],
    [',1', undefined],
    ['a,b', undefined],
    [undefined, undefined],
  ])('%j is the range %j', (text, range) => {
    expect(readRange(text)).toEqual(range);
  });
});

describe('a number that is typed', () => {
  const rule = { label: 'tau', minimum: 0.001, maximum: 100 };
  it.each([
    ['10', 10],
    [' 1e1 ', 10],
    ['0.001', 0.001],
  ])('%j is %d', (text, value) => {
    expect(readNumber(text, rule)).toEqual({ value });
  });

  it.each([
    ['', 'tau must be a number from 0.001 to 100; the field is empty'],
    ['1,5', 'tau must be a number from 0.001 to 100, not "1,5"'],
    ['0', 'tau must be a number from 0.001 to 100, not 0'],
    ['Infinity', 'tau must be a number from 0.001 to 100, not "Infinity"'],
  ])('%j is wrong, and it is said why', (text, problem) => {
    expect(readNumber(text, rule)).toEqual({ problem });
  });

  it('has to be whole where that is needed', () => {
    expect(readNumber('1.5', { ...rule, integer: true })).toEqual({ problem: 'tau must be a whole number from 0.001 to 100, not 1.5' });
    expect(readNumber('−0.5', { ...rule, minimum: -1 })).toEqual({ value: -0.5 });
  });
});

describe('a current', () => {
  const settings: CurrentSettings = {
    waveform: 'constant',
    steps: 1000,
    dt: 0.1,
    amplitude: 1.5,
    baseline: 0.5,
    onset: 10,
    deviation: 2,
    frequency: 100,
    seed: 7,
  };
  const of = (more: Partial<CurrentSettings>): number[] => currentOf({ ...settings, ...more });

  it.each(waveforms)('%s has a number for each step', (waveform) => {
    const current = of({ waveform });
    expect(current).toHaveLength(1000);
    expect(current.every(Number.isFinite)).toBe(true);
    expect(of({ waveform, steps: 1 })).toHaveLength(1);
  });

  it('steps, ramps and swings as it says', () => {
    const step = of({ waveform: 'step' });
    expect(step.indexOf(1.5)).toBe(100);
    expect(new Set(step)).toEqual(new Set([0.5, 1.5]));
    expect(of({ waveform: 'ramp', steps: 3 })).toEqual([0.5, 1, 1.5]);
    const sine = of({ waveform: 'sine' });
    expect([sine[0], sine[25], sine[75], sine[100]]).toEqual([1.5, 3.5, -0.5, 1.5]);
  });

  it('is noise of its mean and deviation, the same for the same seed', () => {
    const noise = of({ waveform: 'noise', steps: 20_000 });
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    const deviation = Math.sqrt(noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noise.length);
    expect(mean).toBeCloseTo(1.5, 1);
    expect(deviation).toBeCloseTo(2, 1);
    expect(of({ waveform: 'noise', steps: 20_000 })).toEqual(noise);
    expect(of({ waveform: 'noise', seed: 8 })).not.toEqual(of({ waveform: 'noise' }));
  });
});

describe('newest', () => {
  it('runs one at a time, and the newest next', async () => {
    let asked = 0;
    let running = 0;
    const seen: number[] = [];
    const run = newest(async () => {
      running++;
      expect(running).toBe(1);
      const mine = asked;
      await sleep(20);
      seen.push(mine);
      running--;
    });
    for (; asked < 5; asked++) run();
    await expect.poll(() => seen).toEqual([0, 5]);
  });

  it('gives up one that takes long for a newer one', async () => {
    const ended: string[] = [];
    let delayMs = 60_000;
    const run = newest(async (signal) => {
      await sleep(delayMs, undefined, { signal }).then(
        () => ended.push('done'),
        () => ended.push('given up'),
      );
    });
    run();
    await sleep(300);
    delayMs = 1;
    run();
    await expect.poll(() => ended).toEqual(['given up', 'done']);
  });
});

describe('a table', () => {
  it('is CSV with every digit, and quotes where it needs them', () => {
    const table = tableOf([
      ['x', [1, 0.1]],
      ['name, with "quotes"', ['a', 'b\nc']],
    ]);
    expect(csv(table)).toBe('x,"name, with ""quotes"""\r\n1,a\r\n0.1,"b\nc"\r\n');
  });

  it('is thinned evenly', () => {
    expect(thinned([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 3, 6]);
    expect(thinned([0, 1], 3)).toEqual([0, 1]);
  });
});

it('a request is written so that nothing in it ends a text early', () => {
  const texts = snippets(
    [{ path: '/lif/grad', body: { a: "it's", b: [true, null, { c: 1 }] } }],
    (path) => `http://localhost:3000${path}`,
    false,
  );
  expect(texts.map(({ language }) => language)).toEqual(['curl', 'fetch', 'Python']);
  expect(texts[0]!.text).toContain(String.raw`'{"a":"it'\''s","b":[true,null,{"c":1}]}'`);
  expect(snippets([{ path: '/', body: {} }], String, true).every(({ text }) => text.includes('Bearer YOUR-KEY'))).toBe(true);
  expect(texts[0]!.text).not.toContain('Bearer');
  expect(texts[2]!.text).toContain('body = {"a": "it\'s", "b": [True, None, {"c": 1}]}');
});
