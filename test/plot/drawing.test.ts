import { describe, expect, it } from 'vitest';
import { drawFigure, escapeXml, polylinePath } from '../../src/plot/draw.ts';
import type { Figure, Mark } from '../../src/plot/figure.ts';
import { layOut, type Frame } from '../../src/plot/layout.ts';
import { decadeDomain, decadeTicks, fromPixel, niceDomain, numberText, sharedDomain, ticks, toPixel } from '../../src/plot/scale.ts';

const line = (label: string, style: number): Mark => ({ kind: 'line', label, style, x: [0, 1], y: [0, 1] });
const figure = (marks: readonly Mark[], more: Partial<Figure> = {}): Figure => ({
  title: 'A picture',
  width: 400,
  height: 200,
  panels: [{ x: { label: 'x', domain: [0, 1] }, y: { domain: [0, 1] }, marks }],
  ...more,
});

describe('a scale', () => {
  it('goes to pixels and back', () => {
    const scale = { domain: [-2, 2], range: [10, 110] } as const;
    expect(toPixel(scale, 0)).toBe(60);
    expect(fromPixel(scale, toPixel(scale, 1.25))).toBeCloseTo(1.25, 12);
  });

  it.each([
    [[0, 1], 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [[-2, 2], 4, [-2, -1, 0, 1, 2]],
    [[0.5, 2.5], 4, [0.5, 1, 1.5, 2, 2.5]],
    [[0, 0], 4, []],
  ] as const)('of %j has about %d ticks at round numbers', (domain, wanted, expected) => {
    expect(ticks(domain, wanted)).toEqual(expected);
  });

  it('that is logarithmic has equal ratios equally far apart, and no place for what is not positive', () => {
    const scale = { domain: [0.01, 100], range: [0, 400], log: true } as const;
    expect([0.01, 0.1, 1, 10, 100].map((value) => Math.round(toPixel(scale, value)))).toEqual([0, 100, 200, 300, 400]);
    expect(fromPixel(scale, toPixel(scale, 3))).toBeCloseTo(3, 12);
    expect(toPixel(scale, 0)).toBe(-Infinity);
    expect(toPixel(scale, -1)).toBeNaN();
  });

  it.each([
    [[1, 1e3], 8, [1, 10, 100, 1000]],
    [[1, 1e7], 4, [1, 100, 1e4, 1e6]],
    [[0.002, 0.5], 4, [0.01, 0.1]],
    [[2, 5], 4, []],
  ] as const)('that is logarithmic, of %j, has ticks at powers of ten', (domain, wanted, expected) => {
    expect(decadeTicks(domain, wanted)).toEqual(expected);
  });

  it('that is logarithmic ends at powers of ten', () => {
    expect(
      decadeDomain([
        [3, 40],
        [0, 0.2, NaN],
      ]),
    ).toEqual([0.1, 100]);
    expect(decadeDomain([[10]])).toEqual([10, 100]);
    expect(decadeDomain([])).toEqual([1, 10]);
  });

  it('has an end beyond all numbers, whatever they are', () => {
    expect(
      niceDomain([
        [1, 3],
        [NaN, -1, Infinity],
      ]),
    ).toEqual([-1.2, 3.2]);
    expect(niceDomain([], [0, 1])).toEqual([-0.05, 1.05]);
    expect(niceDomain([])).toEqual([0, 1]);
    expect(niceDomain([[5, 5]])).toEqual([2.5, 7.5]);
  });

  it('is shared by curves of about one height, and not stretched by one that is far taller', () => {
    const step = [0, 1];
    expect(sharedDomain([step, step, [0, 3]], [0])).toEqual(niceDomain([[0, 3]]));
    expect(sharedDomain([step, step, [0, 100]], [0])).toEqual(niceDomain([step]));
    expect(sharedDomain([[0, 100]], [0])).toEqual(niceDomain([[0, 100]]));
    expect(sharedDomain([step, [0, 100]], [0])).toEqual(niceDomain([step]));
    expect(sharedDomain([], [0, 1])).toEqual(niceDomain([], [0, 1]));
  });

  it.each([
    [0, '0'],
    [-1.5, '−1.5'],
    [1 / 3, '0.33333'],
    [1e-7, '1e−7'],
    [12_345_678, '1.2346e7'],
    [NaN, 'not a number'],
    [-Infinity, '−∞'],
  ])('prints %d as %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });
});

describe('a curve', () => {
  it('leaves out the points on a straight line, keeps corners, and breaks where it is not finite', () => {
    expect(polylinePath([0, 1, 2, 3], [0, 1, 2, 0])).toBe('M0 0L2 2L3 0');
    expect(polylinePath([0, 1, 2, 3, 4], [0, 0, NaN, 1, 1])).toBe('M0 0L1 0M3 1L4 1');
    expect(polylinePath([], [])).toBe('');
  });

  it('stays within a fifth of a pixel of ten thousand points', () => {
    const xs = Float64Array.from({ length: 10_000 }, (_, i) => i / 20);
    const ys = xs.map((x) => 50 * Math.sin(x / 30));
    const kept = polylinePath(xs, ys)
      .slice(1)
      .split('L')
      .map((point) => point.split(' ').map(Number) as [number, number]);
    expect(kept.length).toBeLessThan(400);
    for (let i = 0, next = 1; i < xs.length; i++) {
      while (next < kept.length - 1 && kept[next]![0] < xs[i]!) next++;
      const [[x0, y0], [x1, y1]] = [kept[next - 1]!, kept[next]!];
      expect(Math.abs(y0 + ((y1 - y0) * (xs[i]! - x0)) / (x1 - x0) - ys[i]!)).toBeLessThan(0.2);
    }
  });
});

describe('a picture', () => {
  it('has its panels beside and below each other, without overlap', () => {
    const panel = figure([line('a', 0)]).panels[0]!;
    const { frames } = layOut(figure([], { columns: 2, panels: [panel, panel, panel, panel] }));
    expect(frames.map(({ x }) => x.range[0])).toEqual([62, 262, 62, 262]);
    expect(frames[0]!.y.range[0]).toBeLessThan(frames[2]!.y.range[1]);
    expect(frames[3]!.y.range[0]).toBeLessThan(200);
  });

  it('names what it shows once, in as many lines as it takes', () => {
    const marks = ['one', 'two', 'one', 'three', 'a name that is rather long'].map(line);
    const { legend } = layOut(figure(marks, { width: 200 }));
    expect(legend.map(({ label }) => label)).toEqual(['one', 'two', 'three', 'a name that is rather long']);
    expect(new Set(legend.map(({ y }) => y)).size).toBeGreaterThan(1);
    expect(layOut(figure([line('alone', 0)])).legend).toEqual([]);
  });

  it('draws each kind of mark, and no number that is none', () => {
    const svg = drawFigure(
      figure([
        line('curve', 0),
        { kind: 'dots', label: 'dots', style: 1, x: [0.5], y: [0.5] },
        { kind: 'rule', label: 'threshold', y: 0.75 },
        { kind: 'raster', label: 'spikes', style: 2, rows: [{ y: 0.2, times: [0.1, 0.9] }], size: 0.1 },
      ]),
    );
    expect(svg.match(/<circle/g)).toHaveLength(2);
    expect(svg.match(/class="series-2"/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined/);
    expect(svg).not.toMatch(/ style=|<style|<script/);
  });

  it('draws cells that touch in a row as one rectangle, and names them by a square', () => {
    const x = [0.25, 0.75, 0.25, 0.25];
    const y = [0.25, 0.25, 0.75, 1.75];
    const marks: Mark[] = [{ kind: 'cells', label: 'a class', style: 1, x, y, size: 0.5 }, line('b', 0)];
    const axis = { domain: [0, 2], ticks: false } as const;
    const picture = figure([], { width: 476, height: 234, panels: [{ x: axis, y: axis, marks }] });
    const [{ x: across, y: up }] = layOut(picture).frames as [Frame];
    const svg = drawFigure(picture);
    const [, path] = /d="([^"]+)"[^>]*fill-opacity/.exec(svg)!;
    const at = ([from, to]: readonly [number, number], share: number): number => Math.round(100 * (from + share * (to - from))) / 100;
    expect(path!.split(/(?<=Z)/)).toEqual(
      [
        [0, 0.5, 0, 0.25],
        [0, 0.25, 0.25, 0.5],
        [0, 0.25, 0.75, 1],
      ].map(
        ([left, right, bottom, top]) =>
          `M${at(across.range, left!)} ${at(up.range, bottom!)}V${at(up.range, top!)}H${at(across.range, right!)}V${at(up.range, bottom!)}Z`,
      ),
    );
    expect(svg.match(/<rect class="series-1 filled"/g)).toHaveLength(1);
  });

  it('has units of the same length on both axes where that is asked for, in the middle of its place', () => {
    const axes = { x: { domain: [0, 1] }, y: { domain: [0, 2] }, marks: [] } as const;
    const [plain, equal] = layOut(figure([], { columns: 2, width: 800, panels: [axes, { ...axes, equalUnits: true }] })).frames as [
      Frame,
      Frame,
    ];
    const length = ([from, to]: readonly [number, number]): number => Math.abs(to - from);
    expect(equal.y.range).toEqual(plain.y.range);
    expect(length(equal.x.range)).toBeCloseTo(length(equal.y.range) / 2);
    expect(equal.x.range[0] + equal.x.range[1]).toBeCloseTo(plain.x.range[0] + plain.x.range[1] + 800);
  });

  it('draws a curve on logarithmic axes as the straight line that a power law is', () => {
    const x = [1, 10, 100, 1000];
    const axis = { domain: [1, 1000], log: true } as const;
    const svg = drawFigure(figure([], { panels: [{ x: axis, y: axis, marks: [{ kind: 'line', label: 'linear', style: 0, x, y: x }] }] }));
    expect(svg).toMatch(/class="series-0" d="M[\d.]+ [\d.]+L[\d.]+ [\d.]+"/);
    for (const tick of ['1', '10', '100', '1000']) expect(svg).toContain(`>${tick}</text>`);
  });

  it('is larger throughout for larger text and thicker lines', () => {
    const panels = [
      { title: 'A panel', x: { label: 'x', domain: [0, 1] }, y: { domain: [0, 1] }, marks: [line('a', 4), line('b', 1)] },
    ] as const;
    const usual = figure([], { panels });
    const large = figure([], { panels, width: 800, height: 400, fontSize: 24, lineWidth: 4 });
    const [a, b] = [layOut(usual), layOut(large)];
    expect(b.frames[0]!.x.range).toEqual(a.frames[0]!.x.range.map((x) => 2 * x));
    expect(b.legend[1]!.x).toBe(2 * a.legend[1]!.x);
    const svg = drawFigure(large);
    expect(svg).toContain('font-size="24"');
    expect(svg).toMatch(/stroke-width="4" stroke-dasharray="14 6"/);
  });

  it('leaves out its legend where something else names the curves, and shows which is meant', () => {
    expect(layOut(figure([line('a', 0), line('b', 1)], { legend: false })).legend).toEqual([]);
    const svg = drawFigure(
      figure([{ ...line('a', 0), emphasis: 'strong' } as Mark, { ...line('b', 1), emphasis: 'faint' } as Mark], { legend: false }),
    );
    expect(svg).toContain('stroke-width="3.5"');
    expect(svg).toContain('stroke-opacity="0.25"');
  });

  it('has whole numbers alone at an axis that counts', () => {
    const svg = drawFigure(figure([], { panels: [{ x: { domain: [0, 1] }, y: { domain: [0, 1.05], counts: true }, marks: [] }] }));
    expect([...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, tick]) => tick)).toEqual(['0', '1']);
  });

  it('cannot be left by a name', () => {
    const svg = drawFigure(figure([line('<script>"&', 0), line('b', 1)], { title: '"><svg onload="x' }), { file: 'opaque' });
    expect(svg).not.toMatch(/<script|<svg onload/);
    expect(escapeXml('<a b="&">')).toBe('&lt;a b=&quot;&amp;&quot;&gt;');
  });
});
