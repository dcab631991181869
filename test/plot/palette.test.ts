import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classOf, colourCount, colourOf, dashOf, ink, palettes } from '../../src/plot/palette.ts';
import { ciede2000, labOf, linearRgb } from './colour-difference.ts';

type Rgb = readonly [number, number, number];

/** How colours look with each kind of colour blindness, in linear light: Machado, Oliveira and Fernandes (2009), severity 1. */
const blindness: Readonly<Record<string, readonly Rgb[]>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function seenWith(rows: readonly Rgb[], colour: Rgb): Rgb {
  const [r, g, b] = rows.map((row) => Math.min(1, Math.max(0, row[0] * colour[0] + row[1] * colour[1] + row[2] * colour[2])));
  return [r!, g!, b!];
}

/** The two colours that differ least, and by how much. */
function nearestPair(colours: readonly string[], see: (colour: Rgb) => Rgb = (colour) => colour): { pair: string; difference: number } {
  const pairs = colours.flatMap((a, i) => colours.slice(i + 1).map((b) => [a, b] as const));
  return pairs
    .map(([a, b]) => ({ pair: `${a} ${b}`, difference: ciede2000(labOf(see(linearRgb(a))), labOf(see(linearRgb(b)))) }))
    .reduce((least, one) => (one.difference < least.difference ? one : least));
}

function luminance(colour: string): number {
  const [r, g, b] = linearRgb(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

it('CIEDE2000 is that of its authors, of pairs among their test data', () => {
  expect(ciede2000([50, 2.6772, -79.7751], [50, 0, -82.7485])).toBeCloseTo(2.0425, 4);
  expect(ciede2000([50, 2.5, 0], [56, -27, -3])).toBeCloseTo(31.903, 4);
  expect(ciede2000([90.8027, -2.0831, 1.441], [91.1528, -1.6435, 0.0447])).toBeCloseTo(1.4441, 4);
});

describe.each(Object.entries(palettes))('the colours on a %s ground', (name, { ground, neutral, series }) => {
  it('differ by 20 at least, and by 10 to the colour-blind', () => {
    const all = [neutral, ...series];
    const { pair, difference } = nearestPair(all);
    expect(difference, pair).toBeGreaterThan(20);
    for (const [kind, rows] of Object.entries(blindness)) {
      const seen = nearestPair(all, (colour) => seenWith(rows, colour));
      expect(seen.difference, `${seen.pair} with ${kind}`).toBeGreaterThan(10);
    }
  });

  it('stand out from it', () => {
    for (const colour of [neutral, ...series]) expect(contrast(colour, ground), colour).toBeGreaterThan(3);
  });

  it("are those of the page's style sheet", () => {
    const css = readFileSync(new URL('../../page/style.css', import.meta.url), 'utf8');
    const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)');
    const colours = Object.fromEntries(
      [...(name === 'light' ? light : dark).matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, key, value]): [string, string] => [
        key!,
        value!,
      ]),
    );
    expect(colours).toMatchObject({ ground, neutral, ...Object.fromEntries(series.map((colour, i) => [`series-${i}`, colour])) });
    expect(css.match(/svg \.series-\d \{/g)).toHaveLength(series.length);
  });
});

it('text is read easily on white', () => {
  expect(contrast(ink.text, ink.ground)).toBeGreaterThan(7);
});

it('colours come again with other dashes, which begin with the fifth style', () => {
  const styles = Array.from({ length: 16 }, (_, style) => `${colourOf(style)} ${dashOf(style)}`);
  expect(new Set(styles).size).toBe(16);
  expect(Array.from({ length: 6 }, (_, style) => dashOf(style) !== '')).toEqual([false, false, false, false, true, true]);
  expect(colourOf(colourCount)).toBe(colourOf(0));
  expect(classOf(colourCount)).toBe('series-0');
  expect(dashOf('neutral')).toBe('');
});
